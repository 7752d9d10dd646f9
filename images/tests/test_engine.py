"""The engine: woken or not, it makes what waits and clears what is doomed."""

import socket
import threading
import time
from datetime import timedelta

import pytest
from django.core import mail
from django.db import OperationalError

from accounts.models import OutgoingMail
from accounts.services import ask_for_reset
from images import engine, services, wakeups
from images.deletion import cdn
from images.models import CdnPurge, Image, Status
from images.rendering import queue, variants
from images.tests.helpers import album, colours, received, stored, user
from images.tests.pictures import png_bytes
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

    def fail_twice(owner, **options):
        if len(failures) < 2:
            failures.append(owner)
            raise OperationalError("server has gone away")
        return claim(owner, **options)

    monkeypatch.setattr(engine, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(queue, "claim_next", fail_twice)
    received(album(user()))
    eventually(lambda: ready() == 1)
    assert len(failures) == 2


@pytest.mark.parametrize("column", ["width", "bytes"])
def test_large_images_leave_a_slot_for_small_ones(settings, monkeypatch, column):
    """Of several owners, in two slots: the small image, which came last, is made while a large one still is."""
    settings.RENDER_WORKERS = 2
    large = [received(album(user(f"mallory{n}@example.org")), content) for n, content in enumerate(colours(3))]
    Image.objects.update(**{column: queue.LARGE_PIXELS * 2})
    small = received(album(user()), png_bytes())
    started, go_on = [], threading.Event()

    def render(claim):
        started.append(claim.image)
        assert claim.image == small.pk or go_on.wait(30)
        Image.objects.filter(pk=claim.image).update(status=Status.READY)

    monkeypatch.setattr(variants, "render", render)
    engine.start()
    try:
        eventually(lambda: Image.objects.filter(pk=small.pk, status=Status.READY).exists())
        assert started == [large[0].pk, small.pk]
        go_on.set()
        eventually(lambda: ready() == 4)
    finally:
        go_on.set()
        engine.stop()
    assert started == [large[0].pk, small.pk, large[1].pk, large[2].pk]


def test_one_slot_makes_large_images_too(settings, request):
    settings.RENDER_WORKERS = 1
    received(album(user()))
    Image.objects.update(width=queue.LARGE_PIXELS)
    request.getfixturevalue("running_engine")
    eventually(lambda: ready() == 1)


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


def test_mails_leave_by_themselves(running_engine):
    alice = user()
    ask_for_reset(alice.email)
    eventually(lambda: [message.to for message in mail.outbox] == [[alice.email]])


def test_a_silent_mail_server_holds_up_neither_images_nor_the_end(settings, monkeypatch):
    monkeypatch.setattr(engine, "SENDER_STOP_SECONDS", 0.3)
    silent = socket.create_server(("127.0.0.1", 0))
    settings.EMAIL_BACKEND = "imagestore.kit.smtp.SmtpBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
    settings.EMAIL_TIMEOUT = 60
    with silent:
        engine.start()
        alice = user()
        ask_for_reset(alice.email)
        eventually(lambda: OutgoingMail.objects.get().attempts == 1)
        image = received(album(alice))
        eventually(lambda: ready() == 1)
        services.delete_images(alice, Image.objects.filter(pk=image.pk), permanent=True)
        eventually(lambda: not Image.objects.exists())
        started = time.monotonic()
        engine.stop()
        assert time.monotonic() - started < 10
    assert OutgoingMail.objects.get().due_at is not None


def test_a_silent_hook_of_the_cdn_holds_up_neither_deletions_nor_the_end(settings, monkeypatch):
    monkeypatch.setattr(engine, "SENDER_STOP_SECONDS", 0.3)
    monkeypatch.setattr(cdn, "DELAY", timedelta(0))
    silent = socket.create_server(("127.0.0.1", 0))
    settings.CDN_PURGE_URL = "http://127.0.0.1:{1}/".format(*silent.getsockname())
    with silent:
        engine.start()
        alice = user()
        for content in colours(2):
            image = received(album(alice), content)
            eventually(lambda: not Image.objects.exclude(status=Status.READY).exists())
            services.delete_images(alice, Image.objects.filter(pk=image.pk), permanent=True)
            eventually(lambda: not Image.objects.exists())
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(4) == b"POST"
            started = time.monotonic()
            engine.stop()
            assert time.monotonic() - started < 10
    assert CdnPurge.objects.count() == 2


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
