"""F1: kill -9 of the server at each step of an image's life."""

import pytest

from tests.faults.counts import count
from tests.faults.invariants import check
from tests.faults.recording_user import RecordingUser, Sent, picture
from tests.faults.stops.stop_points import (
    CONVERGING,
    COPYING,
    DELETING,
    DELETING_ACCOUNTS,
    DELETING_ALBUMS,
    MOVING,
    RECEIVING,
    RENDERING,
    TRASHING,
    TURNING,
    Step,
)
from tests.faults.store import Store

# The worker alone, which gunicorn replaces; or everything, as when the machine stops.
KILLS = ["kill", pytest.param("killall", marks=pytest.mark.faults_full)]


def each(steps: tuple[Step, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("step", steps, ids=str)


def survived(store: Store) -> None:
    """The stop was really met; a test that stops nothing proves nothing."""
    store.wait_for_hit()
    count("kills survived")


@pytest.mark.parametrize("kill", KILLS)
@each(RECEIVING + RENDERING)
def test_killed_on_the_way_in(store: Store, alice: RecordingUser, step: Step, kill: str) -> None:
    """What was acknowledged stays; what was not is there once after it is sent again."""
    album = alice.album()
    alice.store_image(album)
    check(store, alice)
    store.arm(step, kill)
    alice.send(album)
    survived(store)
    check(store, alice)
    assert len(alice.record.stored) == 2


@pytest.mark.parametrize("kill", KILLS)
@each(DELETING)
def test_killed_while_deleting(store: Store, alice: RecordingUser, step: Step, kill: str) -> None:
    album = alice.album()
    stays, goes = alice.store_image(album), alice.store_image(album)
    check(store, alice)
    store.arm(step, kill)
    alice.erase(goes)
    survived(store)
    check(store, alice)
    if step.name >= "18":
        assert alice.get(f"images/{goes}/").status_code == 404
    assert alice.get(f"images/{stays}/").status_code == 200


@pytest.mark.parametrize("kill", KILLS)
@each(DELETING_ALBUMS)
def test_killed_while_deleting_an_album(store: Store, alice: RecordingUser, step: Step, kill: str) -> None:
    stays, goes = alice.album("stays"), alice.album("goes")
    for album in (stays, goes, goes):
        alice.store_image(album)
    check(store, alice)
    store.arm(step, kill)
    alice.erase_album(goes)
    survived(store)
    check(store, alice)
    assert [album["title"] for album in alice.albums()] == ["stays"]
    assert len(alice.images(stays)) == 1


@pytest.mark.parametrize("kill", KILLS)
@each(DELETING_ACCOUNTS)
def test_killed_while_deleting_an_account(
    store: Store, alice: RecordingUser, bob: RecordingUser, step: Step, kill: str
) -> None:
    for person in (alice, bob):
        person.store_image(person.album())
    check(store, alice, bob)
    store.arm(step, kill)
    alice.erase_account()
    alice.record.account_is_gone = True  # each of these steps comes after the commit
    survived(store)
    check(store, alice, bob)
    assert store.scalar(f"SELECT COUNT(*) FROM accounts_user WHERE email = '{alice.email}'") == 0


@pytest.mark.parametrize("kill", KILLS)
@each(TRASHING)
def test_killed_on_the_way_to_the_trash_and_back(store: Store, alice: RecordingUser, step: Step, kill: str) -> None:
    """It is in the album or in the trash, and nowhere else."""
    album = alice.album()
    image = alice.store_image(album)
    alice.wait_until_made(image)
    if step is TRASHING[2]:
        alice.delete(f"images/{image}/", expect=204)
    store.arm(step, kill)
    if step is TRASHING[2]:
        alice.ask("POST", f"trash/{image}/restore/")
    else:
        alice.ask("DELETE", f"images/{image}/")
    survived(store)
    check(store, alice)
    in_album = [found["id"] for found in alice.images(album)]
    in_trash = [found["id"] for found in alice.get("trash/", expect=200).json()["results"]]
    assert in_album + in_trash == [image]


@pytest.mark.parametrize("kill", KILLS)
@each(MOVING)
def test_killed_while_moving(store: Store, alice: RecordingUser, step: Step, kill: str) -> None:
    here, there = alice.album("here"), alice.album("there")
    image = alice.store_image(here)
    alice.wait_until_made(image)
    store.arm(step, kill)
    alice.ask("PATCH", f"images/{image}/", json={"album": there})
    survived(store)
    check(store, alice)
    assert [found["id"] for found in alice.images(here)] == [image]


@pytest.mark.parametrize("kill", KILLS)
@each(COPYING)
def test_killed_while_copying(store: Store, alice: RecordingUser, step: Step, kill: str) -> None:
    """Asked again, there is one copy, and it outlives its source."""
    here, there = alice.album("here"), alice.album("there")
    content = picture()
    image = alice.store_image(here, content)
    check(store, alice)
    asked = {"action": "copy", "ids": [image], "album": there}
    store.arm(step, kill)
    alice.ask("POST", "images/batch/", json=asked)
    survived(store)
    check(store, alice)
    answer = alice.ask("POST", "images/batch/", json=asked)
    assert answer is not None
    [result] = answer.json()["results"]
    assert result["status"] in (200, 201)
    alice.record.stored[result["image"]["id"]] = Sent(there, content)
    alice.erase(image)
    check(store, alice)


@pytest.mark.parametrize("kill", KILLS)
@each(TURNING + CONVERGING[1:])
def test_killed_while_turning(store: Store, alice: RecordingUser, step: Step, kill: str) -> None:
    album = alice.album()
    image = alice.store_image(album, picture(600, 400))
    check(store, alice)
    store.arm(step, kill)
    alice.ask("PATCH", f"images/{image}/", json={"rotation": 90})
    survived(store)
    check(store, alice)
    # As a client does that got no answer.
    alice.ask("PATCH", f"images/{image}/", json={"rotation": 90})
    check(store, alice)
    shown = alice.state_of(image)
    assert (shown["width"], shown["height"], shown["rotation"]) == (400, 600, 90)
    assert all(size["width"] < size["height"] for size in shown["variants"].values())
