"""The months of an album count the images that its sums count, after every change."""

from datetime import UTC, date, datetime

import pytest

from accounts.models import User
from albums.models import Album
from images import services
from images.deletion.removal import purge
from images.deletion.trash import restore_images
from images.models import Image, Month, OwnerMonth
from images.tests.helpers import album, colours, received, user
from images.upkeep.reconcile import reconcile

pytestmark = pytest.mark.django_db

MAY, JUNE = datetime(2024, 5, 31, 23, 59, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)


def months_of(chosen: Album) -> dict[date, int]:
    months = Month.objects.filter(album=chosen, image_count__gt=0)
    return dict(months.values_list("begins", "image_count"))


@pytest.fixture
def alice() -> User:
    return user()


@pytest.fixture
def holiday(alice: User) -> Album:
    """With one image of May and two of June."""
    holiday = album(alice)
    for content, taken in zip(colours(3), (MAY, JUNE, JUNE), strict=True):
        image = received(holiday, content)
        Image.objects.filter(pk=image.pk).update(taken_at=taken, sorted_at=taken)
    reconcile()
    assert months_of(holiday) == {date(2024, 5, 1): 1, date(2024, 6, 1): 2}
    return holiday


def test_an_upload_is_counted_in_its_month(alice: User) -> None:
    image = received(album(alice))
    assert months_of(image.album) == {image.sorted_at.date().replace(day=1): 1}
    assert reconcile().repaired_sums == 0


def test_months_follow_trash_and_restore(alice: User, holiday: Album) -> None:
    services.delete_images(alice, Image.objects.filter(album=holiday, sorted_at=JUNE))
    assert months_of(holiday) == {date(2024, 5, 1): 1}
    restore_images(alice, Image.objects.filter(album=holiday))
    assert months_of(holiday) == {date(2024, 5, 1): 1, date(2024, 6, 1): 2}
    assert reconcile().repaired_sums == 0


def test_months_follow_an_image_to_another_album(alice: User, holiday: Album) -> None:
    other = album(alice, "Norway")
    services.move(Image.objects.get(album=holiday, sorted_at=MAY), other)
    assert months_of(holiday) == {date(2024, 6, 1): 2}
    assert months_of(other) == {date(2024, 5, 1): 1}
    assert reconcile().repaired_sums == 0


def test_what_is_deleted_for_ever_is_subtracted_once(alice: User, holiday: Album) -> None:
    in_june = Image.objects.filter(album=holiday, sorted_at=JUNE)
    services.delete_images(alice, Image.objects.filter(pk=in_june.first().pk))
    services.delete_images(alice, in_june, permanent=True)
    assert months_of(holiday) == {date(2024, 5, 1): 1}
    assert reconcile().repaired_sums == 0


def test_months_go_with_their_album(alice: User, holiday: Album) -> None:
    other = received(album(alice, "Norway"), *colours(1))
    services.delete_albums(alice, Album.objects.filter(pk=holiday.pk), permanent=True)
    assert months_of(holiday) == {}
    [left] = OwnerMonth.objects.filter(owner=alice, image_count__gt=0)
    assert (left.begins, left.image_count) == (other.sorted_at.date().replace(day=1), 1)
    assert reconcile().repaired_sums == 0
    purge()
    assert not Month.objects.filter(album=holiday.pk).exists()


def test_reconcile_sets_drifted_months_right(alice: User, holiday: Album) -> None:
    right = months_of(holiday)
    Month.objects.filter(begins__month=5).update(image_count=7)
    Month.objects.filter(begins__month=6).delete()
    Month.objects.create(owner=alice, album=holiday, begins=date(1999, 1, 1), image_count=1)
    assert reconcile(sums=False).repaired_sums == 0
    assert reconcile().repaired_sums == 1
    assert months_of(holiday) == right
    assert reconcile().repaired_sums == 0


def test_reconcile_sets_drifted_months_of_an_owner_right(alice: User, holiday: Album) -> None:
    months = OwnerMonth.objects.filter(owner=alice).order_by("begins").values_list("begins", "image_count")
    right = [(date(2024, 5, 1), 1), (date(2024, 6, 1), 2)]
    assert list(months.filter(image_count__gt=0)) == right
    OwnerMonth.objects.filter(begins__month=5).update(image_count=7)
    OwnerMonth.objects.filter(begins__month=6).delete()
    OwnerMonth.objects.create(owner=alice, begins=date(1999, 1, 1), image_count=1)
    assert reconcile().repaired_sums == 3
    assert list(months.filter(image_count__gt=0)) == right
    assert reconcile().repaired_sums == 0


def test_months_of_an_owner_are_summed_over_albums(alice: User, holiday: Album) -> None:
    *_, one, other = colours(5)
    image = received(album(alice, "Norway"), one)
    Image.objects.filter(pk=image.pk).update(sorted_at=MAY)
    received(holiday, other)
    reconcile()
    assert OwnerMonth.objects.get(owner=alice, begins=date(2024, 5, 1)).image_count == 2
    assert reconcile().repaired_sums == 0
