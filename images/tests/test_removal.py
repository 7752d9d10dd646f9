"""Deleting for ever: invisible at once, then files, then rows."""

import pytest

from accounts.models import User
from albums.models import Album
from images import services
from images.models import Image
from images.reconcile import reconcile
from images.removal import purge
from images.storage import image_storage
from images.tests.helpers import album, colours, received, stored, user, work_off

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
        return delete(self, [folder for folder in folders if folder != stuck])

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
    Image.objects.update(status="receiving", living_sha256=None, leased_until="2100-01-01T00:00Z")
    assert reconcile().stale_receptions == 0
    assert len(stored()) == 1
