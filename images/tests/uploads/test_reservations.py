"""Reservations: what staging holds is bounded before a byte is read, and the same bytes again still succeed."""

import contextlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings as django_settings
from django.urls import reverse

from images import services
from images.models import Image
from images.storage import scratch
from images.tests.helpers import album, colours, in_staging, lose, original_bytes, received, upload, user
from images.tests.pictures import jpeg_bytes
from images.uploads import gate, reservations
from images.uploads.reservations import OVERHEAD_BYTES, Reservations
from images.uploads.staging import StagedFile, stage_copy
from imagestore.kit.problems import Problem

MEGABYTE = 2**20
GIGABYTE = 2**30


@pytest.fixture
def table():
    return Reservations()


@pytest.fixture
def disk(monkeypatch):
    """Sets the size of staging's disk, and what is free on it, in bytes."""

    def set_free(free, total=100 * GIGABYTE):
        monkeypatch.setattr(scratch.shutil, "disk_usage", lambda _: SimpleNamespace(free=free, total=total))

    set_free(50 * GIGABYTE)
    return set_free


def person(pk=1, quota=None, used=0):
    """What a reservation asks of a user, without a database."""
    free = None if quota is None else max(0, quota - used)
    return SimpleNamespace(pk=pk, quota=quota, used_bytes=used, free_bytes=free)


def refusal(reserve, *args):
    with pytest.raises(Problem) as caught:
        reserve(*args)
    return caught.value


# ---- The quota ------------------------------------------------------------------------------


def test_a_body_longer_than_the_whole_quota_is_refused(table, disk):
    alice = person(quota=MEGABYTE, used=1000)
    assert table.reserve(alice, MEGABYTE + OVERHEAD_BYTES).size == MEGABYTE + OVERHEAD_BYTES
    problem = refusal(table.reserve, alice, MEGABYTE + OVERHEAD_BYTES + 1)
    assert (problem.status, problem.code) == (413, "quota_exceeded")
    assert problem.extra == {"limit": MEGABYTE, "used": 1000}


def test_at_a_lowered_quota_all_that_is_stored_may_come_again(table, disk):
    alice = person(quota=MEGABYTE, used=50 * MEGABYTE)
    assert table.reserve(alice, 50 * MEGABYTE).size == 50 * MEGABYTE
    assert refusal(table.reserve, alice, 50 * MEGABYTE + OVERHEAD_BYTES + 1).code == "quota_exceeded"


@pytest.mark.parametrize(("used", "reserved"), [(0, 900), (700, 300 + 100 + 1), (1000, 100 + 1)])
def test_a_body_gets_what_is_left_of_the_quota_and_one_file_more(table, disk, used, reserved):
    alice = person(quota=1000 * MEGABYTE, used=used * MEGABYTE)
    assert table.reserve(alice, 900 * MEGABYTE).size == reserved * MEGABYTE


def test_parallel_uploads_of_a_full_account_stage_one_file_more_together(table, disk, settings):
    alice = person(quota=GIGABYTE, used=GIGABYTE)
    first = table.reserve(alice, 60 * MEGABYTE)
    table.reserve(alice, 41 * MEGABYTE)
    problem = refusal(table.reserve, alice, 1)
    assert (problem.status, problem.code) == (429, "throttled")
    assert int(problem.headers["Retry-After"]) > 0
    table.release(first)
    table.reserve(alice, 60 * MEGABYTE)


# ---- The cap, the disk ----------------------------------------------------------------------


def test_a_user_without_a_quota_has_a_cap(table, disk, settings):
    settings.STAGING_USER_BYTES = 500 * MEGABYTE
    too_long = refusal(table.reserve, person(), 500 * MEGABYTE + OVERHEAD_BYTES + 1)
    assert (too_long.code, too_long.extra) == ("file_too_large", {"limit": 500 * MEGABYTE})
    table.reserve(person(), 300 * MEGABYTE)
    table.reserve(person(), 201 * MEGABYTE)
    assert refusal(table.reserve, person(), 1).code == "throttled"


def test_users_do_not_count_against_each_other(table, disk, settings):
    settings.STAGING_USER_BYTES = 500 * MEGABYTE
    for pk in range(10):
        table.reserve(person(pk), 500 * MEGABYTE)


def test_a_user_has_a_quarter_of_the_threads_for_uploads(table, disk, settings):
    settings.THREADS = 16
    running = [table.reserve(person(1), 10) for _ in range(4)]
    assert refusal(table.reserve, person(1), 10).code == "throttled"
    assert refusal(table.reserve_as_it_comes, person(1)).code == "throttled"
    table.reserve(person(2), 10)
    table.release(running[0])
    table.reserve(person(1), 10)


def test_the_cap_takes_the_largest_request_that_the_api_allows():
    assert django_settings.STAGING_USER_BYTES == django_settings.MAX_BULK_FILES * django_settings.MAX_UPLOAD_BYTES


def test_below_the_floor_uploads_are_refused_and_told_when_to_try_again(table, disk, settings):
    settings.STAGING_MIN_FREE_BYTES = 40 * GIGABYTE
    disk(40 * GIGABYTE + 2 * MEGABYTE)
    table.release(table.reserve(person(), MEGABYTE))
    problem = refusal(table.reserve, person(), MEGABYTE + 1)
    assert (problem.status, problem.code) == (503, "storage_unavailable")
    assert int(problem.headers["Retry-After"]) > 0


def test_without_a_setting_a_tenth_of_a_small_disk_stays_free(disk):
    disk(50 * GIGABYTE, total=100 * GIGABYTE)
    assert scratch.free_bytes() == 49 * GIGABYTE
    disk(50 * MEGABYTE, total=100 * MEGABYTE)
    assert scratch.free_bytes() == 40 * MEGABYTE


def test_bytes_that_are_reserved_but_not_written_yet_count(table, disk, settings):
    settings.STAGING_MIN_FREE_BYTES = 0
    disk(100 * MEGABYTE)
    hers = table.reserve(person(1), 40 * MEGABYTE)
    assert refusal(table.reserve, person(2), 31 * MEGABYTE).code == "storage_unavailable"
    table.release(table.reserve(person(2), 30 * MEGABYTE))
    # Once they are written, the disk itself counts them.
    hers.take(40 * MEGABYTE)
    disk(60 * MEGABYTE)
    table.release(table.reserve(person(2), 30 * MEGABYTE))
    table.release(hers)
    table.reserve(person(2), 30 * MEGABYTE)


def test_one_user_leaves_as_much_of_the_disk_as_they_take(table, disk, settings):
    settings.STAGING_MIN_FREE_BYTES = 0
    disk(100 * MEGABYTE)
    table.reserve(person(1), 50 * MEGABYTE)
    assert refusal(table.reserve, person(1), 1).code == "storage_unavailable"
    table.reserve(person(2), 25 * MEGABYTE)


def test_a_disk_that_does_not_answer_is_a_503(table, monkeypatch):
    def fail(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(scratch.shutil, "disk_usage", fail)
    assert refusal(table.reserve, person(), 1).code == "storage_unavailable"


def test_an_import_minds_the_floor_and_ends_its_reservation(tmp_path, disk, settings):
    source = tmp_path / "photo.jpg"
    source.write_bytes(jpeg_bytes())
    settings.STAGING_MIN_FREE_BYTES = 60 * GIGABYTE
    problem = refusal(stage_copy(source).__enter__)
    assert (problem.code, in_staging()) == ("storage_unavailable", [])
    settings.STAGING_MIN_FREE_BYTES = 0
    with stage_copy(source) as staged:
        assert (staged.is_dropped, len(reservations.reservations._active)) == (False, 1)
    assert reservations.reservations._active == set()


# ---- What is staged -------------------------------------------------------------------------


def test_a_file_beyond_its_reservation_has_a_hash_but_no_bytes(table, disk):
    reservation = table.reserve(person(), 100)
    with StagedFile("small.jpg", reservation) as small, StagedFile("large.jpg", reservation) as large:
        small.append(b"s" * 40)
        for _ in range(3):
            large.append(b"l" * 30)
        large.finish()
        assert (large.is_dropped, large.size, large.path.stat().st_size) == (True, 90, 0)
        with StagedFile("whole.jpg") as whole:
            whole.append(b"l" * 90)
            assert (large.sha256, large.crc32) == (whole.sha256, whole.crc32)
        # The next file finds the place that it left.
        with StagedFile("next.jpg", reservation) as following:
            following.append(b"n" * 60)
            assert not following.is_dropped


@pytest.fixture
def alice(transactional_db):
    """`receive_many` works in threads, which see only what is committed."""
    return user()


@pytest.fixture
def holiday(alice):
    return album(alice)


@pytest.fixture
def full(alice, holiday, client):
    """Three photos of alice, who has much else, and no bytes left; she is logged in."""
    contents = list(colours(3))
    for content in contents:
        received(holiday, content)
    set_free(alice, 0)
    client.force_login(alice)
    return contents


def set_free(owner, size):
    type(owner).objects.filter(pk=owner.pk).update(used_bytes=MEGABYTE, quota_bytes=MEGABYTE + size)


@pytest.fixture
def narrow(full, settings, monkeypatch):
    """Beside what is left of the quota a request stages two of these photos."""
    settings.MAX_UPLOAD_BYTES = max(map(len, full)) + 100
    monkeypatch.setattr(reservations, "OVERHEAD_BYTES", settings.MAX_UPLOAD_BYTES)


def send_bulk(client, holiday, contents):
    files = [upload(content, f"{number}.jpg") for number, content in enumerate(contents)]
    answer = client.post(reverse("api-images-bulk", args=[holiday.public_id]), {"files": files})
    assert answer.status_code == 207, answer.content
    return answer.json()["results"]


def test_at_a_full_quota_the_same_bytes_again_succeed_by_every_way(client, holiday, full):
    api = client.post(reverse("api-images", args=[holiday.public_id]), {"file": upload(full[0])})
    assert api.status_code == 200
    assert [result["status"] for result in send_bulk(client, holiday, full)] == [200, 200, 200]
    form = client.post(reverse("image-upload", args=[holiday.public_id]), {"files": [upload(one) for one in full]})
    assert form.status_code == 302
    page = client.get(holiday.get_absolute_url()).content.decode()
    assert "3 photos were here already." in page
    assert Image.objects.count() == 3


@pytest.mark.usefixtures("narrow")
def test_a_bulk_request_beyond_the_quota_tells_known_files_from_new_ones(client, holiday, full, monkeypatch):
    """It stages no more than its reservation, and a refused file stops no later one."""
    staged_bytes = []
    complete = gate.StagingHandler.file_complete

    def measure(self, size):
        result = complete(self, size)
        folder = Path(django_settings.STAGING_DIR)
        staged_bytes.append(sum(path.stat().st_size for path in folder.iterdir()))
        return result

    monkeypatch.setattr(gate.StagingHandler, "file_complete", measure)
    new = jpeg_bytes(color=(9, 9, 9))
    results = send_bulk(client, holiday, [new, full[0], new, full[1], full[2]])
    assert [result["status"] for result in results] == [413, 200, 413, 200, 200]
    assert {result["problem"]["code"] for result in results if "problem" in result} == {"quota_exceeded"}
    assert max(staged_bytes) <= 2 * django_settings.MAX_UPLOAD_BYTES < sum(map(len, [new, *full, new]))
    assert in_staging() == []


@pytest.mark.usefixtures("narrow")
def test_what_is_left_of_the_quota_is_filled_first(client, alice, holiday, full):
    new = jpeg_bytes(color=(9, 9, 9))
    set_free(alice, len(new))
    results = send_bulk(client, holiday, [full[0], new, full[1], full[2]])
    assert [result["status"] for result in results] == [200, 201, 200, 200]


@pytest.mark.usefixtures("narrow")
def test_a_lost_original_is_never_put_back_from_a_dropped_file(client, holiday, full):
    """A request with this file alone heals it, at a full quota, too."""
    image = Image.objects.order_by("pk")[2]
    lose(image.original_file)
    results = send_bulk(client, holiday, full)
    assert [result["status"] for result in results] == [200, 200, 503]
    assert results[2]["problem"]["code"] == "storage_unavailable"
    alone = client.post(reverse("api-images", args=[holiday.public_id]), {"file": upload(full[2])})
    assert alone.status_code == 200
    assert original_bytes(image) == full[2]


# ---- Release --------------------------------------------------------------------------------


def break_off(*args, **kwargs):
    raise RuntimeError("a defect")


@pytest.mark.parametrize("how", ["stored", "refused", "unreadable", "not read", "broken"])
def test_a_reservation_ends_with_its_request(client, alice, holiday, monkeypatch, how):
    sizes = []
    add = Reservations._add
    monkeypatch.setattr(
        Reservations, "_add", lambda self, new, most: sizes.append(new.size) or add(self, new, most)
    )
    client.force_login(alice)
    address = reverse("api-images", args=[holiday.public_id])
    options = {"data": {"file": upload(b"text" if how == "refused" else b"")}}
    if how == "unreadable":
        options = {"data": b"no boundary", "content_type": "multipart/form-data; boundary=x"}
    elif how == "not read":
        options = {"data": b"{}", "content_type": "application/json"}
    elif how == "broken":
        monkeypatch.setattr(services, "receive", break_off)
    with contextlib.suppress(RuntimeError):
        client.post(address, **options)
    assert len(sizes) == 1
    assert sizes[0] > 0
    assert reservations.reservations._active == set()
    assert in_staging() == []


# ---- Bodies in chunks -------------------------------------------------------------------------


def test_a_body_without_a_length_reserves_what_has_come(table, disk):
    """The disk has too little for the largest body, but enough for this one."""
    disk(4 * MEGABYTE, total=10 * MEGABYTE)
    growing = table.reserve_as_it_comes(person())
    assert growing.size == 0
    assert growing.take(1000)
    assert (growing.size, growing.written) == (MEGABYTE, 1000)
    assert growing.take(MEGABYTE - 1000)
    assert growing.size == MEGABYTE


def test_a_growing_reservation_leaves_the_same_for_others(table, disk):
    disk(4 * MEGABYTE, total=10 * MEGABYTE)  # a tenth stays free
    growing = table.reserve_as_it_comes(person())
    assert growing.take(MEGABYTE)
    disk(3 * MEGABYTE, total=10 * MEGABYTE)
    problem = refusal(growing.take, MEGABYTE)
    assert (problem.code, growing.written) == ("storage_unavailable", MEGABYTE)


def test_a_growing_reservation_waits_for_the_users_other_uploads(table, disk, settings):
    settings.MAX_UPLOAD_BYTES = MEGABYTE
    alice = person(quota=GIGABYTE, used=GIGABYTE)  # one file and the overhead
    other = table.reserve(alice, MEGABYTE + MEGABYTE // 2)
    growing = table.reserve_as_it_comes(alice)
    assert refusal(growing.take, MEGABYTE).code == "throttled"
    table.release(other)
    assert growing.take(MEGABYTE)


def test_a_growing_reservation_ends_at_what_is_left_of_the_quota_and_one_file(table, disk, settings):
    settings.MAX_UPLOAD_BYTES = MEGABYTE
    growing = table.reserve_as_it_comes(person(quota=GIGABYTE, used=GIGABYTE))
    assert growing.take(MEGABYTE + OVERHEAD_BYTES)
    assert not growing.take(1)
    assert growing.size == MEGABYTE + OVERHEAD_BYTES


def test_a_file_for_which_the_reservation_cannot_grow_is_refused(table, disk):
    disk(MEGABYTE, total=10 * MEGABYTE)
    with StagedFile("a.jpg", table.reserve_as_it_comes(person())) as staged:
        staged.append(b"x" * 1000)
        assert staged.problem is not None
        assert (staged.problem.code, staged.path.stat().st_size) == ("storage_unavailable", 0)
