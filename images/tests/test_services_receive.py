"""Receiving: durable and committed, or nothing at all."""

import errno
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connections

from albums.models import Album
from images.deletion.removal import doom_albums, doom_images
from images.models import Image, Status
from images.services import receive, receive_many
from images.storage.base import image_storage
from images.tests.helpers import album, colours, in_staging, original_bytes, received, staged, stored, user
from images.tests.pictures import jpeg_bytes, png_bytes
from images.upkeep.reconcile import reconcile
from images.uploads import probing, staging
from images.uploads.filenames import clean_name
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db


def refusal(code, *args, **kwargs):
    with pytest.raises(Problem) as caught:
        receive(*args, **kwargs)
    assert caught.value.code == code
    return caught.value


def test_a_received_image_is_pending_and_its_original_is_byte_for_byte_there():
    holiday, content = album(user()), jpeg_bytes(80, 60)
    with staged(content, "Geysir.JPG") as file:
        result = receive(holiday, file, caption="Hot", sha256=file.sha256.upper())
    image = result.image
    assert result.created
    assert (image.status, image.name, image.caption) == (Status.PENDING, "Geysir.JPG", "Hot")
    assert (image.width, image.height, image.content_type, image.bytes) == (80, 60, "image/jpeg", len(content))
    assert original_bytes(image) == content
    assert stored() == {image.original_file}
    assert in_staging() == []


def test_the_sums_of_album_and_owner_follow():
    alice = user()
    holiday = album(alice)
    first, second = (received(holiday, content) for content in colours(2))
    holiday.refresh_from_db()
    alice.refresh_from_db()
    total = first.bytes + second.bytes
    assert (holiday.image_count, holiday.bytes, alice.used_bytes) == (2, total, total)


def test_the_same_bytes_again_give_the_same_image_and_no_second_copy():
    holiday = album(user())
    first = received(holiday, name="one.jpg")
    with staged(name="two.jpg") as file:
        again = receive(holiday, file)
    assert (again.image, again.created, again.image.name) == (first, False, "one.jpg")
    assert len(stored()) == 1


def test_the_same_bytes_in_another_album_are_another_image():
    alice = user()
    first, second = received(album(alice)), received(album(alice, "Norway"))
    assert first != second
    assert len(stored()) == 2


def test_the_same_bytes_of_a_failed_image_are_tried_again():
    holiday = album(user())
    image = received(holiday)
    Image.objects.update(status=Status.FAILED, error_code="crashed", error_detail="It broke.", attempts=2)
    with staged() as file:
        again = receive(holiday, file)
    assert (again.image, again.created) == (image, False)
    assert (again.image.status, again.image.attempts, again.image.error_code) == (Status.PENDING, 0, "")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"just some text that ends in .jpg", "unsupported_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format"),
        (png_bytes()[:20], "invalid_image"),
    ],
)
def test_what_is_not_a_picture_is_refused_and_leaves_nothing(content, code):
    alice = user()
    with staged(content) as file:
        refusal(code, album(alice), file)
    alice.refresh_from_db()
    assert (Image.objects.count(), stored(), in_staging(), alice.used_bytes) == (0, set(), [], 0)


def test_an_empty_file_is_not_a_picture():
    with staged(b"x") as file:
        file.size = 0
        refusal("unsupported_format", album(user()), file)


def test_a_wrong_checksum_is_refused():
    with staged() as file:
        refusal("checksum_mismatch", album(user()), file, sha256="0" * 64)
    assert stored() == set()


def test_too_many_pixels_are_refused_from_the_header(settings):
    settings.MAX_PIXELS = 1000
    with staged(jpeg_bytes(100, 11)) as file:
        refusal("too_many_pixels", album(user()), file)


def test_a_file_over_the_limit_is_let_go_while_it_comes(settings):
    settings.MAX_UPLOAD_BYTES = 100
    with staged(b"x" * 300) as file:
        assert file.path.stat().st_size == 0
        refusal("file_too_large", album(user()), file)


def test_a_full_quota_refuses_new_bytes_but_not_those_that_are_there():
    alice = user()
    holiday = album(alice)
    image = received(holiday)
    alice.quota_bytes = image.bytes
    alice.save()
    holiday.owner = alice
    with staged(jpeg_bytes(color=(1, 2, 3))) as file:
        problem = refusal("quota_exceeded", holiday, file)
    assert problem.extra == {"limit": image.bytes, "used": image.bytes}
    assert received(holiday) == image


def test_an_album_deleted_meanwhile_is_a_404_and_nothing_is_stored(monkeypatch):
    alice = user()
    holiday = album(alice)
    store = type(image_storage()).store

    def store_then_lose_the_album(*args):
        store(*args)
        doom_albums(alice, Album.objects.all())

    monkeypatch.setattr(type(image_storage()), "store", store_then_lose_the_album)
    with staged() as file:
        refusal("not_found", holiday, file)
    alice.refresh_from_db()
    assert (Image.objects.get().status, alice.used_bytes) == (Status.DOOMED, 0)


def test_a_reception_that_took_longer_than_its_lease_leaves_nothing(monkeypatch):
    alice = user()
    store = type(image_storage()).store

    def store_too_late(self, *args):
        Image.objects.update(leased_until="2020-01-01T00:00Z")
        assert reconcile().purged_images == 1
        store(self, *args)

    monkeypatch.setattr(type(image_storage()), "store", store_too_late)
    with staged() as file:
        refusal("storage_unavailable", album(alice), file)
    alice.refresh_from_db()
    assert (Image.objects.count(), stored(), alice.used_bytes) == (0, set(), 0)


def is_called_full(holiday, caplog):
    with staged() as file:
        refused = refusal("storage_unavailable", holiday, file)
    assert refused.detail.startswith("The disk of the store is full. Nothing was stored.")
    assert "No space left on device" in caplog.text


@pytest.mark.parametrize("place", ["storage", "child"])
def test_a_full_disk_is_called_so_in_answer_and_log(place, monkeypatch, caplog):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    broken = {"storage": (type(image_storage()), "store"), "child": (probing, "probe_in_child")}
    holiday = album(user())
    monkeypatch.setattr(*broken[place], full)
    is_called_full(holiday, caplog)


def test_a_full_disk_of_staging_is_called_so_in_answer_and_log(monkeypatch, caplog):
    holiday = album(user())
    with Path("/dev/full").open("wb") as full_disk:
        monkeypatch.setattr(staging.os, "fdopen", lambda descriptor, mode: full_disk)
        is_called_full(holiday, caplog)


def test_a_machine_without_processes_is_a_503(monkeypatch):
    def no_process(*args):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(probing, "probe_in_child", no_process)
    with staged() as file:
        refusal("storage_unavailable", album(user()), file)


@pytest.mark.slow
def test_a_file_made_to_be_looked_at_for_long_is_refused_soon(monkeypatch):
    """Pillow walks these markers one by one: without a limit of its own, for most of a minute."""
    content = b"\xff\xd8" + b"\xff" * 30_000_000 + jpeg_bytes()[2:]
    monkeypatch.setattr(probing, "PROBE_CPU_SECONDS", 1)
    started = time.monotonic()
    with staged(content) as file:
        refusal("invalid_image", album(user()), file)
    assert time.monotonic() - started < 30


@pytest.mark.django_db(transaction=True)
def test_the_sums_stay_right_while_everything_is_deleted_during_uploads():
    alice = user()
    albums = [album(alice, str(index)) for index in range(6)]
    done = threading.Event()

    def delete(_):
        try:
            while not done.is_set():
                for holiday in albums:
                    doom_images(alice, Image.objects.in_album(holiday))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        deleters = [pool.submit(delete, index) for index in range(2)]
        try:
            for holiday in albums:
                try:
                    received(holiday)
                except Problem as problem:
                    # The image may be deleted before its upload can answer.
                    if problem.code != "not_found":
                        raise
        finally:
            done.set()
        for deleter in deleters:
            deleter.result()
    for holiday in albums:
        holiday.refresh_from_db()
    alice.refresh_from_db()
    living = list(Image.objects.living())
    assert alice.used_bytes == sum(image.bytes for image in living)
    assert [one.image_count for one in albums] == [sum(image.album == one for image in living) for one in albums]


def test_a_full_disk_is_a_503_that_gives_everything_back(monkeypatch):
    alice = user()

    def full(self, *args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(image_storage()), "store", full)
    with staged() as file:
        refusal("storage_unavailable", album(alice), file)
    alice.refresh_from_db()
    assert (Image.objects.get().status, alice.used_bytes) == (Status.DOOMED, 0)


def test_who_loses_the_race_for_the_same_bytes_answers_with_the_winner(monkeypatch):
    alice = user()
    holiday = album(alice)
    store, winners = type(image_storage()).store, []

    def be_overtaken(*args):
        if not winners:
            winners.append(None)
            winners[0] = received(holiday)
        store(*args)

    monkeypatch.setattr(type(image_storage()), "store", be_overtaken)
    with staged() as file:
        result = receive(holiday, file)
    alice.refresh_from_db()
    assert (result.image, result.created) == (winners[0], False)
    assert alice.used_bytes == result.image.bytes


@pytest.mark.django_db(transaction=True)
def test_the_same_bytes_twenty_times_at_once_are_one_image():
    alice = user()
    holiday = album(alice)
    barrier = threading.Barrier(20)

    def send(_):
        try:
            with staged() as file:
                barrier.wait(timeout=60)
                return receive(holiday, file)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(send, range(20)))
    alice.refresh_from_db()
    holiday.refresh_from_db()
    [image] = Image.objects.living()
    assert {result.image for result in results} == {image}
    assert [result.created for result in results].count(True) == 1
    assert (holiday.image_count, alice.used_bytes) == (1, image.bytes)


@pytest.mark.django_db(transaction=True)
def test_parallel_uploads_cannot_pass_the_quota_together():
    pictures = list(colours(12))
    room = sum(map(len, sorted(pictures)[:4]))
    alice = user(quota_bytes=room)
    holiday = album(alice)
    files = [staged(content) for content in pictures]
    outcomes = receive_many(holiday, files)
    for file in files:
        file.close()
    alice.refresh_from_db()
    refused = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
    assert {problem.code for problem in refused} == {"quota_exceeded"}
    assert 0 < alice.used_bytes <= room
    assert Image.objects.living().count() == 12 - len(refused)


@pytest.mark.django_db(transaction=True)
def test_one_bad_file_among_many_stops_no_other():
    holiday = album(user())
    good, other = colours(2)
    files = [staged(good), staged(b"text"), staged(other)]
    first, second, third = receive_many(holiday, files)
    for file in files:
        file.close()
    assert (first.created, second.code, third.created) == (True, "unsupported_format", True)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("..\\..\\boot.jpg", "boot.jpg"),
        ("a\x00b\r\nc.jpg", "abc.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("Überraschung 🎉.jpeg", "Überraschung 🎉.jpeg"),
        ("9.41\u202fPM.png", "9.41\u202fPM.png"),
        ("👨\u200d👩.jpg", "👨\u200d👩.jpg"),
        ("a\u2028b.jpg\u00a0", "ab.jpg"),
        (os.fsdecode("Möwe.jpg".encode("latin-1")), "Möwe.jpg"),
        ("", "image"),
        ("...", "image"),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
    ],
)
def test_names_are_cleaned_and_cut_never_refused(sent, kept):
    assert clean_name(sent) == kept
