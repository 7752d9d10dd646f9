"""Deleting for ever: invisible at once, then files, then rows."""

import time
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from albums.models import Album
from images import services, totals
from images.deletion import removal, trash
from images.deletion.removal import doom_albums, doom_user, purge
from images.models import Image, Status
from images.processing import Crashed
from images.rendering import queue, variants
from images.storage.base import image_storage
from images.tests.helpers import album, colours, received, stored, user, work_off
from images.upkeep.reconcile import reconcile
from images.uploads.reception import RECEPTION_LEASE
from tests.seaweed import on_s3

pytestmark = pytest.mark.django_db


def holiday_of(owner, count=3):
    holiday = album(owner)
    images = [received(holiday, content) for content in colours(count)]
    work_off()
    return holiday, images


def test_a_deleted_image_is_gone_at_once_and_its_files_follow():
    alice = user()
    holiday, [image, other] = holiday_of(alice, 2)
    services.delete_images(alice, Image.objects.filter(pk=image.pk), permanent=True)
    assert list(Image.objects.owned_by(alice)) == [other]
    holiday.refresh_from_db()
    alice.refresh_from_db()
    assert (holiday.image_count, holiday.bytes, alice.used_bytes) == (1, other.bytes, other.bytes)
    assert purge() == 1
    assert {name.rsplit("/", 1)[0] for name in stored()} == {other.storage_prefix}
    assert Image.objects.count() == 1


def test_the_same_bytes_may_come_again_before_the_files_are_gone():
    alice = user()
    holiday, [image] = holiday_of(alice, 1)
    services.delete_images(alice, Image.objects.filter(pk=image.pk), permanent=True)
    [content] = colours(1)
    again = received(holiday, content)
    assert again != image
    purge()
    assert stored() == {again.original_file}


def test_deleting_twice_gives_the_bytes_back_once():
    alice = user()
    _, images = holiday_of(alice, 1)
    rows = Image.objects.filter(pk=images[0].pk)
    assert [services.delete_images(alice, rows, permanent=True) for _ in range(2)] == [1, 0]
    alice.refresh_from_db()
    assert alice.used_bytes == 0


def test_a_deleted_album_takes_its_images_along():
    alice = user()
    holiday, _ = holiday_of(alice)
    other, _ = album(alice, "Norway"), None
    services.delete_albums(alice, Album.objects.filter(pk=holiday.pk), permanent=True)
    assert list(Album.objects.owned_by(alice)) == [other]
    assert not Image.objects.owned_by(alice).exists()
    assert purge() == 3
    assert (stored(), list(Album.objects.all())) == (set(), [other])


def test_a_deleted_account_ends_with_everything_in_it():
    alice, bob = user(), user("bob@example.org")
    holiday_of(alice)
    _, [his] = holiday_of(bob, 1)
    services.delete_account(alice)
    alice.refresh_from_db()
    assert (alice.is_active, alice.used_bytes, alice.token_version) == (False, 0, 1)
    purge()
    assert list(User.objects.all()) == [bob]
    assert {name.rsplit("/", 1)[0] for name in stored()} == {his.storage_prefix}


def test_files_that_cannot_be_removed_keep_their_row_until_they_can(monkeypatch):
    alice = user()
    holiday, images = holiday_of(alice, 2)
    services.delete_albums(alice, Album.objects.filter(pk=holiday.pk), permanent=True)
    stuck = images[0].storage_prefix
    storage = type(image_storage())
    delete = storage.delete_folders

    def fail_for_one(self, folders):
        return delete(self, {folder: files for folder, files in folders.items() if folder != stuck})

    with monkeypatch.context() as broken:
        broken.setattr(storage, "delete_folders", fail_for_one)
        assert purge() == 1
    assert list(Image.objects.all()) == [images[0]]
    assert Album.objects.count() == 1
    reconcile()
    assert (Image.objects.count(), Album.objects.count(), stored()) == (0, 0, set())


def test_reconcile_gives_up_receptions_whose_server_died():
    alice = user()
    image = received(album(alice))
    Image.objects.update(status="receiving", living_sha256=None, leased_until="2020-01-01T00:00Z")
    assert reconcile().stale_receptions == 1
    alice.refresh_from_db()
    assert (Image.objects.filter(pk=image.pk).exists(), stored(), alice.used_bytes) == (False, set(), 0)


def test_reconcile_leaves_a_running_reception_alone():
    received(album(user()))
    Image.objects.update(status="receiving", living_sha256=None, leased_until=Now() + RECEPTION_LEASE)
    assert reconcile().stale_receptions == 0
    assert len(stored()) == 1


# ---- Very many -----------------------------------------------------------------------------


def many_in(holiday, count):
    """Rows alone; what is not there costs no time to remove."""
    now = timezone.now()
    fields = {
        "album": holiday, "owner": holiday.owner, "status": Status.READY, "bytes": 10, "crc32": 0, "width": 1,
        "height": 1, "content_type": "image/jpeg", "sorted_at": now, "created_at": now,
    }  # fmt: skip
    hashes = [f"{number:064x}" for number in range(count)]
    Image.objects.bulk_create(
        [Image(name="a.jpg", sha256=sha256, living_sha256=sha256, **fields) for sha256 in hashes], batch_size=1000
    )
    totals.add_to_album(holiday.pk, count, 10 * count)
    User.objects.filter(pk=holiday.owner_id).update(used_bytes=10 * count)


@pytest.mark.slow
def test_an_album_of_ten_thousand_is_gone_in_time(client):
    """0.13 s were measured (bench/bench_deletion.py); this is a second with threefold slack."""
    alice = user()
    holiday = album(alice)
    many_in(holiday, 10_000)
    client.force_login(alice)
    begun = time.monotonic()
    answer = client.delete(reverse("api-album", args=[holiday.public_id]) + "?permanent=true")
    assert (answer.status_code, time.monotonic() - begun < 3) == (204, True)
    alice.refresh_from_db()
    assert (alice.used_bytes, Image.objects.undeleted().count()) == (0, 0)


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(totals, "TRANSACTION_ROWS", 2)
    monkeypatch.setattr(removal, "BATCH_IMAGES", 2)


def test_more_than_one_part_is_trashed_and_deleted_with_the_right_sums(small_parts):
    alice = user()
    holiday = album(alice)
    many_in(holiday, 5)
    assert services.delete_images(alice, Image.objects.in_album(holiday)) == 5
    holiday.refresh_from_db()
    assert (holiday.image_count, holiday.bytes, trash.sums_of(Image.objects.trashed_by(alice)).images) == (0, 0, 5)
    trash.empty(alice)
    alice.refresh_from_db()
    assert (alice.used_bytes, purge(), Album.objects.count()) == (0, 5, 1)


def test_a_hidden_album_shows_and_counts_nothing_before_its_images_are_doomed(small_parts):
    """Also if the process dies then: the next one finishes."""
    alice = user()
    holiday, images = holiday_of(alice, 5)
    services.delete_images(alice, Image.objects.filter(pk=images[0].pk))
    doom_albums(alice, Album.objects.filter(pk=holiday.pk))
    assert Image.objects.doomed().count() == 0
    assert User.objects.get().used_bytes == 0
    for rows in (Image.objects.undeleted(), Image.objects.owned_by(alice), Image.objects.trashed_by(alice)):
        assert not rows.exists()
    assert [list(rows) for rows in trash.contents(alice)] == [[], []]
    assert purge() == 5
    alice.refresh_from_db()
    assert (alice.used_bytes, Album.objects.count(), stored()) == (0, 0, set())


def test_an_album_made_while_its_owner_was_deleted_does_not_keep_the_account():
    alice = user()
    doom_user(alice)
    album(alice)
    purge()
    assert (User.objects.count(), Album.objects.count()) == (0, 0)


# ---- One that cannot be finished keeps no other waiting ---------------------------------------


def test_what_cannot_be_removed_does_not_keep_the_rest(monkeypatch, small_parts):
    alice = user()
    _, images = holiday_of(alice, 6)
    stuck = {image.storage_prefix for image in images[:4]}
    delete = type(image_storage()).delete_folders

    def fail_for_some(self, folders):
        return delete(self, {folder: files for folder, files in folders.items() if folder not in stuck})

    monkeypatch.setattr(type(image_storage()), "delete_folders", fail_for_some)
    services.delete_albums(alice, Album.objects.all(), permanent=True)
    assert purge() == 2


# ---- Files that no row names -----------------------------------------------------------------


def stop_after_storing(monkeypatch):
    """The worker dies when it has stored all sizes and before it has written so."""

    class Death(BaseException):
        pass

    def die(*args, **kwargs):
        raise Death

    claim = queue.claim_next()
    with monkeypatch.context() as dying:
        dying.setattr(variants, "_record_success", die)
        with pytest.raises(Death):
            variants.render(claim)
    Image.objects.update(leased_until="2020-01-01T00:00Z")


def delete_all(owner):
    services.delete_albums(owner, Album.objects.all(), permanent=True)
    return purge()


def test_what_an_interrupted_render_stored_goes_with_its_image(monkeypatch):
    alice = user()
    image = received(album(alice))
    stop_after_storing(monkeypatch)
    assert len(stored()) > 1
    assert (Image.objects.get().variants, Image.objects.get().may_have_orphans) == ({}, True)
    assert (delete_all(alice), stored()) == (1, set())
    assert not Image.objects.filter(pk=image.pk).exists()


def test_what_an_interrupted_render_stored_goes_also_after_other_attempts_have_failed(monkeypatch):
    """An attempt that ends before it has stored anything does not know what the first one has left."""
    alice = user()
    received(album(alice))
    stop_after_storing(monkeypatch)

    def crash(*args):
        raise Crashed("It crashed.")

    with monkeypatch.context() as crashing:
        crashing.setattr(variants, "render_in_child", crash)
        variants.render(queue.claim_next())
    assert Image.objects.get().leased_until is None
    assert (delete_all(alice), stored()) == (1, set())


def test_what_a_worker_stored_that_cannot_remove_it_goes_with_its_image(monkeypatch):
    """The image is deleted while it is rendered, and the storage fails then."""
    alice = user()
    holiday = album(alice)
    received(holiday)
    store = variants._store

    def store_then_delete(*args):
        checksums = store(*args)
        doom_albums(alice, Album.objects.all())
        removal._doom_hidden()
        return checksums

    def refuse(*args):
        raise OSError("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(variants, "_store", store_then_delete)
        broken.setattr(type(image_storage()), "delete_folders", refuse)
        variants.render(queue.claim_next())
    assert len(stored()) > 1
    assert (purge(), stored()) == (1, set())


def test_what_is_left_of_an_older_version_goes_with_its_image(monkeypatch):
    """The old files could not be removed when the image was made again."""
    alice = user()
    holiday_of(alice, 1)
    Image.objects.update(variants={"thumb": {"file": "thumb.v0.jpg", "bytes": 3}})
    image = Image.objects.get()
    image_storage().save(f"{image.storage_prefix}/thumb.v0.jpg", ContentFile(b"old"))

    def refuse(*args):
        raise OSError("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(type(image_storage()), "delete_others", refuse)
        variants.render(queue.claim(image, Image.objects.ready()))
    assert "thumb.v0.jpg" not in str(Image.objects.get().variants)
    Image.objects.update(leased_until="2020-01-01T00:00Z")
    assert (delete_all(alice), stored()) == (1, set())


@pytest.mark.skipif(not on_s3(), reason="on a disk folders are always listed")
def test_folders_of_images_that_ended_well_are_not_listed(monkeypatch):
    alice = user()
    holiday_of(alice)
    assert not Image.objects.filter(may_have_orphans=True).exists()
    listed = []
    monkeypatch.setattr(type(image_storage()), "_names_in", lambda self, folder, deadline: listed.append(folder))
    assert (delete_all(alice), listed) == (3, [])
    assert stored() == set()


@pytest.mark.skipif(on_s3(), reason="about folders, which a bucket does not have")
def test_a_stray_folder_goes_with_its_image(settings):
    alice = user()
    _, [image] = holiday_of(alice, 1)
    stray = Path(settings.STORAGES["images"]["OPTIONS"]["location"], image.storage_prefix, "stray")
    stray.mkdir()
    (stray / "file").write_bytes(b"x")
    services.delete_albums(alice, Album.objects.all(), permanent=True)
    assert (purge(), stored()) == (1, set())


def test_a_drifted_sum_refuses_no_deletion_and_is_set_right():
    alice = user()
    holiday, [image, other] = holiday_of(alice, 2)
    User.objects.update(used_bytes=1)
    Album.objects.update(image_count=0, bytes=0)
    services.delete_images(alice, Image.objects.filter(pk=image.pk), permanent=True)
    report = reconcile()
    alice.refresh_from_db()
    holiday.refresh_from_db()
    assert (report.repaired_sums, report.failed) == (2, ())
    assert (alice.used_bytes, holiday.image_count, holiday.bytes) == (other.bytes, 1, other.bytes)


def test_one_owner_whose_trash_cannot_be_emptied_keeps_no_other(monkeypatch, settings):
    alice, bob = user(), user("bob@example.org")
    for person in (alice, bob):
        holiday_of(person, 1)
        services.delete_albums(person, Album.objects.filter(owner=person))
    Album.objects.update(trashed_at="2020-01-01T00:00Z")
    doom = removal.doom_albums

    def fail_for_alice(owner, albums):
        if owner == alice:
            raise RuntimeError("a defect")
        return doom(owner, albums)

    monkeypatch.setattr(removal, "doom_albums", fail_for_alice)
    report = reconcile()
    assert (report.failed, report.purged_images) == (("doom_expired",), 1)
    assert [album.owner for album in Album.objects.all()] == [alice]
