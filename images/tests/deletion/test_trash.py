"""The trash: what is deleted comes back as it was, or goes when its days are over."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest
from django.db import connections
from django.utils import timezone

from albums import services as albums
from albums.models import Album
from images import services
from images.covers import with_covers
from images.deletion import trash
from images.deletion.removal import purge
from images.models import Image, Status
from images.storage.base import image_storage
from images.tests.helpers import album, colours, received, staged, stored, user, work_off
from images.upkeep.reconcile import reconcile
from images.uploads import probing
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db


def refusal(act, *args, **kwargs):
    with pytest.raises(Problem) as caught:
        act(*args, **kwargs)
    return caught.value.code


def rows(thing):
    return type(thing).objects.filter(pk=thing.pk)


def to_trash(*things):
    for thing in things:
        delete = services.delete_albums if isinstance(thing, Album) else services.delete_images
        assert delete(thing.owner, rows(thing)) == 1


def holiday_of(owner, count=3):
    holiday = album(owner)
    images = [received(holiday, content) for content in colours(count)]
    work_off()
    return holiday, images


def sums_of(holiday):
    holiday.refresh_from_db()
    return holiday.image_count, holiday.bytes


def used_by(owner):
    owner.refresh_from_db()
    return owner.used_bytes


def test_a_trashed_image_is_seen_nowhere_and_comes_back_as_it_was():
    alice = user()
    holiday, [image, other] = holiday_of(alice, 2)
    services.change(image, name="geysir.jpg", caption="Hot")
    before = Image.objects.filter(pk=image.pk).values().get()
    to_trash(image)
    assert list(Image.objects.owned_by(alice)) == list(Image.objects.in_album(holiday)) == [other]
    assert sums_of(holiday) == (1, other.bytes)
    assert used_by(alice) == image.bytes + other.bytes
    assert purge() == 0
    trash.restore(trash.find(alice, image.public_id))
    assert Image.objects.filter(pk=image.pk).values().get() == before
    assert sums_of(holiday) == (2, image.bytes + other.bytes)


def test_a_trashed_album_comes_back_with_its_images_order_captions_and_cover():
    alice = user()
    holiday, images = holiday_of(alice)
    services.change(images[0], caption="Windy")
    services.change_album(holiday, cover_choice=images[0].public_id)
    before = Album.objects.values().get(), list(Image.objects.order_by("pk").values())
    to_trash(holiday)
    assert not Album.objects.owned_by(alice).exists()
    assert not Image.objects.owned_by(alice).exists()
    trash.restore(trash.find(alice, holiday.public_id))
    assert (Album.objects.values().get(), list(Image.objects.order_by("pk").values())) == before
    [shown] = with_covers(Album.objects.all())
    assert shown.cover == images[0]


def test_images_trashed_alone_stay_there_when_their_album_comes_back():
    alice = user()
    holiday, [alone, other] = holiday_of(alice, 2)
    to_trash(alone, holiday)
    trash.restore(trash.find(alice, holiday.public_id))
    assert list(Image.objects.owned_by(alice)) == [other]
    assert sums_of(holiday) == (1, other.bytes)
    trash.restore(trash.find(alice, alone.public_id))
    assert Image.objects.owned_by(alice).count() == sums_of(holiday)[0] == 2


def test_an_image_of_a_trashed_album_does_not_come_back_alone():
    alice = user()
    holiday, [alone, other] = holiday_of(alice, 2)
    to_trash(alone, holiday)
    for image in (alone, other):
        assert refusal(trash.restore, trash.find(alice, image.public_id)) == "album_in_trash"


def test_what_is_trashed_can_be_neither_renamed_nor_moved_nor_moved_into():
    alice = user()
    holiday, [image, other] = holiday_of(alice, 2)
    norway = album(alice, "Norway")
    to_trash(image, norway)
    acts = (
        lambda: services.change(image, name="x"),
        lambda: services.move(image, norway),
        lambda: services.move(other, norway),
        lambda: albums.change(norway, title="x"),
        lambda: services.find(alice, image.public_id),
        lambda: albums.find(alice, norway.public_id),
    )
    assert [refusal(act) for act in acts] == ["not_found"] * len(acts)
    to_trash(holiday)
    assert refusal(services.change, other, name="x") == "not_found"


def test_moving_to_where_the_bytes_are_in_the_trash_says_so():
    alice = user()
    holiday, norway = album(alice), album(alice, "Norway")
    image, twin = received(holiday), received(norway)
    to_trash(twin)
    with pytest.raises(Problem) as caught:
        services.move(image, norway)
    assert (caught.value.code, caught.value.extra) == ("duplicate", {"image": str(twin.public_id)})
    assert "in the trash" in caught.value.detail
    assert (sums_of(holiday)[0], sums_of(norway)[0]) == (1, 0)


def test_a_stranger_does_not_find_the_trash_of_another_user():
    alice, bob = user(), user("bob@example.org")
    holiday, [image] = holiday_of(alice, 1)
    to_trash(image, holiday)
    for thing in (holiday, image):
        assert refusal(trash.find, bob, thing.public_id) == "not_found"
    assert [list(source) for source in trash.contents(bob)] == [[], []]
    trash.empty(bob)
    assert [list(source) for source in trash.contents(alice)] == [[holiday], [image]]


# ---- Uploads --------------------------------------------------------------------------------


def test_the_same_bytes_again_restore_the_image_also_when_the_quota_is_full():
    alice = user()
    holiday = album(alice)
    image = received(holiday)
    alice.quota_bytes = image.bytes
    alice.save()
    to_trash(image)
    with staged() as file:
        again = services.receive(holiday, file)
    assert (again.image, again.created, again.image.trashed_at) == (image, False, None)
    assert sums_of(holiday) == (1, image.bytes)
    assert used_by(alice) == image.bytes
    assert len(stored()) == 1


def test_a_failed_image_that_comes_back_by_its_bytes_is_tried_again():
    holiday = album(user())
    image = received(holiday)
    rows(image).update(status=Status.FAILED, error_code="crashed", attempts=2)
    to_trash(image)
    again = received(holiday)
    assert (again, again.status, again.attempts) == (image, Status.PENDING, 0)


def test_an_upload_whose_album_is_trashed_meanwhile_is_a_404_that_stores_nothing(monkeypatch):
    alice = user()
    holiday = album(alice)
    probe = probing.probe

    def lose_the_album_and_probe(path, owner):
        to_trash(holiday)
        return probe(path, owner)

    monkeypatch.setattr(probing, "probe", lose_the_album_and_probe)
    with staged() as file:
        assert refusal(services.receive, holiday, file) == "not_found"
    assert (Image.objects.count(), used_by(alice), stored()) == (0, 0, set())


def test_the_same_bytes_bring_nothing_back_into_a_trashed_album():
    alice = user()
    holiday = album(alice)
    image = received(holiday)
    to_trash(image, holiday)
    with staged() as file:
        assert refusal(services.receive, holiday, file) == "not_found"
    image.refresh_from_db()
    assert (image.trashed_at is None, used_by(alice), len(stored())) == (False, image.bytes, 1)


def test_an_album_trashed_while_the_bytes_are_stored_has_none_of_them(monkeypatch):
    alice = user()
    holiday = album(alice)
    storage = type(image_storage())
    store = storage.store

    def store_then_lose_the_album(*args):
        store(*args)
        to_trash(holiday)

    monkeypatch.setattr(storage, "store", store_then_lose_the_album)
    with staged() as file:
        assert refusal(services.receive, holiday, file) == "not_found"
    assert (Image.objects.get().status, used_by(alice)) == (Status.DOOMED, 0)
    purge()
    assert stored() == set()
    trash.restore(trash.find(alice, holiday.public_id))
    assert sums_of(holiday) == (0, 0)


def test_trashed_images_are_made_all_the_same():
    alice = user()
    holiday = album(alice)
    alone, other = (received(holiday, content) for content in colours(2))
    to_trash(alone, holiday)
    assert work_off() == 2
    assert {image.status for image in (alone, other) if not image.refresh_from_db()} == {Status.READY}


# ---- For ever -------------------------------------------------------------------------------


def test_deleting_for_ever_gives_bytes_back_once_and_leaves_the_albums_sums():
    alice = user()
    holiday, [image, other] = holiday_of(alice, 2)
    to_trash(image)
    found = trash.find(alice, image.public_id)
    trash.delete(found)
    assert refusal(trash.delete, found) == "not_found"
    assert refusal(trash.restore, found) == "not_found"
    assert used_by(alice) == other.bytes
    assert sums_of(holiday) == (1, other.bytes)
    assert purge() == 1


def test_an_album_deleted_for_ever_takes_along_what_was_trashed_alone():
    alice = user()
    holiday, images = holiday_of(alice)
    to_trash(images[0], holiday)
    found = trash.find(alice, holiday.public_id)
    assert trash.sums_of(trash.images_of(found)) == trash.Sums(3, sum(image.bytes for image in images))
    trash.delete(found)
    assert used_by(alice) == 0
    assert purge() == 3
    assert (Album.objects.count(), stored()) == (0, set())


def test_what_came_back_is_not_deleted_by_an_older_question():
    alice = user()
    _, [image] = holiday_of(alice, 1)
    to_trash(image)
    found = trash.find(alice, image.public_id)
    trash.restore(trash.find(alice, image.public_id))
    assert refusal(trash.delete, found) == "not_found"
    assert list(Image.objects.owned_by(alice)) == [image]


def test_emptying_deletes_all_that_is_there_and_nothing_else():
    alice = user()
    holiday, [alone, other] = holiday_of(alice, 2)
    norway = album(alice, "Norway")
    received(norway)
    to_trash(alone, norway)
    trash.empty(alice)
    assert (list(Album.objects.owned_by(alice)), list(Image.objects.owned_by(alice))) == ([holiday], [other])
    assert used_by(alice) == other.bytes
    assert purge() == 2


def test_a_deleted_account_takes_its_trash_along():
    alice = user()
    _, [alone, _] = holiday_of(alice, 2)
    norway = album(alice, "Norway")
    received(norway)
    to_trash(alone, norway)
    services.delete_account(alice)
    assert used_by(alice) == 0
    purge()
    assert (Album.objects.count(), Image.objects.count(), stored()) == (0, 0, set())
    assert not type(alice).objects.exists()


def test_without_a_trash_deleting_is_for_ever(settings):
    settings.TRASH_DAYS = 0
    alice = user()
    holiday, [image, _] = holiday_of(alice, 2)
    services.delete_images(alice, rows(image))
    services.delete_albums(alice, rows(holiday))
    assert (purge(), used_by(alice), stored()) == (2, 0, set())


def test_deleting_for_ever_finds_what_another_trashed_meanwhile():
    alice = user()
    holiday, [image] = holiday_of(alice, 1)
    to_trash(image)
    assert services.delete_images(alice, rows(image), permanent=True) == 1
    to_trash(holiday)
    assert services.delete_albums(alice, rows(holiday), permanent=True) == 1


def test_reconcile_deletes_what_is_past_its_days(settings):
    settings.TRASH_DAYS = 7
    alice = user()
    _, [old, young, living] = holiday_of(alice)
    norway, sweden = album(alice, "Norway"), album(alice, "Sweden")
    received(norway)
    to_trash(old, young, norway, sweden)
    past, within = (timezone.now() - timedelta(days=7, minutes=minutes) for minutes in (5, -5))
    for thing, moment in ((old, past), (norway, past), (young, within), (sweden, within)):
        rows(thing).update(trashed_at=moment)
    report = reconcile()
    assert (report.expired_things, report.purged_images, report.repaired_sums) == (2, 2, 0)
    assert [list(source) for source in trash.contents(alice)] == [[sweden], [young]]
    assert list(Image.objects.owned_by(alice)) == [living]
    assert used_by(alice) == young.bytes + living.bytes


def test_no_more_days_are_left_than_the_trash_has():
    """The database's clock may be ahead of ours."""
    alice = user()
    _, [image] = holiday_of(alice, 1)
    to_trash(image)
    rows(image).update(trashed_at=timezone.now() + timedelta(minutes=5))
    image.refresh_from_db()
    [entry] = trash.entries([image])
    assert entry.days_left == 30


# ---- At once --------------------------------------------------------------------------------


def do_anything(chance, alice, where, pictures):
    """One thing that a person or a render thread does."""
    image = Image.objects.undeleted().filter(owner=alice).order_by("?").first()
    match chance.randrange(9):
        case 0 | 1:
            received(where, chance.choice(pictures))
        case 2 if image:
            services.delete_images(alice, rows(image), permanent=chance.random() < 0.3)
        case 3 if image:
            trash.restore(image)
        case 4:
            services.delete_albums(alice, rows(where))
            trash.restore(where)
        case 5 if image:
            services.move(image, where)
        case 6:
            work_off()
        case 7 if image:
            services.process_again(image)
        case 8 if image:
            services.change_album(where, cover_choice=image.public_id)


@pytest.mark.django_db(transaction=True)
def test_whatever_is_done_at_once_sums_and_covers_agree_afterwards():
    """Six people of one account trash, restore, delete, upload and render the same four pictures."""
    alice = user()
    holiday, norway = album(alice), album(alice, "Norway")
    pictures = list(colours(4))
    barrier, refused = threading.Barrier(6), set()

    def person(seed):
        chance = Random(seed)
        barrier.wait(timeout=60)
        try:
            for _ in range(12):
                try:
                    do_anything(chance, alice, chance.choice([holiday, norway]), pictures)
                except Problem as problem:
                    refused.add(problem.code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(person, range(6)))
    assert refused <= {"not_found", "duplicate", "album_in_trash", "not_ready"}
    assert not Image.objects.filter(status=Status.RECEIVING).exists()
    assert reconcile().repaired_sums == 0
    assert {name.rsplit("/", 1)[0] for name in stored()} == {image.storage_prefix for image in Image.objects.all()}
