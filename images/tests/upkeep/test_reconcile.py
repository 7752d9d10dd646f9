"""Reconcile sets drifted sums right."""

import pytest

from albums.models import Album
from images import services
from images.models import Image
from images.tests.helpers import album, colours, received, user
from images.upkeep.reconcile import reconcile

pytestmark = pytest.mark.django_db


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
    monkeypatch.setattr("images.upkeep.reconcile.SUMS_BATCH_ROWS", 2)
    alice = user()
    for number in range(5):
        album(alice, str(number))
    Album.objects.update(bytes=1)
    assert reconcile().repaired_sums == 5
