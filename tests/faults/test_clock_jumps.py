"""F16: the server's wall clock jumps while images are received and made.

MariaDB keeps its own, right clock here, as on another machine. SQLite's clock is the server's.
"""

import os
import signal
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults.clocks import DAYS, HOURS, MINUTES, ON_MARIADB, Clock, answers_to, links_of, links_on_page
from tests.faults.invariants import as_id, check, images_of, settle
from tests.faults.recording_user import RecordingUser, picture
from tests.faults.stops.stop_points import RECEIVING, RENDERING
from tests.faults.store import Store
from tests.faults.test_deleted_while_processed import received_until
from tests.seaweed import on_s3

# A lease of the work on an image (images.rendering), in seconds.
LEASE = 30


def full(jump: int) -> Any:
    return pytest.param(jump, marks=pytest.mark.faults_full)


def off_s3(jump: int, *marks: Any) -> Any:
    """Too far for a bucket, which refuses whose clock is a quarter of an hour off (test_clock_wrong.py)."""
    refused = pytest.mark.skipif(on_s3(), reason="S3 refuses a clock so wrong: test_s3_refuses_a_wrong_clock")
    return pytest.param(jump, marks=[refused, *marks])


@pytest.fixture
def store(clocked_store: Store) -> Store:
    return clocked_store


def lease_of(store: Store, image: str) -> tuple[str, float]:
    """Its token, and the seconds until its end by a right clock."""
    rows = {as_id(row["public_id"]): row for row in store.query("SELECT * FROM images_image")}
    ends = datetime.fromisoformat(str(rows[image]["leased_until"])).replace(tzinfo=UTC)
    return str(rows[image]["lease_token"]), ends.timestamp() - time.time()


@pytest.mark.parametrize(
    "jump",
    [-5 * MINUTES, full(5 * MINUTES), *(off_s3(jump, pytest.mark.faults_full) for jump in (-3 * HOURS, 3 * HOURS))],
)
def test_images_in_work_are_made_when_the_clock_jumps(
    store: Store, clock: Clock, alice: RecordingUser, jump: int
) -> None:
    """Nothing is stuck, nothing is charged, and each link is good or a clean 404."""
    album = alice.album()
    made = alice.store_image(album)
    alice.wait_until_made(made)
    old_links = links_of(alice, made)
    images = [alice.store_image(album, picture(1200, 900)) for _ in range(3)]
    clock.set(jump)
    alice.log_in()
    images += [alice.store_image(album) for _ in range(2)]
    assert {alice.wait_until_made(image)["status"] for image in images} == {"ready"}
    assert {images_of(store)[image]["attempts"] for image in images} == {0}
    # A link lives for one or two hours.
    assert answers_to(old_links) <= ({404} if jump > 2 * HOURS else {200, 404} if jump > 0 else {200})
    assert answers_to(links_of(alice, made) + links_on_page(alice, made)) == {200}
    assert answers_to([f"{old_links[0]}0", old_links[0].replace("expires=", "expires=-")]) == {404}
    check(store, alice)


@pytest.mark.parametrize("jump", [10 * MINUTES, full(-10 * MINUTES)])
def test_a_lease_lasts_when_the_clock_jumps(store: Store, clock: Clock, alice: RecordingUser, jump: int) -> None:
    """The database's clock decides. SQLite has none of its own: there the work may be done twice, and no harm."""
    settle(store)
    store.arm(RENDERING[1], "pause")
    image = alice.store_image(alice.album())
    store.wait_for_hit()
    token, _ = lease_of(store, image)
    clock.set(jump)
    # Twice as long as the dispatcher takes to look again.
    time.sleep(2)
    if ON_MARIADB:
        still, left = lease_of(store, image)
        assert still == token, "somebody else makes it too"
        assert 0 < left <= LEASE
    store.go_on()
    alice.log_in()
    assert alice.wait_until_made(image)["status"] == "ready"
    assert images_of(store)[image]["attempts"] == 0
    check(store, alice)


@pytest.mark.parametrize("jump", [10 * MINUTES, full(-10 * MINUTES)])
def test_an_upload_on_its_way_is_not_given_up_when_the_clock_jumps(
    store: Store, clock: Clock, alice: RecordingUser, jump: int
) -> None:
    """On SQLite a jump forward ends its lease: a clear 503, and the same bytes again are one image."""
    album = alice.album()
    alice.store_image(album)
    settle(store)
    with received_until(store, RECEIVING[6], alice, album) as answers:
        clock.set(jump)
        store.operator("reconcile")
        assert len(store.staged()) == 1
    expected = 201 if ON_MARIADB or jump < 0 else 503
    assert answers[0].status_code == expected, answers[0].text
    check(store, alice)
    assert len(alice.record.stored) == 2


def test_what_the_dead_left_is_cleared_though_it_is_from_the_future(
    store: Store, clock: Clock, alice: RecordingUser
) -> None:
    """Its age is negative: it was staged before the clock was set right."""
    album = alice.album()
    alice.store_image(album)
    settle(store)
    store.arm(RECEIVING[1], "kill")
    alice.send(album)
    store.wait_for_hit()
    assert len(store.staged()) == 1
    clock.set(-10 * MINUTES)
    store.stand_up()
    store.operator("reconcile")
    assert store.staged() == []
    check(store, alice)


@pytest.mark.parametrize("jump", [off_s3(-1 * DAYS, *[pytest.mark.faults_full] * ON_MARIADB), full(-5 * MINUTES)])
def test_the_lease_of_the_dead_ends_though_the_clock_jumped_back(
    store: Store, clock: Clock, alice: RecordingUser, jump: int
) -> None:
    """It was given by a clock that was ahead. On SQLite a jump of less than two hours delays its end by as much."""
    settle(store)
    store.arm(RENDERING[1], "pause")
    image = alice.store_image(alice.album())
    store.wait_for_hit()
    os.kill(store.worker(), signal.SIGKILL)
    clock.set(jump)
    store.stand_up()
    alice.log_in()
    patience = LEASE + 10 - (jump if jump > -1 * HOURS and not ON_MARIADB else 0)
    assert alice.wait_until_made(image, patience)["status"] == "ready"
    assert images_of(store)[image]["attempts"] == 0
    check(store, alice)
