"""Resumable uploads whose server is killed: what was acknowledged stays, and the upload goes on there."""

import os
import signal
import threading

import pytest

from tests.faults.counts import count
from tests.faults.invariants import check
from tests.faults.recording_user import RecordingUser, picture, through
from tests.faults.resuming_client import ResumingClient
from tests.faults.stops.stop_points import RESUMING, Step
from tests.faults.store import Store, wait_for
from tests.raw_http import connection
from tests.tus import append_head

KILLS = ["kill", pytest.param("killall", marks=pytest.mark.faults_full)]


@pytest.mark.parametrize("kill", KILLS)
@pytest.mark.parametrize("step", RESUMING[:-1], ids=str)
def test_an_upload_goes_on_after_a_kill(store: Store, alice: RecordingUser, step: Step, kill: str) -> None:
    client = ResumingClient(alice, alice.album())
    store.arm(step, kill)
    image = client.run()
    store.wait_for_hit()
    count("kills survived")
    check(store, alice)
    assert alice.get(f"images/{image}/file/").content == client.sent.content


@pytest.mark.parametrize("kill", KILLS)
def test_an_upload_that_was_ended_before_the_kill_leaves_nothing(
    store: Store, alice: RecordingUser, kill: str
) -> None:
    client = ResumingClient(alice, alice.album())
    client._create()
    client.send(0, client.sent.content[:-10])
    store.arm(RESUMING[-1], kill)
    client.end()
    store.wait_for_hit()
    count("kills survived")
    check(store, alice)
    assert store.staged() == []
    answer = client.end()
    assert answer is not None
    assert answer.status_code == 404


def test_the_server_killed_in_a_long_body_loses_only_its_last_bytes(store: Store, alice: RecordingUser) -> None:
    """A client that sends all in one request; the offset moves while it sends."""
    content = picture() + os.urandom(20 * 2**20)
    client = ResumingClient(alice, alice.album(), content)
    client._create()
    over = threading.Event()

    def stall() -> None:
        head = append_head(alice, client.url.split("/")[1], 0, f"Content-Length: {len(content)}")
        with connection(store) as sender:
            sender.sendall(head + content[: 18 * 2**20])
            over.wait(30)

    sender = threading.Thread(target=stall)
    sender.start()
    try:
        wait_for(lambda: (client.offset() or 0) >= 16 * 2**20, "an offset that moves")
        os.kill(store.worker(), signal.SIGKILL)
        count("kills survived")
    finally:
        over.set()
        sender.join()
    store.stand_up()
    assert (client.offset() or 0) >= 16 * 2**20
    image = client.run()
    check(store, alice)
    assert alice.get(f"images/{image}/file/").content == content


def test_another_server_goes_on_as_soon_as_the_first_is_dead(
    store: Store, alice: RecordingUser, second: Store
) -> None:
    """Two servers with one scratch folder, as while one is replaced by the next."""
    content = picture() + os.urandom(2**20)
    client = ResumingClient(alice, alice.album(), content)
    client._create()
    client.send(0, content[:1000])
    other = ResumingClient(through(alice, second), client.sent.album, content)
    other.url = client.url
    head = append_head(alice, client.url.split("/")[1], 1000, f"Content-Length: {len(content) - 1000}")
    with connection(store) as sender:
        sender.sendall(head + b"?" * 2**19)
        wait_for(lambda: len(store.open_files()) > 0, "the first server to write")
        locked = other.send(1000, content[1000:])
        assert locked is not None
        assert locked.status_code == 423
        os.kill(store.worker(), signal.SIGKILL)
        count("kills survived")
        image = other.run()
    check(store, alice)
    assert alice.get(f"images/{image}/file/").content == content
