"""The quota: never passed, and never in the way of bytes that the album has or is getting."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connections
from django.db.models.functions import Now

from albums.models import Album
from images import services
from images.models import Image, Month, OwnerMonth, Status
from images.services import Received, receive
from images.storage.base import image_storage
from images.tests.helpers import album, colours, received, staged, user
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
    try:
        yield entered, go
    finally:
        go.set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fails", [False, True])
def test_the_same_bytes_at_once_need_the_quota_of_one(monkeypatch, fails):
    """While the first holds the last room the others wait for it, and take its place if it fails."""
    size = len(jpeg_bytes())
    alice = user(quota_bytes=size)
    holiday = album(alice)
    with ThreadPoolExecutor(6) as pool, slow_storage(monkeypatch, fails) as (entered, go):
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
    with ThreadPoolExecutor(1) as pool, slow_storage(monkeypatch) as (entered, go):
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
    monkeypatch.setattr(reception, "SAME_BYTES_WAIT_SECONDS", 0.2)
    alice = user()
    holiday = album(alice)
    image = received(holiday)
    Image.objects.update(
        status=Status.RECEIVING, living_sha256=None, leased_until=Now() + reception.RECEPTION_LEASE
    )
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


def test_bytes_on_their_way_in_count_and_doomed_ones_do_not():
    alice = user()
    holiday = album(alice)
    coming, gone = (received(holiday, content) for content in colours(2))
    services.delete_images(alice, Image.objects.filter(pk=gone.pk), permanent=True)
    Image.objects.filter(pk=coming.pk).update(
        status=Status.RECEIVING, living_sha256=None, leased_until=Now() + reception.RECEPTION_LEASE
    )
    Album.objects.update(image_count=0, bytes=0)
    Month.objects.update(image_count=0)
    OwnerMonth.objects.update(image_count=0)
    assert reconcile().repaired_sums == 0
