"""Resumable uploads over real connections: cut off, in chunks, overtaken, too long."""

import socket
import time
from collections.abc import Iterator

import pytest

from images.tests.pictures import jpeg_bytes
from tests.people import PATIENCE, Person
from tests.raw_http import answer_of, chunk, connection, send
from tests.tus import append, append_head, begin_upload, offset_of

PHOTO = jpeg_bytes(64, 48) + bytes(range(256)) * 2048  # half a mebibyte
SIZE = len(PHOTO)
HALF = SIZE // 2
# The server reads in steps of 64 KiB; of a broken one nothing is left.
STEP_BYTES = 64 * 1024


@pytest.fixture
def album(alice: Person) -> str:
    return alice.album()


def assert_stored(person: Person, album: str) -> None:
    [image] = person.images(album)
    assert person.get(f"images/{image['id']}/file/").content == PHOTO


def wait_until(done: object) -> None:
    deadline = time.monotonic() + PATIENCE / 4
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["length", "chunks"])
def test_a_connection_that_is_cut_costs_no_more_than_a_step(alice: Person, album: str, how: str) -> None:
    upload = begin_upload(alice, album, SIZE)
    length = f"Content-Length: {SIZE}" if how == "length" else "Transfer-Encoding: chunked"
    pieces = [PHOTO[at : at + 1000] for at in range(0, HALF, 1000)]
    body = b"".join(pieces if how == "length" else map(chunk, pieces))
    with connection(alice.server) as client:
        client.sendall(append_head(alice, upload, 0, length) + body)
        client.shutdown(socket.SHUT_WR)
        answer = answer_of(client)
        assert answer is None or (answer.status, answer.problem()["code"]) == (400, "parse_error")
    wait_until(lambda: offset_of(alice, upload) > 0)
    offset = offset_of(alice, upload)
    assert HALF - STEP_BYTES <= offset <= HALF + 1000
    append(alice, upload, offset, PHOTO[offset:], expect=204)
    assert_stored(alice, album)


def test_a_body_in_chunks(alice: Person, album: str) -> None:
    def pieces() -> Iterator[bytes]:
        for start in range(0, SIZE, 50_000):
            yield PHOTO[start : start + 50_000]

    append(alice, begin_upload(alice, album, SIZE), 0, pieces(), expect=204)
    assert_stored(alice, album)


def test_a_body_in_chunks_that_is_too_long_is_413(alice: Person, album: str) -> None:
    upload = begin_upload(alice, album, SIZE)
    answer = append(alice, upload, 0, iter([PHOTO, b"x"]))
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert alice.images(album) == []
    append(alice, upload, offset_of(alice, upload), PHOTO[offset_of(alice, upload) :], expect=204)
    assert_stored(alice, album)


def test_a_body_that_is_too_long_is_refused_before_it_is_sent(alice: Person, album: str) -> None:
    upload = begin_upload(alice, album, SIZE)
    answer = send(alice.server, append_head(alice, upload, 0, f"Content-Length: {SIZE + 1}"))
    assert answer is not None
    assert (answer.status, answer.problem()["limit"]) == (413, SIZE)


@pytest.mark.parametrize(
    ("offset", "more", "status"),
    [(5, "", 409), (0, "Content-Type: text/plain", 415), (0, "Tus-Resumable: 2.0.0", 412)],
)
def test_other_refusals_come_before_the_body_too(
    alice: Person, album: str, offset: int, more: str, status: int
) -> None:
    head = append_head(alice, begin_upload(alice, album, SIZE), offset, f"Content-Length: {SIZE}")
    if more:
        name = more.split(":")[0]
        lines = [line for line in head.decode().split("\r\n") if not line.startswith(f"{name}:")]
        head = "\r\n".join([lines[0], more, *lines[1:]]).encode()
    answer = send(alice.server, head)
    assert answer is not None
    assert answer.status == status


def test_a_stranger_is_refused_before_the_body(alice: Person, bob: Person, album: str) -> None:
    answer = send(alice.server, append_head(bob, begin_upload(alice, album, SIZE), 0, f"Content-Length: {SIZE}"))
    assert answer is not None
    assert answer.status == 404


@pytest.mark.parametrize("offset", [0, 1000])
def test_the_client_whose_line_died_need_not_wait_for_the_server_to_notice(
    alice: Person, album: str, offset: int
) -> None:
    upload = begin_upload(alice, album, SIZE)
    append(alice, upload, 0, PHOTO[:offset], expect=204)
    with connection(alice.server) as dead:
        dead.sendall(append_head(alice, upload, offset, f"Content-Length: {SIZE - offset}") + b"?" * HALF)
        time.sleep(0.3)
        started = time.monotonic()
        append(alice, upload, offset_of(alice, upload), PHOTO[offset:], expect=204)
        assert time.monotonic() - started < 5
        # What comes late changes nothing.
        dead.sendall(b"?" * (SIZE - offset - HALF))
        answer = answer_of(dead)
        assert answer is None or answer.status == 423
    assert_stored(alice, album)
