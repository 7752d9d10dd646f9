"""F2, F3: the children that make the sizes die, crash, hang or lose their fork server."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.counts import count
from tests.faults.invariants import check, images_of
from tests.faults.recording_user import RecordingUser, Sent, heavy_picture, picture
from tests.faults.store import Store, children_of, is_alive, send_signal, wait_for

# A pool that lost a child, or its fork server, makes the next image within 5 s; threefold slack.
BACK = 15


def next_child(store: Store, after: int = 0) -> int:
    """The process that now works on a picture."""
    fork_server = store.fork_server()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if found := [pid for pid in children_of(fork_server) if pid != after]:
            return found[0]
    raise AssertionError("no child came to work")


def hurt_child(store: Store, number: int, after: int = 0) -> int:
    child = next_child(store, after)
    send_signal(child, number)
    count("kills survived")
    return child


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV], ids=["killed", "segfault"])
def test_a_child_that_dies_once_costs_one_attempt_and_nothing_else(
    store: Store, alice: RecordingUser, number: int
) -> None:
    album = alice.album()
    victim = alice.store_image(album, heavy_picture())
    hurt_child(store, number)
    others = [alice.store_image(album) for _ in range(3)]
    assert alice.wait_until_made(victim)["status"] == "ready"
    assert [alice.wait_until_made(other)["status"] for other in others] == ["ready"] * 3
    rows = images_of(store)
    assert [rows[image]["attempts"] for image in [victim, *others]] == [1, 0, 0, 0]
    check(store, alice)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV], ids=["killed", "segfault"])
def test_a_child_that_dies_twice_fails_its_image_with_a_reason(
    store: Store, alice: RecordingUser, number: int
) -> None:
    album = alice.album()
    content = heavy_picture()
    alice.record.may_fail.add(Sent(album, content).sha256)
    victim = alice.store_image(album, content)
    first = hurt_child(store, number)
    hurt_child(store, number, after=first)
    failed = alice.wait_until_made(victim)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "crashed")
    assert len(failed["error"]["detail"].split()) > 3
    assert images_of(store)[victim]["attempts"] == 2
    started = time.monotonic()
    assert alice.wait_until_made(alice.store_image(album))["status"] == "ready"
    assert time.monotonic() - started < BACK
    check(store, alice)
    # Its bytes are stored, so it can be tried again.
    alice.post(f"images/{victim}/retry/", expect=202)
    assert alice.wait_until_made(victim)["status"] == "ready"
    check(store, alice)


def test_the_fork_server_killed_costs_no_image_an_attempt(store: Store, alice: RecordingUser) -> None:
    album = alice.album()
    images = [alice.store_image(album, heavy_picture()) for _ in range(2)]
    next_child(store)
    os.kill(store.fork_server(), signal.SIGKILL)
    count("kills survived")
    started = time.monotonic()
    new = alice.store_image(album)
    assert alice.wait_until_made(new)["status"] == "ready"
    assert time.monotonic() - started < BACK
    assert [alice.wait_until_made(image)["status"] for image in images] == ["ready", "ready"]
    rows = images_of(store)
    assert [rows[image]["attempts"] for image in [*images, new]] == [0, 0, 0]
    check(store, alice)


def test_children_die_with_their_server(store: Store, alice: RecordingUser) -> None:
    album = alice.album()
    for _ in range(2):
        alice.store_image(album, heavy_picture())
    child, fork_server = next_child(store), store.fork_server()
    store.die()
    wait_for(lambda: not is_alive(child) and not is_alive(fork_server), "their end", seconds=5)
    check(store, alice)


def test_a_child_that_hangs_is_killed_at_its_budget(new_store: Callable[..., Store]) -> None:
    """SIGSTOP is the loop that never ends; uploads and other images go on meanwhile."""
    store = new_store(CHILD_WALL_SECONDS="4")
    alice = RecordingUser.sign_up(store, "alice")
    album = alice.album()
    content = heavy_picture()
    alice.record.may_fail.add(Sent(album, content).sha256)
    victim = alice.store_image(album, content)
    first = hurt_child(store, signal.SIGSTOP)
    other = alice.store_image(album)
    assert alice.wait_until_made(other, seconds=10)["status"] == "ready"
    wait_for(lambda: not is_alive(first), "the end of a child that hangs", seconds=15)
    hurt_child(store, signal.SIGSTOP, after=first)
    failed = alice.wait_until_made(victim)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "over_limits")
    check(store, alice)


@pytest.mark.faults_full
def test_a_fork_server_that_hangs_is_replaced(new_store: Callable[..., Store]) -> None:
    store = new_store(CHILD_WALL_SECONDS="3")
    alice = RecordingUser.sign_up(store, "alice")
    album = alice.album()
    alice.wait_until_made(alice.store_image(album))
    hung = store.fork_server()
    send_signal(hung, signal.SIGSTOP)
    count("kills survived")
    image = alice.store_image(album, picture())
    assert alice.wait_until_made(image)["status"] == "ready"
    assert images_of(store)[image]["attempts"] == 0
    wait_for(lambda: not is_alive(hung), "the end of the hung fork server", seconds=5)
    check(store, alice)


@pytest.mark.faults_full
def test_children_killed_at_random_for_a_minute(store: Store, alice: RecordingUser) -> None:
    album = alice.album()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        contents = [picture(1600, 1200) for _ in range(10)]
        alice.record.may_fail |= {Sent(album, content).sha256 for content in contents}
        for content in contents:
            alice.send(album, content)
        for child in store.children()[:1]:
            send_signal(child, signal.SIGKILL)
            count("kills survived")
    check(store, alice)
    for image, row in images_of(store).items():
        if image in alice.record.stored:
            assert row["status"] == "ready" or row["attempts"] == 2
