"""Clients that stall, drip or stop keep nobody else out, and leave nothing."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from images.tests.pictures import jpeg_bytes
from tests.people import Person
from tests.raw_http import CLOSING, answer_of, chunk, connection, part, upload_head
from tests.servers import Server, running
from tests.state import State

PHOTO = jpeg_bytes(640, 480)
BODY = part(b"slow.jpg", PHOTO) + CLOSING
# What a third client may have to wait; alone it takes a tenth of it (seconds).
AT_ONCE = 3
GRACE = 2
# A cut-off happens within the grace and the watcher's second; threefold slack (seconds).
CUT_OFF = 3 * (GRACE + 1)


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits 2 s for each step of a body, with 4 threads."""
    with running(tmp_path_factory.mktemp("impatient"), BODY_GRACE_SECONDS=str(GRACE), THREADS="4") as server:
        yield server


def seconds_to_upload(person: Person, album: str, content: bytes) -> float:
    started = time.monotonic()
    assert person.upload(album, content).status_code == 201
    return time.monotonic() - started


def test_two_stalled_uploads_and_ten_stalled_connections_delay_no_third_client(alice: Person, bob: Person) -> None:
    hers, his = alice.album(), bob.album()
    with ExitStack() as stack:
        stalled = [stack.enter_context(connection(alice.server)) for _ in range(2)]
        for client in stalled:
            client.sendall(upload_head(alice, hers, len(BODY)) + BODY[:1000])
        for number in range(10):
            idle = stack.enter_context(connection(alice.server))
            idle.sendall(b"GET /api/v1/albums/ HT"[: 2 * number])
        assert seconds_to_upload(bob, his, PHOTO) < AT_ONCE
        started = time.monotonic()
        bob.get("albums/", expect=200)
        assert time.monotonic() - started < AT_ONCE
        # The slow ones are only slow: their uploads still succeed.
        statuses = []
        for client in stalled:
            client.sendall(BODY[1000:])
            answer = answer_of(client)
            assert answer is not None
            statuses.append(answer.status)
    assert sorted(statuses) == [200, 201]
    assert len(alice.images(hers)) == 1


@pytest.mark.parametrize("sent", [0, 1, 1000, len(BODY) - 1])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_stalled_body_is_cut_off_and_leaves_nothing(impatient: Server, sent: int, in_chunks: bool) -> None:
    carol, state = Person.sign_up(impatient, "carol"), State(impatient)
    album = carol.album()
    with state.unchanged(), connection(impatient, CUT_OFF) as client:
        started = time.monotonic()
        if in_chunks:
            head = upload_head(carol, album, "", "Transfer-Encoding: chunked")
            client.sendall(head + chunk(BODY)[: sent + len(chunk(BODY)) - len(BODY) - 2])
        else:
            client.sendall(upload_head(carol, album, len(BODY)) + BODY[:sent])
        answer = answer_of(client)
        assert time.monotonic() - started < CUT_OFF
    if answer is not None:
        assert (answer.status, answer.problem()["code"]) == (400, "parse_error")
    assert carol.images(album) == []


def test_a_dripping_body_is_cut_off_too(impatient: Server) -> None:
    """A byte now and then is no progress: each 64 KiB, or what is left, is due within the grace."""
    carol, state = Person.sign_up(impatient, "carol"), State(impatient)
    album = carol.album()
    with state.unchanged(), connection(impatient, CUT_OFF) as client:
        started = time.monotonic()
        client.sendall(upload_head(carol, album, len(BODY)))
        with suppress(ConnectionError):
            for position in range(len(BODY)):
                assert time.monotonic() - started < CUT_OFF
                client.sendall(BODY[position : position + 1])
                if has_answer(client, 0.1):
                    break
        answer = answer_of(client)
    assert answer is None or answer.status == 400
    assert carol.images(album) == []


def test_a_steady_client_may_take_longer_than_the_grace(impatient: Server) -> None:
    """10 KB short of 64 KiB in every step, and slower than one grace in all."""
    carol = Person.sign_up(impatient, "carol")
    album = carol.album()
    large = part(b"large.jpg", PHOTO + bytes(400_000)) + CLOSING
    started = time.monotonic()
    with connection(impatient, CUT_OFF) as client:
        client.sendall(upload_head(carol, album, len(large)))
        for position in range(0, len(large), 50_000):
            client.sendall(large[position : position + 50_000])
            time.sleep(0.35)
        assert time.monotonic() - started > GRACE
        answer = answer_of(client)
    assert answer is not None
    assert answer.status == 201


def test_more_stalled_clients_than_threads_delay_others_for_one_grace_only(impatient: Server) -> None:
    carol = Person.sign_up(impatient, "carol")
    album = carol.album()
    with ExitStack() as stack:
        for _ in range(8):
            client = stack.enter_context(connection(impatient))
            client.sendall(upload_head(carol, album, len(BODY)) + BODY[:100])
        assert seconds_to_upload(carol, album, PHOTO) < 2 * CUT_OFF


def has_answer(client: socket.socket, seconds: float) -> bool:
    """Whether the server has said something, waiting that long for it."""
    client.settimeout(seconds)
    try:
        return len(client.recv(1, socket.MSG_PEEK)) >= 0
    except TimeoutError:
        return False
    finally:
        client.settimeout(CUT_OFF)
