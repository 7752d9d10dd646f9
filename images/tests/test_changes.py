"""Turning, dating and moving, of one image and of many at once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F

from accounts.models import User
from images import changes, services
from images.models import Image, Month, RenderAgain, Status
from images.processing import Crashed
from images.rendering import queue, variants
from images.tests.helpers import album, colours, made_album, received, stored, trash_all, user, work_off
from images.tests.pictures import jpeg_bytes
from images.upkeep import reconcile
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def image() -> Image:
    """60 × 40, READY."""
    made = received(album(user()), jpeg_bytes(60, 40))
    work_off()
    made.refresh_from_db()
    return made


def files_of(image: Image) -> set[str]:
    return {name.rpartition("/")[2] for name in stored() if name.startswith(image.storage_prefix)}


def sums_are_right() -> bool:
    return reconcile.reconcile().repaired_sums == 0


# ---- Turn -----------------------------------------------------------------------------------


def test_a_turned_image_shows_its_old_sizes_until_new_ones_are_made(image):
    before, old = image.variants, files_of(image)
    services.change(image, rotation=90)
    assert (image.rotation, image.width, image.height, image.status) == (90, 40, 60, Status.READY)
    assert (image.variants, files_of(image), image.is_turning) == (before, old, True)
    assert work_off() == 1
    image.refresh_from_db()
    assert not image.is_turning
    assert (image.width, image.height, image.status) == (40, 60, Status.READY)
    assert {(size["width"], size["height"]) for size in image.variants.values()} == {(40, 60)}
    assert files_of(image) == {"original", *(size["file"] for size in image.variants.values())}
    assert not files_of(image) & (old - {"original"})
    assert work_off() == 0


def test_four_quarters_are_as_if_nothing_had_been(image):
    before = image.variants
    for rotation in (90, 180, 270, 0):
        services.change(image, rotation=rotation)
    assert work_off() == 1
    image.refresh_from_db()
    assert image.variants == before
    assert not image.is_turning


def test_the_same_rotation_again_makes_nothing_again(image):
    services.change(image, rotation=0)
    assert work_off() == 0


def test_an_image_that_is_turned_while_it_waits_is_made_once(image):
    waiting = received(image.album, jpeg_bytes(50, 40))
    services.change(waiting, rotation=270)
    assert work_off() == 1
    waiting.refresh_from_db()
    assert (waiting.width, waiting.variants["thumb"]["width"]) == (40, 40)
    assert not RenderAgain.objects.exists()


@pytest.mark.parametrize("is_new", [True, False])
def test_an_image_that_is_turned_while_it_is_made_is_made_once_more(image, is_new, monkeypatch):
    """What was made meanwhile is of no use, and its files go."""
    if is_new:
        image = received(image.album, jpeg_bytes(50, 30))
    else:
        services.change(image, rotation=180)
    claim = queue.claim_next()
    store = variants._store

    def turn_meanwhile(*args):
        services.change(Image.objects.get(pk=image.pk), rotation=90)
        return store(*args)

    monkeypatch.setattr(variants, "_store", turn_meanwhile)
    variants.render(claim)
    monkeypatch.setattr(variants, "_store", store)
    image.refresh_from_db()
    assert image.status == (Status.PENDING if is_new else Status.READY)
    assert work_off() == 1
    image.refresh_from_db()
    assert {(size["width"], size["height"]) for size in image.variants.values()} == {(image.width, image.height)}
    assert image.width < image.height
    assert files_of(image) == {"original", *(size["file"] for size in image.variants.values())}
    assert not RenderAgain.objects.exists()


def test_a_turned_image_that_cannot_be_made_again_keeps_its_sizes(image, monkeypatch):
    before = image.variants

    def crash(*args):
        raise Crashed

    monkeypatch.setattr(variants, "render_in_child", crash)
    services.change(image, rotation=90)
    assert work_off() == variants.MAX_ATTEMPTS
    image.refresh_from_db()
    assert (image.status, image.variants, image.is_turning) == (Status.READY, before, False)
    assert not RenderAgain.objects.exists()


def test_a_failed_image_is_turned_in_its_row_alone(image):
    Image.objects.filter(pk=image.pk).update(status=Status.FAILED)
    services.change(image, rotation=90)
    assert (image.width, image.height, work_off()) == (40, 60, 0)


def test_deleted_images_wait_for_nothing(image):
    services.change(image, rotation=90)
    services.delete_images(image.owner, Image.objects.filter(pk=image.pk), permanent=True)
    assert work_off() == 0


def test_turned_images_and_new_ones_of_all_owners_take_turns(image):
    bob = user("bob@example.org")
    received(album(bob), jpeg_bytes(30, 20))
    received(image.album, jpeg_bytes(50, 40))
    services.change(image, rotation=90)
    owners, owner = [], 0
    while claim := queue.claim_next(owner):
        owner = claim.owner
        owners.append(owner)
        variants.render(claim)
    assert owners == [image.owner_id, bob.pk, image.owner_id]


# ---- Dates ----------------------------------------------------------------------------------


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_date_moves_an_image_to_another_month(image):
    services.change(image, taken_at=moment("2019-05-31T23:30:00.25"), taken_offset_minutes=120)
    assert (image.taken_at, image.sorted_at) == (moment("2019-05-31T23:30:00.25"),) * 2
    assert (image.taken_offset, image.taken_from) == ("+02:00", "owner")
    assert [str(month) for month in Month.objects.filter(image_count=1)] == ["2019-05"]
    services.change(image, taken_at=None)
    assert (image.taken_at, image.taken_offset, image.sorted_at) == (None, None, image.created_at)
    assert sums_are_right()


def test_many_clocks_are_shifted_but_for_those_that_nobody_knows():
    holiday, (first, second) = made_album(user())
    services.change(first, taken_at=moment("2019-05-31T23:59:59.75"))
    Image.objects.filter(pk=second.pk).update(taken_at=None, sorted_at=F("created_at"))
    refused = changes.shift_taken(holiday.images.all(), timedelta(seconds=1))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.taken_at, first.sorted_at) == (moment("2019-06-01T00:00:00.75"),) * 2
    assert [*refused] == [second.pk]
    assert second.sorted_at == second.created_at
    assert sums_are_right()


@pytest.mark.parametrize("seconds", [10**12, -(10**12), 10**13])
def test_no_clock_is_shifted_out_of_time(image, seconds):
    services.change(image, taken_at=moment("2019-05-31T23:59:59"))
    assert [*changes.shift_taken(Image.objects.filter(pk=image.pk), timedelta(seconds=seconds))] == [image.pk]
    image.refresh_from_db()
    assert image.taken_at == moment("2019-05-31T23:59:59")


# ---- Move -----------------------------------------------------------------------------------


def test_many_images_move_from_several_albums_and_duplicates_stay(django_assert_max_num_queries):
    alice = user()
    first, images = made_album(alice, 4)
    second, others = made_album(alice, 3, "Winter")
    target = album(alice, "All")
    with django_assert_max_num_queries(35):
        refused = changes.move(alice, Image.objects.filter(album__in=[first, second]), target)
    assert {problem.code for problem in refused.values()} == {"duplicate"}
    assert sorted(refused) == [image.pk for image in others]
    assert [first_of.image_count for first_of in type(target).objects.order_by("pk")] == [0, 3, 4]
    listed = services.LIST.read({"ordering": "position"}).page(Image.objects.in_album(target)).items
    assert listed == images
    assert sums_are_right()


def test_images_of_others_and_in_the_trash_are_not_moved():
    alice, bob = user(), user("bob@example.org")
    [one] = [received(album(alice), content) for content in colours(1)]
    trash_all(one)
    assert changes.move(alice, Image.objects.filter(pk=one.pk), album(alice, "All")) == {}
    one.refresh_from_db()
    assert one.album.title == "Iceland"
    gone = album(bob, "Gone")
    trash_all(gone)
    with pytest.raises(Problem) as caught:
        changes.move(bob, Image.objects.none(), gone)
    assert caught.value.code == "not_found"
    assert User.objects.count() == 2
