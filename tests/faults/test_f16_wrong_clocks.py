"""F16: the server's wall clock is wrong, or jumps, while people use it.

MariaDB keeps its own, right clock here, as on another machine. SQLite's clock is the server's.
"""

import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
import requests

from tests.faults.clocks import Clock
from tests.faults.conftest import open_store
from tests.faults.customers import Customer, at_once, picture
from tests.faults.invariants import as_id, check, images_of, settle
from tests.faults.stops.stop_points import RECEIVING, RENDERING
from tests.faults.store import Store, wait_for
from tests.faults.test_f10_deleted_in_work import received_until
from tests.seaweed import on_s3

ON_MARIADB = os.environ.get("DATABASE_URL", "").startswith("mysql")
MINUTES, HOURS, DAYS = 60, 3600, 86400
# A lease of the work on an image (images.rendering), in seconds.
LEASE = 30


def full(jump: int) -> Any:
    return pytest.param(jump, marks=pytest.mark.faults_full)


def off_s3(jump: int, *marks: Any) -> Any:
    """Too far for a bucket, which refuses whose clock is a quarter of an hour off (the last test here)."""
    refused = pytest.mark.skipif(on_s3(), reason="S3 refuses a clock so wrong: test_s3_refuses_a_wrong_clock")
    return pytest.param(jump, marks=[refused, *marks])


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Clock]]:
    clock = Clock(tmp_path_factory.mktemp("clock"))
    store, stack = open_store(tmp_path_factory.mktemp("clocked"), clock.knobs)
    with stack:
        yield store, clock


@pytest.fixture
def clock(clocked: tuple[Store, Clock]) -> Clock:
    return clocked[1]


@pytest.fixture
def store(clocked: tuple[Store, Clock], request: pytest.FixtureRequest) -> Iterator[Store]:
    """The one server of this module, by a right clock at the start of each test."""
    store, clock = clocked
    clock.set(0)
    store.stand_up()
    yield store
    store.disarm()
    if getattr(request.node, "failed", True):
        store.restart()


def leased_for(store: Store, image: str) -> float | None:
    """Seconds until the end of its lease, by a right clock; None without one."""
    rows = {as_id(row["public_id"]): row for row in store.query("SELECT public_id, leased_until FROM images_image")}
    ends = rows[image]["leased_until"]
    return ends and datetime.fromisoformat(str(ends)).replace(tzinfo=UTC).timestamp() - time.time()


def links_of(alice: Customer, image: str) -> list[str]:
    state = alice.state_of(image)
    return [state["original"]["url"], *(size["url"] for size in state["variants"].values())]


def answers_to(links: list[str]) -> set[int]:
    """As a browser fetches them that nobody is signed in with."""
    return {requests.get(link, timeout=20).status_code for link in links}


def links_on_page(alice: Customer, image: str) -> list[str]:
    page = alice.portal().get(f"{alice.base}/images/{image}/", timeout=20)
    assert page.status_code == 200
    return [alice.base + unescape(link) for link in re.findall(r'(?:src|href)="(/media/[^"]+)"', page.text)]


def purged_by_itself(store: Store, image: str) -> None:
    wait_for(lambda: image not in images_of(store), "the files' and the row's end", seconds=20)


# ---- A clock that is wrong all the time -------------------------------------------------------


@pytest.mark.parametrize("wrong_by", [-5 * MINUTES, full(5 * MINUTES)])
def test_all_goes_on_when_the_clock_is_wrong(store: Store, clock: Clock, alice: Customer, wrong_by: int) -> None:
    """Begun by a right clock, killed, started again by a wrong one; the operator does nothing."""
    album = alice.album()
    kept = alice.keep(album)
    store.die()
    clock.set(wrong_by)
    store.start()
    alice.log_in()
    thrown, erased, back = (alice.keep(album) for _ in range(3))
    assert {alice.wait_until_made(image)["status"] for image in (thrown, erased, back)} == {"ready"}
    for image in (thrown, back):
        alice.delete(f"images/{image}/", expect=204)
    alice.post(f"trash/{back}/restore/", expect=200)
    alice.erase(erased)
    purged_by_itself(store, erased)
    [entry] = alice.get("trash/", expect=200).json()["results"]
    assert entry["id"] == thrown
    alice.delete("trash/", expect=204)
    del alice.memory.kept[thrown]
    alice.memory.gone.add(thrown)
    purged_by_itself(store, thrown)
    check(store, alice)
    assert answers_to(links_of(alice, kept) + links_on_page(alice, kept)) == {200}
    clock.set(0)
    check(store, alice)


def test_the_trash_never_shows_more_days_than_it_has(store: Store, clock: Clock, alice: Customer) -> None:
    """What was deleted in the future, by a clock that is behind the database's, is as young as can be."""
    image = alice.keep(alice.album())
    alice.delete(f"images/{image}/", expect=204)
    clock.set(-5 * MINUTES)
    alice.log_in()
    assert "30 days left" in alice.portal().get(f"{alice.base}/trash/", timeout=20).text
    check(store, alice)


# ---- A clock that jumps while images are in work ----------------------------------------------


@pytest.mark.parametrize(
    "jump",
    [-5 * MINUTES, full(5 * MINUTES), *(off_s3(jump, pytest.mark.faults_full) for jump in (-3 * HOURS, 3 * HOURS))],
)
def test_images_in_work_are_made_when_the_clock_jumps(
    store: Store, clock: Clock, alice: Customer, jump: int
) -> None:
    """Nothing is stuck, nothing is charged, and each link is good or a clean 404."""
    album = alice.album()
    made = alice.keep(album)
    alice.wait_until_made(made)
    old_links = links_of(alice, made)
    images = [alice.keep(album, picture(1200, 900)) for _ in range(3)]
    clock.set(jump)
    alice.log_in()
    images += [alice.keep(album) for _ in range(2)]
    assert {alice.wait_until_made(image)["status"] for image in images} == {"ready"}
    assert {images_of(store)[image]["attempts"] for image in images} == {0}
    # A link lives for one or two hours.
    assert answers_to(old_links) <= ({404} if jump > 2 * HOURS else {200, 404} if jump > 0 else {200})
    assert answers_to(links_of(alice, made) + links_on_page(alice, made)) == {200}
    assert answers_to([f"{old_links[0]}0", old_links[0].replace("expires=", "expires=-")]) == {404}
    check(store, alice)


@pytest.mark.parametrize("jump", [10 * MINUTES, full(-10 * MINUTES)])
def test_a_lease_is_kept_when_the_clock_jumps(store: Store, clock: Clock, alice: Customer, jump: int) -> None:
    """The database's clock decides. SQLite has none of its own: there the work may be done twice, and no harm."""
    settle(store)
    store.arm(RENDERING[1], "pause")
    image = alice.keep(alice.album())
    store.wait_for_hit()
    clock.set(jump)
    # Twice as long as the dispatcher takes to look again.
    time.sleep(2)
    if ON_MARIADB:
        left = leased_for(store, image)
        assert left is not None
        assert 0 < left <= LEASE
        assert len(store.staged()) == 1, "somebody else makes it too"
    store.go_on()
    alice.log_in()
    assert alice.wait_until_made(image)["status"] == "ready"
    assert images_of(store)[image]["attempts"] == 0
    check(store, alice)


@pytest.mark.parametrize("jump", [10 * MINUTES, full(-10 * MINUTES)])
def test_an_upload_on_its_way_is_not_given_up_when_the_clock_jumps(
    store: Store, clock: Clock, alice: Customer, jump: int
) -> None:
    """On SQLite a jump forward ends its lease: a clear 503, and the same bytes again are one image."""
    album = alice.album()
    alice.keep(album)
    settle(store)
    with received_until(store, RECEIVING[6], alice, album) as answers:
        clock.set(jump)
        store.operator("reconcile")
        assert len(store.staged()) == 1
    expected = 201 if ON_MARIADB or jump < 0 else 503
    assert answers[0].status_code == expected, answers[0].text
    check(store, alice)
    assert len(alice.memory.kept) == 2


def test_what_the_dead_left_is_cleared_though_it_is_from_the_future(
    store: Store, clock: Clock, alice: Customer
) -> None:
    """Its age is negative: it was staged before the clock was set right."""
    album = alice.album()
    alice.keep(album)
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
    store: Store, clock: Clock, alice: Customer, jump: int
) -> None:
    """It was given by a clock that was ahead. On SQLite a jump of less than two hours delays its end by as much."""
    settle(store)
    store.arm(RENDERING[1], "kill")
    image = alice.keep(alice.album())
    store.wait_for_hit()
    clock.set(jump)
    store.stand_up()
    alice.log_in()
    patience = LEASE + 10 - (jump if jump > -1 * HOURS and not ON_MARIADB else 0)
    assert alice.wait_until_made(image, patience)["status"] == "ready"
    assert images_of(store)[image]["attempts"] == 0
    check(store, alice)


# ---- Tokens, trash ----------------------------------------------------------------------------


def test_a_token_from_the_future_is_refused_and_a_new_login_is_not(
    store: Store, clock: Clock, alice: Customer
) -> None:
    """R43: the leeway is 10 seconds."""
    login = {"email": alice.email, "password": alice.password}
    old = alice.post("auth/login/", json=login, expect=200).json()
    clock.set(-5)
    assert alice.get("albums/").status_code == 200
    clock.set(-5 * MINUTES)
    refused = alice.get("albums/", expect=401)
    assert refused.json()["code"] == "invalid_token"
    assert alice.post("auth/refresh/", json={"refresh": old["refresh"]}).status_code == 401
    alice.log_in()
    assert alice.get("albums/").status_code == 200
    clock.set(20 * MINUTES)
    assert alice.get("albums/", expect=401).json()["code"] == "token_expired"
    alice.log_in()
    assert alice.get("albums/").status_code == 200
    clock.set(0)
    check(store, alice)


@pytest.mark.parametrize("days", [31, full(29)])
def test_the_trash_is_not_purged_before_its_time(store: Store, clock: Clock, alice: Customer, days: int) -> None:
    """By the database's clock, whatever the server's says. On SQLite both are one: its days are over then."""
    album = alice.album()
    image = alice.keep(album)
    settle(store)
    links = links_of(alice, image)
    alice.delete(f"images/{image}/", expect=204)
    clock.set(days * DAYS)
    assert answers_to(links) == {404}
    store.operator("reconcile")
    alice.log_in()
    in_trash = [entry["id"] for entry in alice.get("trash/", expect=200).json()["results"]]
    if days < 30 or ON_MARIADB:
        assert in_trash == [image]
        alice.post(f"trash/{image}/restore/", expect=200)
    else:
        assert in_trash == []
        alice.memory.gone.add(image)
        del alice.memory.kept[image]
    clock.set(0)
    check(store, alice)


# ---- Object storage, which refuses requests of another time ------------------------------------


@pytest.mark.faults_full
@pytest.mark.skipif(not on_s3(), reason="about S3: runs in the half of the tests that is on object storage")
@pytest.mark.parametrize("wrong_by", [20 * MINUTES, -20 * MINUTES])
def test_s3_refuses_a_wrong_clock_and_the_store_heals_with_it(
    store: Store, clock: Clock, alice: Customer, wrong_by: int
) -> None:
    album = alice.album()
    kept = alice.keep(album)
    alice.wait_until_made(kept)
    clock.set(wrong_by)
    alice.log_in()
    for answer in at_once([lambda: alice.send(album)] * 3):
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable"), answer.text
    answer = alice.ask("GET", f"images/{kept}/file/")
    assert answer is not None
    assert answer.status_code == 503
    clock.set(0)
    check(store, alice)
    assert len(alice.memory.kept) == 4
