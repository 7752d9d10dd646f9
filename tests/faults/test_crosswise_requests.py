"""F5, F13, F14: many want the same things at once, crosswise."""

import random
from collections import Counter

import pytest

from tests.faults.counts import count
from tests.faults.invariants import check, settle
from tests.faults.recording_user import RecordingUser, Sent, at_once, picture
from tests.faults.store import Store

ROUNDS = [0, *(pytest.param(number, marks=pytest.mark.faults_full) for number in range(1, 10))]


@pytest.mark.parametrize("number", ROUNDS)
def test_crosswise_moves_deletes_and_restores_end_in_one_order(
    store: Store, alice: RecordingUser, number: int
) -> None:
    """Every answer is a plain one, never a deadlock's."""
    dice = random.Random(number)
    albums = [alice.album("one"), alice.album("two")]
    images = [alice.store_image(albums[n % 2]) for n in range(12)]

    def move(image: str, album: str) -> None:
        alice.ask("PATCH", f"images/{image}/", json={"album": album})

    def trash_and_restore(image: str) -> None:
        alice.ask("DELETE", f"images/{image}/")
        alice.ask("POST", f"trash/{image}/restore/")

    works = [lambda i=i, a=a: move(i, a) for i in images for a in albums]
    works += [lambda i=i: trash_and_restore(i) for i in images[:4]]
    works += [lambda i=i: alice.erase(i) for i in images[8:]]
    works += [lambda a=a: alice.ask("PATCH", f"albums/{a}/", json={"title": "other"}) for a in albums]
    works += [lambda a=a: alice.send(a) for a in albums * 3]
    dice.shuffle(works)
    at_once(works, threads=16)
    assert alice.record.unknown == []
    assert alice.record.maybe_gone == set()
    check(store, alice)


def test_both_albums_are_deleted_while_their_images_change_places(store: Store, alice: RecordingUser) -> None:
    albums = [alice.album("one"), alice.album("two")]
    images = [alice.store_image(albums[n % 2]) for n in range(8)]
    works = [lambda i=i, a=a: alice.ask("PATCH", f"images/{i}/", json={"album": a}) for i in images for a in albums]
    works[4:4] = [lambda: alice.ask("DELETE", f"albums/{albums[0]}/?permanent=true")]
    works[12:12] = [lambda: alice.ask("DELETE", f"albums/{albums[1]}/?permanent=true")]
    at_once(works, threads=12)
    count("deletes tried", 2)
    count("deletes acknowledged", 2)
    # Where an image was at its album's end is not ours to know; both albums are gone, so all are.
    alice.record.gone |= set(images)
    alice.record.stored.clear()
    check(store, alice)


def test_the_same_bytes_twenty_times_at_once_are_one_image(
    store: Store, alice: RecordingUser, bob: RecordingUser
) -> None:
    """F13: for each of two users."""
    content = picture()
    albums = {alice: alice.album(), bob: bob.album()}
    both = [lambda p=p: p.send(albums[p], content) for p in (alice, bob)]
    answers = at_once(both * 20, threads=20)
    codes = Counter(answer.status_code for answer in answers)
    assert codes == {201: 2, 200: 38}
    assert [len(person.record.stored) for person in (alice, bob)] == [1, 1]
    check(store, alice, bob)
    # Deleting one never removes the other's bytes.
    [image] = alice.record.stored
    codes = Counter(answer.status_code for answer in at_once([lambda: alice.erase(image)] * 10))
    assert codes[204] >= 1
    assert set(codes) <= {204, 404}
    check(store, alice, bob)


def test_deleting_and_sending_the_same_bytes_at_once_never_stores_half(store: Store, alice: RecordingUser) -> None:
    album = alice.album()
    content = picture()
    image = alice.store_image(album, content)
    for _ in range(4):
        settle(store)
        works = [lambda image=image: alice.ask("DELETE", f"images/{image}/?permanent=true")]
        works += [lambda: alice.ask("POST", f"albums/{album}/images/", files={"file": ("a.jpg", content)})] * 3
        count("uploads tried", 3)
        at_once(works, threads=4)
        [left] = alice.images(album) or [None]
        alice.record.stored.clear()
        image = left["id"] if left else alice.store_image(album, content)
        alice.record.stored[image] = Sent(album, content)
        check(store, alice)


def test_parallel_uploads_never_pass_a_quota_together(new_store) -> None:
    contents = [picture() for _ in range(24)]
    limit = 6 * max(map(len, contents))
    store = new_store(USER_QUOTA_BYTES=str(limit))
    alice = RecordingUser.sign_up(store, "alice")
    album = alice.album()
    answers = alice.send_many(album, contents, threads=12)
    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) == {201, 413}
    assert codes[201] >= 6
    used = alice.get("users/me/", expect=200).json()["quota"]["used"]
    assert used == sum(len(sent.content) for sent in alice.record.stored.values()) <= limit
    check(store, alice)
    # No upload was refused that still had room.
    assert used + min(len(sent.content) for sent in alice.record.refused) > limit
