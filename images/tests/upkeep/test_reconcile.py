"""Reconcile sets drifted sums and covers right, and forgets what has expired."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import tokens
from accounts.models import ApiLogin, Session
from albums.models import Album
from images import services
from images.models import Finding, Image
from images.tests.helpers import album, colours, made_album, received, user
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
    Album.objects.filter(pk=norway.pk).update(bytes=0, cover_key=alone.pk)
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


def test_reconcile_sets_a_drifted_cover_right():
    holiday, [image] = made_album(user(), 1)
    Album.objects.update(cover_key=0)
    assert reconcile().repaired_sums == 1
    assert Album.objects.get(pk=holiday.pk).cover_key == image.pk


def finding(name: str, *, seen: int, resolved: int | None = None) -> None:
    """`seen` and `resolved` are days ago."""
    now = timezone.now()
    Finding.objects.create(
        kind=Finding.Kind.UNKNOWN_FILE,
        file=name,
        found_at=now - timedelta(days=1000),
        seen_at=now - timedelta(days=seen),
        resolved_at=None if resolved is None else now - timedelta(days=resolved),
    )


def test_old_findings_are_forgotten():
    finding("open", seen=364)
    finding("not seen again", seen=366)
    finding("resolved lately", seen=900, resolved=89)
    finding("resolved long ago", seen=900, resolved=91)
    assert reconcile().old_findings == 2
    assert set(Finding.objects.values_list("file", flat=True)) == {"open", "resolved lately"}
    assert reconcile().old_findings == 0


def test_expired_logins_and_sessions_are_forgotten():
    tokens.issue(user())
    ApiLogin.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    Session.objects.create(session_key="x", session_data="", expire_date=timezone.now() - timedelta(seconds=1))
    assert reconcile().expired_logins == 2
    assert not ApiLogin.objects.exists()
    assert not Session.objects.exists()
