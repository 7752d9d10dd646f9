"""The engine: woken or not, it makes what waits and clears what is doomed."""

import threading
import time

import pytest
from django.db import OperationalError

from images import engine, services, wakeups
from images.models import Image, Status
from images.rendering import queue
from images.tests.helpers import album, colours, received, stored, user
from images.uploads import probing

pytestmark = pytest.mark.django_db(transaction=True)


def eventually(holds, seconds=30):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def ready():
    return Image.objects.filter(status=Status.READY).count()


@pytest.fixture
def running_engine():
    engine.start()
    yield engine._engine
    engine.stop()


def test_what_waited_before_the_start_is_made(request):
    holiday = album(user())
    for content in colours(3):
        received(holiday, content)
    request.getfixturevalue("running_engine")
    eventually(lambda: ready() == 3)


def test_uploads_are_made_and_deletions_cleared(running_engine):
    alice = user()
    image = received(album(alice))
    eventually(lambda: ready() == 1)
    services.delete_images(alice, Image.objects.filter(pk=image.pk), permanent=True)
    eventually(lambda: not Image.objects.exists() and stored() == set())


def test_a_lost_wake_up_is_harmless(running_engine, monkeypatch):
    monkeypatch.setattr(wakeups.work_waits, "set", lambda: None)
    received(album(user()))
    eventually(lambda: ready() == 1)


def test_a_dead_database_stops_the_queue_only_for_a_while(running_engine, monkeypatch):
    claim, failures = queue.claim_next, []

    def fail_twice(owner):
        if len(failures) < 2:
            failures.append(owner)
            raise OperationalError("server has gone away")
        return claim(owner)

    monkeypatch.setattr(engine, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(queue, "claim_next", fail_twice)
    received(album(user()))
    eventually(lambda: ready() == 1)
    assert len(failures) == 2


def test_stopping_finishes_what_is_being_made():
    holiday = album(user())
    for content in colours(4):
        received(holiday, content)
    engine.start()
    try:
        eventually(lambda: Image.objects.exclude(lease_token=None).exists() or ready())
    finally:
        engine.stop()
    assert not Image.objects.exclude(lease_token=None).exists()
    assert engine._engine is None


def test_the_slots_go_round_among_their_owners():
    """The owner with the fewest slots comes first; among equals the one who came first."""
    slots, order, threads = probing.FairSlots(1), [], []

    def wait_for(owner):
        with slots.slot(owner):
            order.append(owner)

    with slots.slot(1):
        for owner in (1, 1, 2):
            threads.append(threading.Thread(target=wait_for, args=(owner,)))
            threads[-1].start()
            eventually(lambda: len(slots._waiting) == len(threads))
    for thread in threads:
        thread.join()
    assert order == [1, 1, 2]


def test_an_owner_with_a_slot_waits_behind_one_without():
    slots, order = probing.FairSlots(2), []

    def wait_for(owner):
        with slots.slot(owner):
            order.append(owner)

    threads = [threading.Thread(target=wait_for, args=(owner,)) for owner in (1, 2)]
    with slots.slot(1):
        with slots.slot(3):
            for count, thread in enumerate(threads, 1):
                thread.start()
                eventually(lambda count=count: len(slots._waiting) == count)
        for thread in threads:
            thread.join(60)
    assert order == [2, 1]
