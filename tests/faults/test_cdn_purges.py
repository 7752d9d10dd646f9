"""The CDN hears of each deleted image, whatever is killed and however long its hook is away."""

from collections.abc import Iterator

import pytest

from tests.faults.conftest import open_store
from tests.faults.counts import count
from tests.faults.invariants import check
from tests.faults.recording_user import RecordingUser
from tests.faults.stops.stop_points import PURGING_A_CDN, Step
from tests.faults.store import Store, wait_for
from tests.hooks import Hook, listening_hook, make_purges_due


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with listening_hook() as hook:
        yield hook


@pytest.fixture(scope="module")
def store(hook: Hook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    started, stack = open_store(tmp_path_factory.mktemp("store"), {"CDN_PURGE_URL": hook.url})
    with stack:
        yield started


def is_done(store: Store) -> bool:
    """No purge waits any more. Those that still wait become due."""
    return make_purges_due(store) == 0


def prefix(image: str) -> str:
    return f"/media/{image}/"


@pytest.mark.parametrize("step", PURGING_A_CDN, ids=str)
def test_killed_while_purging(store: Store, hook: Hook, alice: RecordingUser, step: Step) -> None:
    album = alice.album()
    stays, goes = alice.store_image(album), alice.store_image(album)
    check(store, alice)
    store.arm(step, "kill")
    alice.erase(goes)
    wait_for(lambda: store.was_hit() or (is_done(store) and store.was_hit()), "a passage")
    count("kills survived")
    store.stand_up()
    check(store, alice)
    wait_for(lambda: is_done(store) and prefix(goes) in hook.prefixes, "the purge")
    assert prefix(stays) not in hook.prefixes


def test_a_hook_that_fails_delays_nothing_else(store: Store, hook: Hook, alice: RecordingUser) -> None:
    album = alice.album()
    images = [alice.store_image(album) for _ in range(3)]
    hook.answers = [500, 302]
    for image in images:
        alice.erase(image)
    check(store, alice)  # their files and rows are gone
    wait_for(lambda: is_done(store) and not hook.answers, "all purges")
    assert {prefix(image) for image in images} <= {*hook.prefixes}
