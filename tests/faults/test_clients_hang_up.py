"""F12: clients that go away in the middle of a body, or before their answer."""

import os
import signal
import threading

import pytest

from tests.faults.counts import count
from tests.faults.invariants import check, settle
from tests.faults.recording_user import RecordingUser, Sent, heavy_picture, picture
from tests.faults.stops.stop_points import RECEIVING, Step
from tests.faults.store import Store, wait_for
from tests.raw_http import CLOSING, connection, part, upload_head


def pieces_of(person: RecordingUser, album: str, content: bytes) -> tuple[bytes, bytes]:
    body = part(b"photo.jpg", content) + CLOSING
    return upload_head(person, album, len(body)), body


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999], ids=["head-only", "half", "all-but-the-end"])
def test_a_half_body_leaves_nothing(store: Store, alice: RecordingUser, share: float) -> None:
    album = alice.album()
    alice.store_image(album)
    settle(store)
    head, body = pieces_of(alice, album, os.urandom(3 * 2**20))
    for _ in range(3):
        count("uploads tried")
        with connection(store) as client:
            client.sendall(head + body[: int(len(body) * share)])
    # At once, and not when somebody sweeps.
    wait_for(lambda: store.staged() == [], "the staged half to go", seconds=10)
    assert len(alice.images(album)) == 1
    check(store, alice)


@pytest.mark.parametrize("step", [RECEIVING[2], RECEIVING[8]], ids=str)
def test_a_client_that_leaves_before_its_answer_has_all_or_nothing(
    store: Store, alice: RecordingUser, step: Step
) -> None:
    album = alice.album()
    sent = Sent(album, picture())
    head, body = pieces_of(alice, album, sent.content)
    store.arm(step, "pause")
    with connection(store) as client:
        client.sendall(head + body)
        store.wait_for_hit()
    count("uploads tried")
    count("uploads of unknown end")
    alice.record.unknown.append(sent)
    store.go_on()
    check(store, alice)
    assert len(alice.images(album)) == 1


def test_a_client_that_leaves_during_a_download_costs_nothing(store: Store, alice: RecordingUser) -> None:
    album = alice.album()
    image = alice.store_image(album, heavy_picture())
    alice.wait_until_made(image)
    for _ in range(5):
        head = f"GET /api/v1/images/{image}/file/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        request = f"{head}Authorization: Bearer {alice.token}\r\n\r\n"
        with connection(store) as client:
            client.sendall(request.encode())
            client.recv(100)
    check(store, alice)


def test_the_server_killed_while_bodies_come_in_leaves_no_half(store: Store, alice: RecordingUser) -> None:
    album = alice.album()
    alice.store_image(album)
    head, body = pieces_of(alice, album, os.urandom(3 * 2**20))

    over = threading.Event()

    def drip() -> None:
        with connection(store) as client:
            client.sendall(head + body[: len(body) // 2])
            over.wait(60)

    clients = [threading.Thread(target=drip) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        wait_for(lambda: len(store.staged()) >= 4, "bodies in staging")
        os.kill(store.worker(), signal.SIGKILL)
        count("kills survived")
    finally:
        over.set()
    for client in clients:
        client.join()
    check(store, alice)
