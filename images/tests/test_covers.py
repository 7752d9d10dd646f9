"""The cover: the chosen image, else the newest ready one. Each act writes it into the album's row."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connections

from albums.models import Album
from images import services
from images.covers import with_covers
from images.models import Image
from images.rendering import variants
from images.tests.helpers import album, colours, made_album, received, user, work_off
from images.tests.pictures import jpeg_bytes

pytestmark = pytest.mark.django_db


def cover_of(holiday):
    holiday.refresh_from_db()
    [shown] = with_covers([holiday])
    return shown.cover


def test_an_album_without_ready_images_has_none():
    holiday = album(user())
    assert cover_of(holiday) is None
    received(holiday)
    assert cover_of(holiday) is None


def test_the_newest_ready_image_unless_another_is_chosen():
    alice = user()
    holiday = album(alice)
    old, new = (received(holiday, content) for content in colours(2))
    work_off()
    assert cover_of(holiday) == new
    services.change_album(holiday, cover_choice=old.public_id)
    assert cover_of(holiday) == old
    services.delete_images(alice, Image.objects.filter(pk=old.pk))
    assert cover_of(holiday) == new


def test_an_image_that_moved_away_is_no_cover():
    alice = user()
    holiday, other = album(alice), album(alice, "Norway")
    chosen, new = (received(holiday, content) for content in colours(2))
    work_off()
    services.change_album(holiday, cover_choice=chosen.public_id)
    newer = received(other, jpeg_bytes(color=(0, 0, 200)))
    work_off()
    services.move(chosen, other)
    assert (cover_of(holiday), cover_of(other)) == (new, newer)


def test_each_album_gets_its_own_in_a_fixed_number_of_queries(django_assert_num_queries):
    alice = user()
    albums = [album(alice, str(index)) for index in range(3)]
    images = [received(one) for one in albums]
    work_off()
    albums = [Album.objects.get(pk=one.pk) for one in albums]
    with django_assert_num_queries(1):
        assert [one.cover for one in with_covers(albums)] == images


def test_an_image_that_is_made_again_from_the_start_is_none_until_it_is_ready():
    holiday, [old, new] = made_album(user())
    services.process_again(new)
    assert cover_of(holiday) == old
    work_off()
    assert cover_of(holiday) == new


def test_a_key_that_has_drifted_shows_no_deleted_image_and_none_of_another_album():
    alice = user()
    holiday, [image] = made_album(alice, 1)
    norway = album(alice, "Norway")
    Album.objects.filter(pk=norway.pk).update(cover_key=image.pk)
    assert cover_of(norway) is None
    services.delete_images(alice, Image.objects.filter(pk=image.pk))
    Album.objects.filter(pk=holiday.pk).update(cover_key=image.pk)
    assert cover_of(holiday) is None


@pytest.mark.django_db(transaction=True)
def test_of_two_images_that_are_ready_at_once_the_newer_is_the_cover(monkeypatch):
    holiday = album(user())
    images = [received(holiday, content) for content in colours(2)]
    both, ready = threading.Barrier(2), variants.lifecycle.ready

    def ready_together(rows, **columns):
        with suppress(threading.BrokenBarrierError):  # one holds the album, the other waits for it
            both.wait(timeout=0.5)
        return ready(rows, **columns)

    def work(_number):
        try:
            work_off()
        finally:
            connections.close_all()

    monkeypatch.setattr(variants.lifecycle, "ready", ready_together)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert cover_of(holiday) == images[1]
