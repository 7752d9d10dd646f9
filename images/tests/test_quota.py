"""The quota: never passed, and never in the way of bytes that the album has or is getting."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connections
from django.db.models.functions import Now
from django.urls import reverse

from albums.models import Album
from images import services
from images.models import Image, Status
from images.services import Received, receive
from images.storage.base import image_storage
from images.tests.helpers import album, colours, received, staged, upload, user
from images.tests.pictures import jpeg_bytes
from images.upkeep.reconcile import reconcile
from images.uploads import reception
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db


def received_by_another(holiday, content=b""):
    """How an upload on another thread ends."""
    try:
        with staged(content) as file:
            return receive(holiday, file)
    except Problem as problem:
        return problem
    finally:
        connections.close_all()


@contextmanager
def slow_storage(monkeypatch, fails=False):
    """The first file is stored only when the block lets it: `entered` is set when it comes, `go` lets it end."""
    storage = type(image_storage())
    store, entered, go = storage.store, threading.Event(), threading.Event()

    def wait_first(*args):
        if entered.is_set():
            return store(*args)
        entered.set()
        assert go.wait(20)
        if fails:
            raise OSError(28, "No space left on device")
        return store(*args)

    monkeypatch.setattr(storage, "store", wait_first)
    yield entered, go
    go.set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fails", [False, True])
def test_the_same_bytes_at_once_need_room_for_one(monkeypatch, fails):
    """While the first holds the last room the others wait for it, and take its place if it fails."""
    size = len(jpeg_bytes())
    alice = user(quota_bytes=size)
    holiday = album(alice)
    with slow_storage(monkeypatch, fails) as (entered, go), ThreadPoolExecutor(6) as pool:
        first = pool.submit(received_by_another, holiday)
        assert entered.wait(20)
        others = [pool.submit(received_by_another, holiday) for _ in range(5)]
        go.set()
        outcomes = [other.result() for other in others]
    [image] = Image.objects.living()
    assert {outcome.image for outcome in outcomes} == {image}
    created = [outcome.created for outcome in outcomes].count(True)
    assert (first.result().code, created) == ("storage_unavailable", 1) if fails else first.result().created
    assert created == int(fails)
    alice.refresh_from_db()
    assert alice.used_bytes == size


@pytest.mark.django_db(transaction=True)
def test_other_bytes_are_refused_at_once(monkeypatch):
    first, other = colours(2)
    alice = user(quota_bytes=len(first))
    holiday = album(alice)
    with slow_storage(monkeypatch) as (entered, go), ThreadPoolExecutor(1) as pool:
        slow = pool.submit(received_by_another, holiday, first)
        assert entered.wait(20)
        refused = received_by_another(holiday, other)
        assert isinstance(refused, Problem)
        assert not slow.done()
        go.set()
    assert (refused.code, refused.extra) == ("quota_exceeded", {"limit": len(first), "used": len(first)})
    assert isinstance(slow.result(), Received)


def test_the_wait_for_the_same_bytes_ends_in_try_again(monkeypatch):
    """Not in "no room": once they are there, or their upload is given up, the answer is the image."""
    monkeypatch.setattr(reception, "PATIENCE", 0.2)
    alice = user()
    holiday = album(alice)
    image = received(holiday)
    Image.objects.update(status=Status.RECEIVING, living_sha256=None, leased_until=Now() + reception.RECEPTION)
    alice.quota_bytes = image.bytes
    alice.save()
    with staged() as file, pytest.raises(Problem) as caught:
        receive(Album.objects.get(), file)
    assert caught.value.code == "storage_unavailable"
    assert int(caught.value.headers["Retry-After"]) > 0
    Image.objects.update(leased_until="2020-01-01T00:00Z")
    reconcile()
    with staged() as file:
        assert receive(Album.objects.get(), file).created


def test_the_api_says_limit_and_used(client):
    alice = user(quota_bytes=10)
    client.force_login(alice)
    answer = client.post(reverse("api-images", args=[album(alice).public_id]), {"file": upload()})
    body = answer.json()
    assert (answer.status_code, body["code"], body["limit"], body["used"]) == (413, "quota_exceeded", 10, 0)


def test_the_album_page_says_when_room_runs_short(client):
    alice = user(quota_bytes=10_000)
    holiday = album(alice)
    client.force_login(alice)

    def page():
        return client.get(holiday.get_absolute_url()).content.decode()

    assert "left</span>" not in page()
    assert 'data-free-bytes="10000"' in page()
    type(alice).objects.update(used_bytes=9_500)
    assert "500\xa0bytes of your 10\xa0KB left" in page()
    tiles = client.get(reverse("album-tiles", args=[holiday.public_id])).content.decode()
    for part in (page(), tiles):
        assert 'left</span> <a href="/trash/">Empty the trash to make room</a>' in part
    assert 'data-free-bytes="500"' in page()


def test_the_page_leaves_the_judgement_to_the_store_where_bytes_may_come_back(client):
    alice = user(quota_bytes=10_000)
    holiday = album(alice)
    client.force_login(alice)
    services.delete_images(alice, Image.objects.filter(pk=received(holiday).pk))
    assert "data-free-bytes" not in client.get(holiday.get_absolute_url()).content.decode()


# ---- Sums that drifted ----------------------------------------------------------------------


def test_reconcile_sets_drifted_sums_right():
    alice, bob = user(), user("bob@example.org")
    holiday, norway = album(alice), album(bob)
    _first, alone = (received(holiday, content) for content in colours(2))
    services.delete_images(alice, Image.objects.filter(pk=alone.pk))
    received(norway)
    right = [list(type(row).objects.order_by("pk").values()) for row in (alice, holiday)]
    assert reconcile().repaired_sums == 0
    type(alice).objects.filter(pk=alice.pk).update(used_bytes=1)
    Album.objects.filter(pk=holiday.pk).update(image_count=7)
    Album.objects.filter(pk=norway.pk).update(bytes=0)
    assert reconcile(sums=False).repaired_sums == 0
    assert reconcile().repaired_sums == 3
    assert [list(type(row).objects.order_by("pk").values()) for row in (alice, holiday)] == right
    assert reconcile().repaired_sums == 0


def test_sums_are_compared_in_batches(monkeypatch):
    monkeypatch.setattr("images.upkeep.reconcile.BATCH", 2)
    alice = user()
    for number in range(5):
        album(alice, str(number))
    Album.objects.update(bytes=1)
    assert reconcile().repaired_sums == 5


def test_bytes_on_their_way_in_count_and_doomed_ones_do_not():
    alice = user()
    holiday = album(alice)
    coming, gone = (received(holiday, content) for content in colours(2))
    services.delete_images(alice, Image.objects.filter(pk=gone.pk), permanent=True)
    Image.objects.filter(pk=coming.pk).update(
        status=Status.RECEIVING, living_sha256=None, leased_until=Now() + reception.RECEPTION
    )
    Album.objects.update(image_count=0, bytes=0)
    assert reconcile().repaired_sums == 0
