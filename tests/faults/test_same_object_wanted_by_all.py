"""F14: many want the same image, or the same album, at once: into the trash, back, elsewhere, away for ever."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.faults.invariants import check, settle
from tests.faults.recording_user import RecordingUser, at_once
from tests.faults.store import Store

ROUNDS = [0, *(pytest.param(number, marks=pytest.mark.faults_full) for number in range(1, 30))]
# No other answer may come: each is what one request after the other could have got, too.
PLAIN = {200, 204, 400, 404, 409}


@dataclass(frozen=True)
class Deed:
    """One request with the time it took, and its answer."""

    verb: str
    began: float
    ended: float
    status: int


def deeds(works: list[tuple[str, Callable[[], Any]]]) -> list[Deed]:
    """All at once; those of one object are never asked in an order."""

    def one(verb: str, work: Callable[[], Any]) -> Deed:
        began = time.monotonic()
        answer = work()
        return Deed(verb, began, time.monotonic(), answer.status_code)

    return at_once([lambda verb=verb, work=work: one(verb, work) for verb, work in works], threads=12)


def nothing_rises_again(done: list[Deed]) -> bool:
    """Was it deleted for ever? Then whoever asked after that answer found nothing."""
    ends = [deed.ended for deed in done if deed.verb == "erase" and deed.status == 204]
    late = [deed for deed in done if ends and deed.began > min(ends)]
    assert [deed for deed in late if deed.status != 404] == []
    return bool(ends)


def state_of(person: RecordingUser, thing: str, shown: str) -> str:
    """In exactly one place, or in none."""
    living = person.get(shown).status_code == 200
    trash = person.get("trash/?page_size=200", expect=200).json()["results"]
    trashed = any(entry["id"] == thing for entry in trash)
    assert not (living and trashed)
    return "living" if living else "trashed" if trashed else "gone"


def state_agrees(done: list[Deed], state: str) -> None:
    """With what was answered: none is lost, and the last word is that of one of them."""
    assert {deed.status for deed in done} <= PLAIN
    if nothing_rises_again(done):
        assert state == "gone"
        return
    assert state in ("living", "trashed")
    verbs = [deed.verb for deed in done if deed.status in (200, 204)]
    if state == "trashed" or "restore" in verbs:
        assert "trash" in verbs
    if state == "living" and "trash" in verbs:
        assert "restore" in verbs


@pytest.mark.parametrize("with_erasing", [False, True], ids=["not-erased", "erased"])
@pytest.mark.parametrize("number", ROUNDS)
def test_one_image_wanted_by_all_ends_in_one_place(
    store: Store, alice: RecordingUser, number: int, with_erasing: bool
) -> None:
    dice = random.Random(number)
    here, there = alice.album("here"), alice.album("there")
    image = alice.store_image(here)
    settle(store)

    def patch(**changes: str) -> Any:
        return alice.ask("PATCH", f"images/{image}/", json=changes)

    works: list[tuple[str, Callable[[], Any]]] = [
        *[("trash", lambda: alice.ask("DELETE", f"images/{image}/"))] * 5,
        *[("restore", lambda: alice.ask("POST", f"trash/{image}/restore/"))] * 5,
        *[("move", lambda album=album: patch(album=album)) for album in (here, there) * 3],
        *[("rename", lambda name=name: patch(name=name)) for name in ("a.jpg", "b.jpg") * 2],
    ]
    if with_erasing:
        works += [("erase", lambda: alice.erase(image)), ("erase", lambda: alice.ask("DELETE", f"trash/{image}/"))]
    dice.shuffle(works)
    done = deeds(works)
    state = state_of(alice, image, f"images/{image}/")
    state_agrees(done, state)
    if state == "gone":
        alice.record.stored.pop(image, None)
        alice.record.gone.add(image)
    check(store, alice)


@pytest.mark.parametrize("with_erasing", [False, True], ids=["not-erased", "erased"])
@pytest.mark.parametrize("number", ROUNDS)
def test_one_album_wanted_by_all_has_all_its_images_or_none(
    store: Store, alice: RecordingUser, number: int, with_erasing: bool
) -> None:
    dice = random.Random(number)
    album = alice.album("wanted")
    images = [alice.store_image(album) for _ in range(3)]
    settle(store)
    works: list[tuple[str, Callable[[], Any]]] = [
        *[("trash", lambda: alice.ask("DELETE", f"albums/{album}/"))] * 5,
        *[("restore", lambda: alice.ask("POST", f"trash/{album}/restore/"))] * 5,
        *[("rename", lambda: alice.ask("PATCH", f"albums/{album}/", json={"title": "other"}))] * 3,
        *[("look", lambda: alice.ask("GET", f"albums/{album}/images/"))] * 3,
    ]
    if with_erasing:
        works += [("erase", lambda: alice.ask("DELETE", f"albums/{album}/?permanent=true"))]
        works += [("erase", lambda: alice.ask("DELETE", f"trash/{album}/"))]
    dice.shuffle(works)
    done = deeds(works)
    state = state_of(alice, album, f"albums/{album}/")
    state_agrees(done, state)
    if state == "living":
        assert {image["id"] for image in alice.images(album)} == set(images)
    if state == "gone":
        alice.record.stored.clear()
        alice.record.gone |= set(images)
    check(store, alice)
