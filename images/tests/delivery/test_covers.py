"""The cover: the chosen image, else the newest ready one."""

import pytest

from albums.models import Album
from albums.services import change
from images import services
from images.delivery.covers import with_covers
from images.models import Image
from images.tests.helpers import album, colours, received, user, work_off
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
    change(holiday, cover_choice=old.public_id)
    assert cover_of(holiday) == old
    services.delete_images(alice, Image.objects.filter(pk=old.pk))
    assert cover_of(holiday) == new


def test_an_image_that_moved_away_is_no_cover():
    alice = user()
    holiday, other = album(alice), album(alice, "Norway")
    chosen, new = (received(holiday, content) for content in colours(2))
    work_off()
    change(holiday, cover_choice=chosen.public_id)
    newer = received(other, jpeg_bytes(color=(0, 0, 200)))
    work_off()
    services.move(chosen, other)
    assert (cover_of(holiday), cover_of(other)) == (new, newer)
    covers = Image.objects.covers_of([Album.objects.get(pk=one.pk) for one in (holiday, other)])
    assert covers == {holiday.pk: new, other.pk: newer}


def test_each_album_gets_its_own_in_a_fixed_number_of_queries(django_assert_num_queries):
    alice = user()
    albums = [album(alice, str(index)) for index in range(3)]
    images = [received(one) for one in albums]
    work_off()
    with django_assert_num_queries(2):
        assert [one.cover for one in with_covers(albums)] == images
