"""Resumable uploads: what an acknowledged byte is worth, and that only one request writes."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from images import services
from images.deletion.removal import purge
from images.models import Image, Upload
from images.storage import parts, scratch
from images.storage.base import image_storage
from images.tests.helpers import album, lose, original_bytes, received, trash_all, user
from images.tests.pictures import jpeg_bytes
from images.tests.uploads.resumable import again, begun
from images.upkeep.reconcile import reconcile, repair_users
from images.uploads import resumable, writer
from imagestore.kit.problems import Problem, storage_unavailable

# Threads see only what is committed.
in_threads = pytest.mark.django_db(transaction=True)
PHOTO = jpeg_bytes(640, 480)
SIZE = len(PHOTO)
HALF = SIZE // 2


@pytest.fixture
def alice(db):
    return user()


@pytest.fixture
def holiday(alice):
    return album(alice)


def send(upload, content, offset=None, **options):
    offset = upload.offset if offset is None else offset
    services.resume(upload, [content], offset=offset, size=len(content), **options)


def refusal(work, *args, **options):
    with pytest.raises(Problem) as caught:
        work(*args, **options)
    return caught.value.code


def used(owner):
    return User.objects.get(pk=owner.pk).used_bytes


def files():
    folder = scratch.scratch_folder() / scratch.PARTS
    return sorted(path.stat().st_size for path in folder.iterdir()) if folder.exists() else []


def the_image():
    return Image.objects.undeleted().get()


def in_thread(work, *args, **options):
    """What becomes of this request."""
    try:
        work(*args, **options)
    except Problem as problem:
        return problem.code
    finally:
        connections.close_all()
    return "done"


# ---- What is acknowledged ---------------------------------------------------------------------


def test_a_request_that_breaks_off_keeps_what_came(holiday):
    upload = begun(holiday, PHOTO)

    def body():
        yield PHOTO[:HALF]
        raise Problem("parse_error", "The request ended early.")

    assert refusal(services.resume, upload, body(), offset=0, size=SIZE) == "parse_error"
    assert again(upload).offset == HALF
    send(again(upload), PHOTO[HALF:])
    assert original_bytes(the_image()) == PHOTO


def test_bytes_are_acknowledged_while_a_long_body_comes(holiday, monkeypatch):
    monkeypatch.setattr(writer, "COMMIT_BYTES", 1000)
    upload, offsets = begun(holiday, PHOTO), []

    def body():
        for start in range(0, 3000, 500):
            offsets.append(again(upload).offset)
            yield PHOTO[start : start + 500]

    services.resume(upload, body(), offset=0, size=3000)
    assert offsets == [0, 0, 1000, 1000, 2000, 2000]
    assert again(upload).offset == 3000


def test_no_offset_is_acknowledged_before_its_bytes_are_on_the_disk(holiday, monkeypatch):
    upload, seen = begun(holiday, PHOTO), []
    fdatasync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (seen.append(again(upload).offset), fdatasync(fd)))
    send(upload, PHOTO[:HALF])
    assert (seen, again(upload).offset) == ([0], HALF)


def test_what_is_behind_the_offset_is_cut_off(holiday):
    """A server that died had written more than it had acknowledged."""
    upload = begun(holiday, PHOTO)
    send(upload, PHOTO[:HALF])
    with (scratch.scratch_folder() / scratch.PARTS / upload.part.hex).open("ab") as file:
        file.write(b"never acknowledged")
    send(again(upload), PHOTO[HALF:])
    assert original_bytes(the_image()) == PHOTO


@pytest.mark.parametrize("left", [0, 10])
def test_bytes_that_the_disk_lost_end_in_a_clear_refusal(holiday, left):
    upload = begun(holiday, PHOTO)
    send(upload, PHOTO[:HALF])
    os.truncate(scratch.scratch_folder() / scratch.PARTS / upload.part.hex, left)
    assert refusal(send, again(upload), PHOTO[HALF:]) == "not_found"


def test_bytes_on_another_server_are_not_here(holiday, settings, tmp_path):
    upload = begun(holiday, PHOTO)
    send(upload, PHOTO[:HALF])
    settings.STAGING_DIR = tmp_path / "another server's"
    assert refusal(resumable.require_bytes, again(upload)) == "not_found"
    assert refusal(send, upload, PHOTO[HALF:]) == "not_found"
    assert Upload.objects.get().offset == HALF


def test_one_whose_bytes_are_lost_can_be_ended(alice, holiday):
    upload = begun(holiday, PHOTO)
    send(upload, PHOTO[:HALF])
    parts.remove(upload.part)
    resumable.end(again(upload))
    assert (Upload.objects.count(), used(alice)) == (0, 0)


def test_the_last_byte_counts_only_with_the_image(holiday, monkeypatch):
    upload = begun(holiday, PHOTO)
    with monkeypatch.context() as patch:
        patch.setattr(type(image_storage()), "store", lambda *args: (_ for _ in ()).throw(OSError(5, "gone")))
        assert refusal(send, upload, PHOTO) == "storage_unavailable"
    upload = again(upload)
    assert (upload.offset, upload.is_finished, files()) == (SIZE - 1, False, [SIZE])
    send(upload, PHOTO[-1:])
    assert original_bytes(the_image()) == PHOTO
    assert (used(holiday.owner), files()) == (SIZE, [])


def test_another_last_byte_never_changes_an_original(holiday, monkeypatch):
    """The storage may have a hard link to the file when the server dies before its row says so."""
    upload = begun(holiday, PHOTO)
    with monkeypatch.context() as patch:
        patch.setattr(writer, "_finish", lambda *args: (_ for _ in ()).throw(storage_unavailable()))
        assert refusal(send, upload, PHOTO) == "storage_unavailable"
    image = the_image()
    send(again(upload), b"?")
    assert original_bytes(image) == PHOTO
    assert sorted(map(original_bytes, Image.objects.all())) == sorted([PHOTO, PHOTO[:-1] + b"?"])
    assert files() == []


def test_a_server_that_died_after_the_image_was_stored_finishes_with_the_same(holiday, monkeypatch):
    upload = begun(holiday, PHOTO)
    with monkeypatch.context() as patch:
        patch.setattr(writer, "_finish", lambda *args: (_ for _ in ()).throw(storage_unavailable()))
        refusal(send, upload, PHOTO)
    send(again(upload), PHOTO[-1:])
    assert again(upload).image == the_image().public_id
    assert used(holiday.owner) == SIZE


def test_a_full_disk_keeps_what_was_acknowledged(holiday, monkeypatch):
    upload = begun(holiday, PHOTO)
    send(upload, PHOTO[:HALF])
    with monkeypatch.context() as patch:
        patch.setattr(parts.Part, "write", lambda *args: (_ for _ in ()).throw(OSError(28, "full")))
        assert refusal(send, again(upload), PHOTO[HALF:]) == "storage_unavailable"
    send(again(upload), PHOTO[HALF:])
    assert original_bytes(the_image()) == PHOTO


# ---- One writer -------------------------------------------------------------------------------


@contextmanager
def stalled(upload, content, rest=b""):
    """A request that has sent these bytes and says no more until the block ends."""
    came, go_on, ended = threading.Event(), threading.Event(), []

    def body():
        yield content
        came.set()
        go_on.wait(10)
        yield rest

    def work():
        size = len(content) + len(rest)
        ended.append(in_thread(services.resume, upload, body(), offset=upload.offset, size=size))

    thread = threading.Thread(target=work)
    thread.start()
    assert came.wait(10)
    try:
        yield ended
    finally:
        go_on.set()
        thread.join(20)


@in_threads
@pytest.mark.parametrize("offset", [0, 10])
def test_a_newer_request_takes_over_and_the_older_writes_nothing_more(holiday, offset):
    """The older one's client has lost its connection, and the server does not know yet."""
    upload = begun(holiday, PHOTO)
    if offset:
        send(upload, PHOTO[:offset])
    with stalled(upload, b"?" * 100, b"?" * 100) as ended:
        send(again(upload), PHOTO[offset:HALF])
        assert files() == [HALF]
    assert ended == ["upload_locked"]
    upload = again(upload)
    assert upload.offset == HALF
    send(upload, PHOTO[HALF:])
    assert original_bytes(the_image()) == PHOTO


def test_a_request_that_looked_before_another_one_wrote_changes_nothing(holiday):
    upload = begun(holiday, PHOTO)
    send(upload, PHOTO[:10])
    late = again(upload)
    send(again(upload), PHOTO[10:HALF])
    assert refusal(send, late, b"?" * 10) == "upload_locked"
    assert again(upload).offset == HALF


@in_threads
def test_while_the_image_is_being_stored_no_other_request_writes(holiday, monkeypatch):
    monkeypatch.setattr(parts, "WAIT_SECONDS", 0.1)
    upload, entered, go = begun(holiday, PHOTO), threading.Event(), threading.Event()
    receive = services.receive
    monkeypatch.setattr(services, "receive", lambda *a, **k: (entered.set(), go.wait(10), receive(*a, **k))[2])
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(in_thread, send, upload, PHOTO)
        assert entered.wait(10)
        found = again(upload)
        assert (found.offset, refusal(send, found, b"?")) == (SIZE - 1, "upload_locked")
        go.set()
        assert first.result() == "done"
    assert original_bytes(the_image()) == PHOTO


def test_a_file_that_another_process_writes_is_locked(holiday, monkeypatch):
    monkeypatch.setattr(parts, "WAIT_SECONDS", 0.1)
    upload = begun(holiday, PHOTO)
    send(upload, PHOTO[:HALF])
    with parts.opened(upload.part, new=False):
        # Another process has no entry here.
        parts._parts.clear()
        assert refusal(send, again(upload), PHOTO[HALF:]) == "upload_locked"
    send(again(upload), PHOTO[HALF:])


@in_threads
@pytest.mark.parametrize("offset", [0, HALF])
def test_parallel_requests_never_mix_their_bytes(holiday, offset):
    upload = begun(holiday, PHOTO)
    if offset:
        send(upload, PHOTO[:offset])

    def one(_):
        pieces = [PHOTO[start : start + 500] for start in range(offset, SIZE, 500)]
        found = Upload.objects.select_related("owner", "album__owner").get()
        return in_thread(services.resume, found, pieces, offset=offset, size=SIZE - offset)

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(one, range(6)))
    assert set(outcomes) <= {"done", "upload_locked", "wrong_offset", "throttled"}
    found = again(upload)
    if not found.is_finished:
        send(found, PHOTO[found.offset :])
    assert original_bytes(the_image()) == PHOTO
    reconcile()
    assert (used(holiday.owner), files()) == (SIZE, [])


# ---- Quota and limits -------------------------------------------------------------------------


@in_threads
def test_parallel_creations_never_pass_the_quota_together(alice, holiday, settings):
    settings.USER_QUOTA_BYTES, settings.MAX_UPLOAD_BYTES = 5 * SIZE, SIZE
    fields = {"name": "a", "metadata": "", "sha256": "0" * 64, "length": SIZE}
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: in_thread(resumable.create, holiday, **fields), range(12)))
    assert sorted(outcomes) == ["done"] * 5 + ["quota_exceeded"] * 7
    assert used(alice) == 5 * SIZE


def test_at_a_full_quota_one_file_may_come_because_its_hash_may_be_known(alice, holiday, settings):
    settings.USER_QUOTA_BYTES, settings.MAX_UPLOAD_BYTES = 0, SIZE
    alice.quota_bytes = 1
    alice.save()
    begun(holiday, PHOTO)
    assert refusal(begun, holiday, b"xy") == "quota_exceeded"
    assert used(alice) == 0


def test_open_uploads_are_few_and_fit_into_staging(alice, holiday, settings):
    settings.MAX_OPEN_UPLOADS = 2
    first = begun(holiday, PHOTO)
    begun(holiday, PHOTO)
    assert refusal(begun, holiday, PHOTO) == "throttled"
    resumable.end(first)
    settings.STAGING_USER_BYTES = SIZE + 10
    assert refusal(begun, holiday, b"x" * 11) == "throttled"
    begun(holiday, b"x" * 10)


def test_finished_ones_are_no_more_than_may_be_open(alice, holiday, settings):
    """Each by its hash alone, which costs its client nothing."""
    settings.MAX_OPEN_UPLOADS = 2
    image = received(holiday, PHOTO)
    made = [begun(holiday, PHOTO, sha256=image.sha256) for _ in range(4)]
    assert list(Upload.objects.order_by("pk")) == made[2:]


def test_what_came_before_counts_as_held_of_the_disk(holiday, monkeypatch):
    upload = begun(holiday, PHOTO)
    send(upload, PHOTO[: SIZE - 100])
    monkeypatch.setattr(scratch, "free_bytes", lambda: SIZE)
    assert refusal(send, again(upload), PHOTO[-100:]) == "storage_unavailable"
    monkeypatch.setattr(scratch, "free_bytes", lambda: SIZE + 200)
    send(again(upload), PHOTO[-100:])


def test_a_finished_upload_has_given_its_bytes_to_the_image(alice, holiday):
    """The last bytes of the quota are enough for both."""
    alice.quota_bytes = SIZE
    alice.save()
    upload = begun(holiday, PHOTO)
    assert (used(alice), upload.counted) == (SIZE, True)
    send(upload, PHOTO)
    assert (used(alice), again(upload).counted) == (SIZE, False)
    assert repair_users() == 0


def test_the_repair_of_sums_counts_open_uploads(alice, holiday):
    begun(holiday, PHOTO)
    received(holiday, PHOTO)
    assert repair_users() == 0
    User.objects.update(used_bytes=7)
    assert repair_users() == 1
    assert used(alice) == 2 * SIZE


# ---- The same bytes ---------------------------------------------------------------------------


def test_bytes_in_the_trash_are_restored_at_the_end(holiday):
    image = received(holiday, PHOTO)
    trash_all(image)
    upload = begun(holiday, PHOTO, sha256=image.sha256)
    assert not upload.is_finished
    send(upload, PHOTO)
    assert again(upload).image == image.public_id
    assert Image.objects.living().get() == image


def test_a_hash_with_another_length_wants_its_bytes(holiday):
    image = received(holiday, PHOTO)
    assert not begun(holiday, PHOTO + b"x", sha256=image.sha256).is_finished


def test_a_lost_original_wants_its_bytes(holiday):
    image = received(holiday, PHOTO)
    lose(image.original_file)
    upload = begun(holiday, PHOTO, sha256=image.sha256)
    assert not upload.is_finished
    send(upload, PHOTO)
    assert original_bytes(image) == PHOTO


# ---- The end ----------------------------------------------------------------------------------


def expire(*uploads):
    Upload.objects.filter(pk__in=[upload.pk for upload in uploads]).update(
        expires_at=uploads[0].created_at - timedelta(days=2)
    )


def test_each_request_prolongs_it(holiday, settings):
    upload = begun(holiday, PHOTO)
    expires = upload.expires_at
    settings.UPLOAD_EXPIRY = timedelta(days=2)
    send(upload, PHOTO[:10])
    assert again(upload).expires_at > expires + timedelta(hours=23)


def test_expired_ones_end_with_their_bytes(alice, holiday):
    expired, done, alive = (begun(holiday, PHOTO + b"x" * number) for number in range(3))
    send(expired, PHOTO[:10])
    send(alive, PHOTO[:20])
    send(done, PHOTO + b"x")
    expire(expired, done)
    assert reconcile().expired_uploads == 2
    assert (list(Upload.objects.all()), files()) == ([alive], [20])
    assert used(alice) == SIZE + 2 + SIZE + 1
    assert repair_users() == 0


def test_staging_is_swept_around_living_parts(holiday, monkeypatch):
    monkeypatch.setattr(scratch, "GRACE_SECONDS", 0)
    upload = begun(holiday, PHOTO)
    send(upload, PHOTO[:10])
    orphan = scratch.scratch_folder() / scratch.PARTS / ("0" * 32)
    orphan.write_bytes(b"left over")
    reconcile()
    assert files() == [10]


def test_a_deleted_album_ends_its_uploads(alice, holiday):
    other = begun(album(alice, "Other"), PHOTO)
    send(other, PHOTO[:5])
    for upload in (begun(holiday, PHOTO), begun(holiday, PHOTO)):
        send(upload, PHOTO[:10])
    services.delete_albums(alice, type(holiday).objects.filter(pk=holiday.pk), permanent=True)
    assert list(Upload.objects.all()) == [other]
    assert used(alice) == SIZE
    reconcile()
    assert files() == [5]


def test_uploads_into_an_album_that_an_older_server_has_deleted_end_with_it(alice, holiday):
    """It knows nothing of uploads."""
    send(begun(holiday, PHOTO), PHOTO[:10])
    type(holiday).objects.filter(pk=holiday.pk).update(doomed_at=timezone.now())
    purge()
    assert (Upload.objects.count(), used(alice), files()) == (0, 0, [])


def test_a_deleted_account_ends_its_uploads(alice, holiday):
    upload = begun(holiday, PHOTO)
    send(upload, PHOTO[:10])
    services.delete_account(alice)
    assert refusal(send, upload, PHOTO[10:]) == "upload_locked"
    reconcile()
    assert (Upload.objects.count(), User.objects.count(), files()) == (0, 0, [])


def test_an_upload_waits_while_its_album_is_in_the_trash(alice, holiday):
    upload = begun(holiday, PHOTO)
    trash_all(holiday)
    assert refusal(again, upload) == "not_found"
    type(holiday).objects.update(trashed_at=None)
    send(again(upload), PHOTO)


@in_threads
def test_an_upload_that_ends_while_its_bytes_come_leaves_nothing(alice, holiday):
    upload = begun(holiday, PHOTO)
    with stalled(upload, PHOTO[:10], PHOTO[10:]) as ended:
        resumable.end(again(upload))
        assert used(alice) == 0
    assert ended == ["upload_locked"]
    reconcile()
    assert (Image.objects.count(), files(), used(alice)) == (0, [], 0)
