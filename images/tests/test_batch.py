"""One action on many images: outcomes in order, sums that stay right, copies that are uploads."""

from uuid import uuid4

import pytest
from django.db import DatabaseError

from accounts.models import shard_of
from albums import services as albums
from albums.models import Album
from images import batch, services
from images.batch import Done, Outcome
from images.models import Image, RenderAgain, Status
from images.storage.base import image_storage
from images.tests.helpers import (
    album,
    colours,
    lose,
    made_album,
    original_bytes,
    received,
    stored,
    trash_all,
    user,
    work_off,
)
from images.upkeep.reconcile import reconcile
from images.uploads import copying
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db


def said(outcomes: list[Outcome]) -> list[str | int]:
    """Of each: the code of its problem, or the status."""
    return [
        outcome.code if isinstance(outcome, Problem) else 201 if outcome.created else 200 if outcome.image else 204
        for outcome in outcomes
    ]


def ids_of(images: list[Image]) -> list:
    return [image.public_id for image in images]


def sums_are_right() -> bool:
    report = reconcile()
    return (report.repaired_sums, report.failed) == (0, ())


def test_each_image_has_an_outcome_in_order():
    alice = user()
    _, [one, two, three] = made_album(alice, 3)
    stranger = received(album(user("bob@example.org")), next(reversed([*colours(9)])))
    ids = [uuid4(), three.public_id, stranger.public_id, one.public_id]
    assert said(batch.favourite(alice, ids, True)) == ["not_found", 200, "not_found", 200]
    assert set(Image.objects.filter(favourite=True)) == {one, three}
    assert said(batch.rotate(alice, ids, -90)) == ["not_found", 200, "not_found", 200]
    assert set(Image.objects.filter(rotation=270)) == {one, three}
    assert said(batch.rotate(alice, ids, 180)) == ["not_found", 200, "not_found", 200]
    assert set(Image.objects.filter(rotation=90)) == {one, three}
    assert work_off() == 3
    assert said(batch.set_taken_offset(alice, ids, -210)) == ["not_found", 200, "not_found", 200]
    assert {image.taken_offset for image in Image.objects.exclude(pk__in=[two.pk, stranger.pk])} == {"-03:30"}
    assert said(batch.shift_taken_at(alice, ids, 60)) == ["not_found", "invalid", "not_found", "invalid"]
    assert said(batch.trash(alice, ids)) == ["not_found", 204, "not_found", 204]
    assert said(batch.trash(alice, ids)) == ["not_found"] * 4
    assert said(batch.restore(alice, [*ids, two.public_id])) == ["not_found", 200, "not_found", 200, "not_found"]
    trash_all(one)
    assert said(batch.delete(alice, ids)) == ["not_found", 204, "not_found", 204]
    assert list(Image.objects.owned_by(alice)) == [two]
    assert not RenderAgain.objects.filter(image=stranger).exists()
    assert sums_are_right()


def test_nothing_is_restored_into_an_album_that_is_in_the_trash():
    alice = user()
    holiday, [one, two] = made_album(alice)
    trash_all(one, holiday)
    assert said(batch.restore(alice, ids_of([one, two]))) == ["album_in_trash"] * 2


def test_a_batch_costs_the_same_for_any_number(django_assert_max_num_queries):
    alice = user()
    _, images = made_album(alice, 12)
    target = album(alice, "All")
    ids = ids_of(images)
    for action, most in (
        (lambda: batch.favourite(alice, ids, True), 5),
        (lambda: batch.rotate(alice, ids, 90), 10),
        (lambda: batch.set_taken_offset(alice, ids, 60), 5),
        (lambda: batch.copy(alice, ids, target), 50),
        (lambda: batch.trash(alice, ids), 20),
        (lambda: batch.restore(alice, ids), 20),
        (lambda: batch.move(alice, ids, album(alice, "Else")), 40),
    ):
        with django_assert_max_num_queries(most):
            action()
    assert sums_are_right()


# ---- Copy -----------------------------------------------------------------------------------


def copies(target: Album) -> list[Image]:
    page = services.LIST.read({"ordering": "position"}).page(Image.objects.in_album(target))
    return list(page.items)


def test_copies_are_images_of_their_own():
    alice = user()
    holiday, images = made_album(alice, 3)
    services.change(images[0], name="sea.jpg", caption="Waves", favourite=True, rotation=90)
    target, used = album(alice, "All"), sum(image.bytes for image in images)
    outcomes = batch.copy(alice, ids_of(images), target)
    assert said(outcomes) == [201] * 3
    assert [outcome.image for outcome in outcomes] == copies(target)
    first = copies(target)[0]
    assert (first.name, first.caption, first.favourite, first.rotation) == ("sea.jpg", "Waves", True, 90)
    assert (first.status, first.variants) == (Status.PENDING, {})
    assert services.LIST.read({"search": "wav"}).apply(Image.objects.in_album(target)).get() == first
    alice.refresh_from_db()
    assert alice.used_bytes == 2 * used
    work_off()
    services.delete_albums(alice, Album.objects.filter(pk=holiday.pk), permanent=True)
    assert sums_are_right()
    for source, image in zip(images, copies(target), strict=True):
        assert image.is_ready
        assert image.sha256 == source.sha256
        assert len(original_bytes(image)) == image.bytes
    assert not [name for name in stored() if name.startswith(images[0].storage_prefix)]


def test_bytes_that_the_album_has_are_that_image():
    alice = user()
    holiday, [one, two] = made_album(alice)
    target = album(alice, "All")
    same = received(target, original_bytes(one))
    trashed = received(target, original_bytes(two))
    trash_all(trashed)
    outcomes = batch.copy(alice, ids_of([one, two]), target)
    assert said(outcomes) == [200, 200]
    assert [outcome.image for outcome in outcomes] == [same, trashed]
    assert said(batch.copy(alice, ids_of([one]), holiday)) == [200]
    assert len(copies(target)) == 2
    assert sums_are_right()


def test_two_sources_of_the_same_bytes_become_one_image():
    alice = user()
    _, [one, *_] = made_album(alice)
    twin = received(album(alice, "Twins"), original_bytes(one))
    target = album(alice, "All")
    outcomes = batch.copy(alice, ids_of([one, twin]), target)
    assert said(outcomes) == [201, 200]
    assert [outcome.image for outcome in outcomes] == [*copies(target)] * 2


def test_what_does_not_fit_into_the_quota_is_refused_alone():
    alice = user()
    _, images = made_album(alice, 3)
    target = album(alice, "All")
    alice.refresh_from_db()
    alice.quota_bytes = alice.used_bytes + images[0].bytes + images[1].bytes
    alice.save(update_fields=["quota_bytes"])
    assert said(batch.copy(alice, ids_of(images), target)) == [201, 201, "quota_exceeded"]
    assert sums_are_right()


def test_an_original_that_cannot_be_copied_is_refused_alone():
    alice = user()
    _, [one, two] = made_album(alice)
    target = album(alice, "All")
    lose(one.original_file)
    assert said(batch.copy(alice, ids_of([one, two]), target)) == ["storage_unavailable", 201]
    alice.refresh_from_db()
    assert alice.used_bytes == one.bytes + 2 * two.bytes
    assert sums_are_right()


def test_an_album_that_is_deleted_meanwhile_gets_nothing(monkeypatch):
    alice = user()
    holiday, [one, two] = made_album(alice)
    target, store, used = album(alice, "All"), copying._store_originals, one.bytes + two.bytes

    def delete_meanwhile(begun):
        services.delete_albums(alice, Album.objects.filter(pk=target.pk), permanent=True)
        return store(begun)

    monkeypatch.setattr(copying, "_store_originals", delete_meanwhile)
    assert said(batch.copy(alice, ids_of([one, two]), target)) == ["not_found"] * 2
    reconcile()
    alice.refresh_from_db()
    assert alice.used_bytes == used
    assert {image.album_id for image in Image.objects.all()} == {holiday.pk}


def test_bytes_that_are_uploaded_meanwhile_are_that_image(monkeypatch):
    alice = user()
    _, [one, two] = made_album(alice)
    target, store = album(alice, "All"), copying._store_originals
    uploaded = []

    def upload_meanwhile(begun):
        uploaded.append(received(target, original_bytes(one)))
        return store(begun)

    monkeypatch.setattr(copying, "_store_originals", upload_meanwhile)
    outcomes = batch.copy(alice, ids_of([one, two]), target)
    assert said(outcomes) == [200, 201]
    assert outcomes[0] == Done(uploaded[0])
    assert sums_are_right()


def test_a_database_that_fails_leaves_no_copy(monkeypatch):
    alice = user()
    _, [one, two] = made_album(alice)

    def fail(*args):
        raise DatabaseError

    monkeypatch.setattr(copying, "_publish", fail)
    with pytest.raises(DatabaseError):
        batch.copy(alice, ids_of([one, two]), album(alice, "All"))
    reconcile()
    alice.refresh_from_db()
    assert alice.used_bytes == one.bytes + two.bytes
    assert Image.objects.count() == 2
    assert image_storage().size_of(one.original_file) == one.bytes


def test_ids_of_albums_images_and_copies_bear_their_owner():
    """So the id in a link would tell the shard (docs/scaling.md)."""
    for owner in (user(), user("bob@example.org")):
        here, there = albums.create(owner, title="Here"), albums.create(owner, title="There")
        batch.copy(owner, [received(here).public_id], there)
        ids = [here.public_id, there.public_id, *ids_of(list(Image.objects.filter(owner=owner)))]
        assert len(ids) == 4
        assert {one.int >> 64 & 0xFFF for one in ids} == {shard_of(owner)}
