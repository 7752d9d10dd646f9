"""F16: the server's wall clock is wrong, or jumps, while people use it.

MariaDB keeps its own, right clock here, as on another machine. SQLite's clock is the server's.
"""

import pytest

from tests.faults.clocks import DAYS, MINUTES, ON_MARIADB, Clock, answers_to, links_of, links_on_page
from tests.faults.invariants import check, images_of, settle
from tests.faults.recording_user import RecordingUser, at_once
from tests.faults.store import Store, wait_for
from tests.seaweed import on_s3


@pytest.fixture
def store(clocked_store: Store) -> Store:
    return clocked_store


def purged_by_itself(store: Store, image: str) -> None:
    wait_for(lambda: image not in images_of(store), "the files' and the row's end", seconds=20)


# ---- A clock that is wrong all the time -------------------------------------------------------


@pytest.mark.faults_full
@pytest.mark.parametrize("wrong_by", [-5 * MINUTES, 5 * MINUTES])
def test_all_goes_on_when_the_clock_is_wrong(
    store: Store, clock: Clock, alice: RecordingUser, wrong_by: int
) -> None:
    """Begun by a right clock, killed, started again by a wrong one; the operator does nothing."""
    album = alice.album()
    stays = alice.store_image(album)
    store.die()
    clock.set(wrong_by)
    store.start()
    alice.log_in()
    thrown, erased, back = (alice.store_image(album) for _ in range(3))
    assert {alice.wait_until_made(image)["status"] for image in (thrown, erased, back)} == {"ready"}
    for image in (thrown, back):
        alice.delete(f"images/{image}/", expect=204)
    alice.post(f"trash/{back}/restore/", expect=200)
    alice.erase(erased)
    purged_by_itself(store, erased)
    [entry] = alice.get("trash/", expect=200).json()["results"]
    assert entry["id"] == thrown
    alice.delete("trash/", expect=204)
    del alice.record.stored[thrown]
    alice.record.gone.add(thrown)
    purged_by_itself(store, thrown)
    check(store, alice)
    assert answers_to(links_of(alice, stays) + links_on_page(alice, stays)) == {200}
    clock.set(0)
    check(store, alice)


def test_the_trash_never_shows_more_days_than_it_has(store: Store, clock: Clock, alice: RecordingUser) -> None:
    """What was deleted in the future, by a clock that is behind the database's, is as young as can be."""
    image = alice.store_image(alice.album())
    alice.delete(f"images/{image}/", expect=204)
    clock.set(-5 * MINUTES)
    alice.log_in()
    assert "30 days left" in alice.portal().get(f"{alice.base}/trash/", timeout=20).text
    check(store, alice)


# ---- Tokens, trash ----------------------------------------------------------------------------


def test_a_token_from_the_future_is_refused_and_a_new_login_is_not(
    store: Store, clock: Clock, alice: RecordingUser
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


@pytest.mark.parametrize("days", [31, pytest.param(29, marks=pytest.mark.faults_full)])
def test_the_trash_is_not_purged_before_its_time(
    store: Store, clock: Clock, alice: RecordingUser, days: int
) -> None:
    """By the database's clock, whatever the server's says. On SQLite both are one: its days are over then."""
    album = alice.album()
    image = alice.store_image(album)
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
        alice.record.gone.add(image)
        del alice.record.stored[image]
    clock.set(0)
    check(store, alice)


# ---- Object storage, which refuses requests of another time ------------------------------------


@pytest.mark.faults_full
@pytest.mark.skipif(not on_s3(), reason="about S3: runs in the half of the tests that is on object storage")
@pytest.mark.parametrize("wrong_by", [20 * MINUTES, -20 * MINUTES])
def test_s3_refuses_a_wrong_clock_and_the_store_heals_with_it(
    store: Store, clock: Clock, alice: RecordingUser, wrong_by: int
) -> None:
    album = alice.album()
    stays = alice.store_image(album)
    alice.wait_until_made(stays)
    clock.set(wrong_by)
    alice.log_in()
    for answer in at_once([lambda: alice.send(album)] * 3):
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable"), answer.text
    answer = alice.ask("GET", f"images/{stays}/file/")
    assert answer is not None
    assert answer.status_code == 503
    clock.set(0)
    check(store, alice)
    assert len(alice.record.stored) == 4
