"""Making the sizes of an image, in a child process, and what happens when that fails."""

import errno
from contextlib import contextmanager
from datetime import timedelta

import pytest
import structlog
from django.core.files.base import ContentFile
from django.utils import timezone

from images import services
from images.deletion.removal import doom_images, purge
from images.models import Image, Status
from images.processing import Crashed, Damaged
from images.processing.sizes import SIZES
from images.rendering import queue, variants
from images.storage.base import image_storage
from images.tests.helpers import album, in_staging, received, stored, user, work_off
from images.tests.pictures import jpeg_bytes
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db


def child_that(error, monkeypatch):
    def fail(*args):
        raise error

    monkeypatch.setattr(variants, "render_in_child", fail)


def test_a_pending_image_becomes_ready_with_all_sizes_in_storage():
    image = received(album(user()), jpeg_bytes(3000, 2000))
    assert work_off() == 1
    image.refresh_from_db()
    assert (image.status, image.lease_token, image.attempts) == (Status.READY, None, 0)
    assert image.placeholder
    longest = {size: max(variant["width"], variant["height"]) for size, variant in image.variants.items()}
    # A JPEG's own shrink may fall short by 5 %.
    assert {size: 0.95 * min(px, 3000) <= longest[size] <= px for size, px in SIZES.items()} == dict.fromkeys(
        image.variants, True
    )
    files = {f"{image.storage_prefix}/{variant['file']}" for variant in image.variants.values()}
    assert stored() == {image.original_file} | files
    assert in_staging() == []


def test_equal_sizes_share_one_file():
    image = received(album(user()), jpeg_bytes(100, 50))
    work_off()
    image.refresh_from_db()
    assert len({variant["file"] for variant in image.variants.values()}) == 1
    assert len(stored()) == 2


def test_damaged_pixels_fail_at_once_with_a_reason():
    content = jpeg_bytes(400, 300)
    image = received(album(user()), content[: len(content) // 2])
    assert work_off() == 1
    image.refresh_from_db()
    assert (image.status, image.error_code, image.attempts) == (Status.FAILED, "damaged", 0)
    assert image.error_detail.endswith(".")


def test_a_dying_child_counts_and_the_second_death_fails_the_image(monkeypatch):
    image = received(album(user()))
    child_that(Crashed("Making its sizes crashed twice."), monkeypatch)
    variants.render(queue.claim_next())
    image.refresh_from_db()
    assert (image.status, image.attempts, image.leased_until) == (Status.PENDING, 1, None)
    variants.render(queue.claim_next())
    image.refresh_from_db()
    assert (image.status, image.attempts, image.error_code) == (Status.FAILED, 2, "crashed")


def test_what_is_logged_of_a_render_bears_the_id_of_the_image(monkeypatch):
    image, bound = received(album(user())), []

    def look(*args):
        bound.append(structlog.contextvars.get_contextvars())
        raise Damaged("It is cut off.")

    monkeypatch.setattr(variants, "render_in_child", look)
    work_off()
    assert [context["image"] for context in bound] == [str(image.public_id)]
    assert "image" not in structlog.contextvars.get_contextvars()


def test_a_storage_that_fails_costs_no_attempt_and_the_image_waits_a_little(monkeypatch):
    image = received(album(user()))

    def full(self, *args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(type(image_storage()), "store", full)
        variants.render(queue.claim_next())
    image.refresh_from_db()
    assert (image.status, image.attempts) == (Status.PENDING, 0)
    assert queue.claim_next() is None
    Image.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    work_off()
    image.refresh_from_db()
    assert image.status == Status.READY


def test_an_image_deleted_while_it_is_made_leaves_no_file(monkeypatch):
    alice = user()
    image = received(album(alice))
    store = variants._store

    def store_then_delete(*args):
        checksums = store(*args)
        doom_images(alice, Image.objects.filter(pk=image.pk))
        return checksums

    monkeypatch.setattr(variants, "_store", store_then_delete)
    variants.render(queue.claim_next())
    assert stored() == set()
    assert purge() == 1
    assert not Image.objects.exists()


def test_files_never_go_before_a_running_lease_ends():
    alice = user()
    image = received(album(alice))
    queue.claim_next()
    doom_images(alice, Image.objects.filter(pk=image.pk))
    assert (purge(), len(stored())) == (0, 1)
    Image.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert (purge(), len(stored())) == (1, 0)


def test_a_failed_image_can_be_tried_again_and_only_a_failed_one(monkeypatch):
    image = received(album(user()))
    child_that(Damaged("It is cut off."), monkeypatch)
    work_off()
    monkeypatch.undo()
    image.refresh_from_db()
    services.retry(image)
    work_off()
    image.refresh_from_db()
    assert (image.status, image.error_code, image.error_detail) == (Status.READY, "", "")
    with pytest.raises(Problem) as caught:
        services.retry(image)
    assert caught.value.code == "not_failed"


def test_an_image_deleted_while_its_making_fails_goes_at_once(monkeypatch):
    alice = user()
    image = received(album(alice))

    def delete_and_fail(*args):
        doom_images(alice, Image.objects.filter(pk=image.pk))
        raise Damaged("It is cut off.")

    monkeypatch.setattr(variants, "render_in_child", delete_and_fail)
    variants.render(queue.claim_next())
    assert stored() == set()
    assert purge() == 1


def test_a_machine_that_cannot_start_a_child_costs_no_attempt(monkeypatch):
    image = received(album(user()))
    child_that(OSError(11, "Resource temporarily unavailable"), monkeypatch)
    work_off()
    image.refresh_from_db()
    assert (image.status, image.attempts) == (Status.PENDING, 0)


def test_sizes_of_an_older_version_go_when_the_image_is_made_again(monkeypatch):
    image = received(album(user()))
    work_off()
    before = stored()
    old = f"{image.storage_prefix}/thumb.v0.jpg"
    Image.objects.update(variants={"thumb": {"file": "thumb.v0.jpg"}})
    image_storage().save(old, ContentFile(b"old"))
    services.process_again(image)
    work_off()
    assert stored() == before


def test_what_an_earlier_try_stored_goes_when_the_image_fails(monkeypatch):
    image = received(album(user()))
    image_storage().save(f"{image.storage_prefix}/thumb.v2.jpg", ContentFile(b"half"))
    child_that(Damaged("cut off"), monkeypatch)
    work_off()
    image.refresh_from_db()
    assert (image.status, stored()) == (Status.FAILED, {image.original_file})


def test_an_original_that_alone_cannot_be_read_is_given_up_after_a_while(monkeypatch):
    """Not at once: it may be a storage in trouble."""
    image = received(album(user()))
    opened = type(image_storage()).open_stored

    def fail_for_it(self, name):
        if name == image.original_file:
            raise OSError(errno.EIO, "bad sector")
        return opened(self, name)

    @contextmanager
    def no_copy(self, name):
        raise OSError(errno.EIO, "bad sector")
        yield

    monkeypatch.setattr(type(image_storage()), "open_stored", fail_for_it)
    monkeypatch.setattr(type(image_storage()), "local_copy", no_copy)
    work_off()
    image.refresh_from_db()
    assert (image.status, image.attempts) == (Status.PENDING, 0)
    Image.objects.update(leased_until=None, updated_at=timezone.now() - variants.GIVE_UP_UNREADABLE_AFTER)
    work_off()
    image.refresh_from_db()
    assert (image.status, image.error_code, image.attempts) == (Status.FAILED, "damaged", 0)
