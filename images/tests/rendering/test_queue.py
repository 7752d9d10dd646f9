"""The queue of images that wait for their sizes: one lease, one worker, users in turn."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from images import lifecycle
from images.models import Image, Status
from images.rendering import queue, variants
from images.tests.helpers import album, colours, received, stored, user, work_off

pytestmark = pytest.mark.django_db


def test_one_image_is_claimed_by_one_worker():
    image = received(album(user()))
    hour = timedelta(hours=1)
    claims = [lifecycle.lease(Image.objects.filter(pk=image.pk), hour) for _ in range(3)]
    assert [bool(token) for token in claims] == [True, False, False]
    assert queue.claim_next() is None


def test_a_lease_that_ran_out_is_claimed_again():
    image = received(album(user()))
    lifecycle.lease(Image.objects.filter(pk=image.pk), timedelta(seconds=-1))
    assert queue.claim_next().image == image.pk


def test_a_lease_longer_than_any_was_given_by_a_clock_that_has_been_set_back_since():
    """Whoever held it may be dead, and the image would wait for the year that the clock showed."""
    image = received(album(user()))
    Image.objects.update(leased_until=timezone.now() + timedelta(days=365), lease_token=uuid4())
    assert queue.claim_next().image == image.pk


def test_who_slept_past_the_lease_overwrites_nothing():
    image = received(album(user()))
    sleeper = queue.claim_next()
    Image.objects.update(leased_until=timezone.now() - timedelta(minutes=1))
    work_off()
    image.refresh_from_db()
    before = (image.status, image.updated_at, stored())
    variants.render(sleeper)
    image.refresh_from_db()
    assert (image.status, image.updated_at, stored()) == before
    assert image.status == Status.READY


def test_the_queue_goes_round_among_users():
    alice, bob = user(), user("bob@example.org")
    for content in colours(3):
        received(album(alice), content)
    his = received(album(bob))
    first = queue.claim_next()
    second = queue.claim_next(first.owner)
    third = queue.claim_next(second.owner)
    assert [first.owner, second.owner, third.owner] == [alice.pk, bob.pk, alice.pk]
    assert second.image == his.pk


def test_a_renewed_lease_lasts_and_a_lost_one_stays_lost():
    received(album(user()))
    mine = queue.claim_next()
    Image.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    queue.extend([mine])
    assert queue.claim_next() is None
    Image.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    other = queue.claim_next()
    queue.extend([mine])
    assert Image.objects.get().lease_token == other.token
