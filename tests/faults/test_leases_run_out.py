"""F15: workers that sleep past their lease, work done twice, two servers over one database."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import twin_of
from tests.faults.counts import count
from tests.faults.invariants import check, images_of, prefix_of, settle
from tests.faults.recording_user import RecordingUser, at_once, picture, through
from tests.faults.stops.stop_points import RENDERING, Step
from tests.faults.store import Store, wait_for


def files_of(store: Store, image: str) -> set[str]:
    """Without those that are on their way."""
    return {name for name in store.names() if name.startswith(prefix_of(image)) and "/." not in name}


# A third of the steps, and in `make test-faults` all.
STEPS = [step if number % 3 == 1 else pytest.param(step, marks=pytest.mark.faults_full)
         for number, step in enumerate(RENDERING)]  # fmt: skip


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_worker_that_wakes_after_its_lease_overwrites_nothing(
    store: Store, alice: RecordingUser, step: Step, tmp_path_factory: pytest.TempPathFactory, second: Store
) -> None:
    """Another one has made the image meanwhile; what the first one then does changes neither row nor files."""
    second.kill()
    store.arm(step, "pause")
    image = alice.store_image(alice.album())
    store.wait_for_hit()
    store.operator("take_leases")
    second.start()
    at_second = through(alice, second)
    assert at_second.wait_until_made(image)["status"] == "ready"
    before, names = images_of(store)[image], files_of(store, image)
    store.go_on()
    time.sleep(1)
    assert images_of(store)[image] == before
    assert files_of(store, image) == names
    second.kill()
    check(store, alice)


def test_work_done_twice_is_harmless(store: Store, alice: RecordingUser) -> None:
    """With a lease that is over, and with one that never was."""
    image = alice.store_image(alice.album())
    settle(store)
    before = images_of(store)[image]
    [row] = store.query("SELECT id FROM images_image ORDER BY id DESC LIMIT 1")
    for token in ("00000000-0000-4000-8000-000000000000", "11111111-1111-4111-8111-111111111111"):
        store.operator("render_as", row["id"], token)
    assert images_of(store)[image] == before
    check(store, alice)


def test_two_servers_share_the_work_and_one_is_killed(
    store: Store, second: Store, alice: RecordingUser, bob: RecordingUser
) -> None:
    """The same bytes through both servers are one image; who is left finishes what the other one began."""
    albums = {person: person.album() for person in (alice, bob)}
    at_server = {person: through(person, second) for person in (alice, bob)}
    contents = [picture(800, 600) for _ in range(10)]
    works = [lambda p=p, c=c: p.send(albums[p], c) for c in contents for p in (alice, bob)]
    works += [lambda p=p, c=c: at_server[p].send(albums[p], c) for c in contents for p in (alice, bob)]
    at_once(works, threads=12)
    assert [len(person.record.stored) for person in (alice, bob)] == [10, 10]
    second.die()
    for person in (alice, bob):
        person.store_image(albums[person])
    check(store, alice, bob)


@pytest.mark.faults_full
def test_a_server_stopped_past_its_lease_harms_nothing(
    new_store: Callable[..., Store], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SIGSTOP of all of it for longer than the lease (30 s and the child's time), with nobody helping."""
    store = new_store(CHILD_WALL_SECONDS="1")
    alice = RecordingUser.sign_up(store, "alice")
    album = alice.album()
    store.arm(RENDERING[1], "pause")
    image = alice.store_image(album)
    store.wait_for_hit()
    assert store.process is not None
    os.killpg(store.process.pid, signal.SIGSTOP)
    twin = twin_of(store, tmp_path_factory.mktemp("twin"))
    try:
        twin.start()
        wait_for(lambda: images_of(store)[image]["status"] == "ready", "the other one to take over", seconds=60)
        before = images_of(store)[image]
        store.go_on()
        os.killpg(store.process.pid, signal.SIGCONT)
        count("kills survived")
        time.sleep(3)
        assert images_of(store)[image] == before
    finally:
        twin.end()
    check(store, alice)
