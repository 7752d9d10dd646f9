"""F10, F11: albums, accounts and images are deleted or trashed while their images are received or made."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.faults.invariants import check, settle
from tests.faults.recording_user import RecordingUser
from tests.faults.stops.stop_points import RECEIVING, RENDERING, Step
from tests.faults.store import Store

RECEIVED = [RECEIVING[2], RECEIVING[4], RECEIVING[6]]
MADE = [RENDERING[1], RENDERING[3], RENDERING[4]]


def full(step: Step) -> Any:
    return pytest.param(step, marks=pytest.mark.faults_full)


def delete_image(person: RecordingUser, album: str, image: str) -> None:
    person.erase(image)


def delete_album(person: RecordingUser, album: str, image: str) -> None:
    person.erase_album(album)


def delete_account(person: RecordingUser, album: str, image: str) -> None:
    person.erase_account()


@contextmanager
def received_until(store: Store, step: Step, person: RecordingUser, album: str) -> Iterator[list]:
    """An upload that waits there until the end; its answer."""
    answers: list = []
    store.arm(step, "pause")
    sending = threading.Thread(target=lambda: answers.append(person.send(album)))
    sending.start()
    try:
        store.wait_for_hit()
        yield answers
    finally:
        store.go_on()
        sending.join()


@pytest.mark.parametrize("step", [MADE[0], MADE[1], full(MADE[2])], ids=str)
@pytest.mark.parametrize("delete", [delete_image, delete_album, delete_account])
def test_deleted_for_ever_while_it_is_made(
    store: Store,
    alice: RecordingUser,
    bob: RecordingUser,
    step: Step,
    delete: Callable[[RecordingUser, str, str], None],
) -> None:
    """The worker sees the tombstone, and what it made goes with the rest."""
    bob.store_image(bob.album())
    settle(store)
    album = alice.album()
    store.arm(step, "pause")
    image = alice.store_image(album)
    store.wait_for_hit()
    delete(alice, album, image)
    assert image in alice.record.gone
    store.go_on()
    check(store, alice, bob)


@pytest.mark.parametrize("step", [full(RECEIVED[0]), RECEIVED[1], RECEIVED[2]], ids=str)
@pytest.mark.parametrize("delete", [delete_album, delete_account])
def test_an_upload_into_what_is_deleted_meanwhile_stores_nothing(
    store: Store,
    alice: RecordingUser,
    bob: RecordingUser,
    step: Step,
    delete: Callable[[RecordingUser, str, str], None],
) -> None:
    bob.store_image(bob.album())
    settle(store)
    album = alice.album()
    with received_until(store, step, alice, album) as answers:
        delete(alice, album, "")
    assert answers[0].status_code in (401, 404), answers[0].text
    check(store, alice, bob)


@pytest.mark.parametrize("step", RECEIVED, ids=str)
def test_an_upload_into_an_album_that_is_trashed_meanwhile_stores_nothing(
    store: Store, alice: RecordingUser, step: Step
) -> None:
    album = alice.album()
    stays = alice.store_image(album)
    settle(store)
    with received_until(store, step, alice, album) as answers:
        alice.delete(f"albums/{album}/", expect=204)
    assert answers[0].status_code == 404, answers[0].text
    alice.post(f"trash/{album}/restore/", expect=200)
    check(store, alice)
    assert [image["id"] for image in alice.images(album)] == [stays]


def test_what_is_trashed_while_it_is_made_is_made(store: Store, alice: RecordingUser) -> None:
    album = alice.album()
    store.arm(RENDERING[1], "pause")
    image = alice.store_image(album)
    store.wait_for_hit()
    alice.delete(f"images/{image}/", expect=204)
    store.go_on()
    check(store, alice)
    alice.post(f"trash/{image}/restore/", expect=200)
    assert alice.state_of(image)["status"] == "ready"
    check(store, alice)
