"""What every storage promises, asked of each: the local disk and a real S3 server."""

import multiprocessing
import os
import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.test import RequestFactory

from images.delivery.responses import serve
from images.storage.base import CHUNK, ImageStorage, image_storage
from images.storage.disk import DurableFileStorage
from images.storage.url import storage_from_url
from images.tests.helpers import in_staging, stored, stored_bytes
from tests.seaweed import shared

ONE = "f3/a1/00a1f3"
NAME = f"{ONE}/original"


@pytest.fixture(params=["disk", "s3"])
def storage(request, settings, tmp_path) -> ImageStorage:
    url = shared().url(f"folder/{secrets.token_hex(8)}") if request.param == "s3" else ""
    settings.STORAGES = {**settings.STORAGES, "images": storage_from_url(url, default=tmp_path / "images")}
    return image_storage()


@pytest.fixture
def keep(tmp_path):
    """Store these bytes under this name."""

    def _keep(content: bytes, name: str = NAME) -> None:
        source = tmp_path / "source"
        source.write_bytes(content)
        image_storage().store(source, name, "image/jpeg")
        source.unlink()

    return _keep


def test_what_is_stored_can_be_read_and_is_listed(storage, keep):
    keep(b"one")
    assert stored_bytes(NAME) == b"one"
    [entry] = storage.listing()
    assert (entry.name, entry.size) == (NAME, 3)
    assert abs(datetime.now(UTC) - entry.modified) < timedelta(seconds=5)


def test_storing_again_replaces_the_whole_file_and_leaves_no_temporary(storage, keep):
    keep(b"number one")
    keep(b"two")
    assert (stored(), stored_bytes(NAME)) == ({NAME}, b"two")


def test_a_storage_nothing_was_kept_in_is_empty_and_answers(storage):
    assert (list(storage.listing()), storage.answers()) == ([], True)


def test_a_local_copy_has_the_bytes_and_leaves_nothing_in_staging(storage, keep):
    content = os.urandom(3 * CHUNK + 1)
    keep(content)
    with storage.local_copy(NAME) as path:
        assert path.read_bytes() == content
    assert in_staging() == []


def test_what_is_not_there_is_not_found(storage, keep):
    keep(b"one")
    with pytest.raises(FileNotFoundError), storage.local_copy(f"{ONE}/thumb.v1.jpg"):
        pass
    with pytest.raises(FileNotFoundError):
        storage.open_stored("f3/a1/other/original")


@pytest.mark.parametrize(
    "part",
    [range(CHUNK * 3), range(1), range(5, 5 + CHUNK), range(CHUNK + 7, 3 * CHUNK), range(3 * CHUNK - 1, 3 * CHUNK)],
)
def test_parts_are_read_in_pieces(storage, keep, part):
    content = os.urandom(3 * CHUNK)
    keep(content)
    file = storage.open_stored(NAME)
    pieces = list(file.chunks(part))
    assert (file.size, b"".join(pieces)) == (len(content), content[part.start : part.stop])
    assert max(map(len, pieces)) <= CHUNK


@pytest.mark.parametrize(
    "name", ["../escaped", "/etc/passwd", "a/../b", "a//b", "a/.hidden", "a/b/", "", "a\nb", "A", "a\\b"]
)
def test_names_that_the_store_would_never_make_are_refused(storage, keep, name):
    for act in (
        lambda: keep(b"one", name),
        lambda: storage.open_stored(name),
        lambda: storage.delete_folders([name]),
        lambda: storage.local_copy(name).__enter__(),
    ):
        with pytest.raises(SuspiciousOperation):
            act()
    assert stored() == set()


def test_folders_go_together_and_their_neighbours_stay(storage, keep):
    names = [f"aa/bb/{folder}/{file}" for folder in ("c1", "c2", "c22") for file in ("original", "thumb.v1.jpg")]
    for name in names:
        keep(b"one", name)
    assert storage.delete_folders(["aa/bb/c1", "aa/bb/c2", "aa/bb/none"]) == {"aa/bb/c1", "aa/bb/c2", "aa/bb/none"}
    assert stored() == {"aa/bb/c22/original", "aa/bb/c22/thumb.v1.jpg"}


def test_the_listing_is_in_the_order_of_the_names_and_knows_strangers(storage, keep):
    folders = ["a1/00/ff00a1", "a0/ff/00ffa0", "a1/00/0000a1", "00/a0/ffa000"]
    names = [f"{folder}/{file}" for folder in folders for file in ("thumb.v1.jpg", "original", "large.v1.jpg")]
    for name in [*names, "marker", "a1-stranger", "a1/00.stranger"]:
        keep(b"one", name)
    found = [entry.name for entry in storage.listing()]
    assert [name for name in found if name in names] == sorted(names)
    assert set(found) - set(names) == {"marker", "a1-stranger", "a1/00.stranger"}


# Closing an answer ends the request, which looks at the connections.
@pytest.mark.django_db
def test_a_file_is_there_by_its_whole_name_only(storage, keep):
    keep(b"one")
    assert [storage.has(name) for name in (NAME, NAME[:-1], "no/such")] == [True, False, False]


@pytest.mark.parametrize("name", [NAME, "A stranger's.txt", "f3/ä.db"])
def test_any_file_can_be_given_another_name(storage, keep, name):
    storage.save(name, ContentFile(b"one"))
    storage.rename(name, f"aside/{name}")
    assert ({entry.name for entry in storage.listing()}, storage.has(name)) == ({f"aside/{name}"}, False)
    with storage.open(f"aside/{name}") as file:
        assert file.read() == b"one"


def test_what_is_not_there_cannot_be_renamed(storage, keep):
    keep(b"one")
    with pytest.raises(FileNotFoundError):
        storage.rename("no/such", "aside/no/such")


@pytest.mark.django_db  # the end of an answer looks after the database's connections
@pytest.mark.parametrize(
    ("method", "asked", "status", "expected"),
    [
        ("GET", None, 200, b"0123456789"),
        ("HEAD", None, 200, b""),
        ("GET", "bytes=2-4", 206, b"234"),
        ("GET", "bytes=-3", 206, b"789"),
        ("HEAD", "bytes=2-4", 206, b""),
    ],
)
def test_files_are_served_whole_and_in_parts(storage, keep, method, asked, status, expected):
    keep(b"0123456789")
    request = RequestFactory().generic(method, "/", headers={"Range": asked} if asked else {})
    answer = serve(request, NAME, etag="e", content_type="image/jpeg", cache="private")
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    length = "3" if asked else "10"
    assert (answer.status_code, body, answer["Content-Length"]) == (status, expected, length)
    assert answer["Content-Type"] == "image/jpeg"
    answer.close()


# ---- Local disk -----------------------------------------------------------------------------


@pytest.fixture
def disk(settings, tmp_path) -> DurableFileStorage:
    settings.STORAGES = {**settings.STORAGES, "images": storage_from_url("", default=tmp_path / "images")}
    storage = image_storage()
    assert isinstance(storage, DurableFileStorage)
    return storage


def test_storing_across_file_systems_copies(disk, keep, monkeypatch):
    def refuse(source, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    keep(b"one")
    assert stored_bytes(NAME) == b"one"


def test_a_failed_store_leaves_no_temporary(disk, keep, monkeypatch):
    def fail(self, target):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError):
        keep(b"one")
    assert stored() == set()


def test_the_order_is_write_sync_rename_sync_folders(disk, keep, monkeypatch):
    steps = []
    sync, rename, root = os.fsync, Path.rename, Path(disk.location)

    def seen_sync(descriptor):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append(("fsync", ".incoming" if path.parent.name == ".incoming" else str(path.relative_to(root))))
        sync(descriptor)

    def seen_rename(self, target):
        steps.append(("rename", str(target.relative_to(root))))
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", seen_sync)
    monkeypatch.setattr(Path, "rename", seen_rename)
    keep(b"one", "aa/bb/original")
    folders = [("fsync", "aa/bb"), ("fsync", "aa"), ("fsync", ".")]
    assert steps == [("fsync", ".incoming"), ("rename", "aa/bb/original"), *folders]


def _store_and_die(storage, source):
    def die(self, target):
        os.kill(os.getpid(), 9)

    Path.rename = die
    storage.store(source, "aa/original", "image/jpeg")


def test_what_a_killed_process_had_half_stored_is_swept(disk, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"one")
    child = multiprocessing.get_context("fork").Process(target=_store_and_die, args=(disk, source))
    child.start()
    child.join()
    [orphan] = (Path(disk.location) / ".incoming").iterdir()
    assert (list(disk.listing()), disk.sweep()) == ([], 0)
    long_ago = time.time() - 3600
    os.utime(orphan, (long_ago, long_ago))
    assert (disk.sweep(), orphan.exists()) == (1, False)


def test_only_at_its_root_are_hidden_folders_the_disks_own(disk):
    for folder in ("lost+found", ".incoming", "aa/lost+found", "aa/.incoming"):
        (Path(disk.location) / folder).mkdir(parents=True)
        (Path(disk.location) / folder / "file").touch()
    assert [entry.name for entry in disk.listing()] == ["aa/.incoming/file", "aa/lost+found/file"]


def test_one_folder_that_cannot_be_removed_stops_no_other(disk, keep, monkeypatch):
    keep(b"one", "aa/stuck/original")
    keep(b"one", "aa/free/original")
    rmdir = Path.rmdir

    def refuse(self):
        if self.name == "stuck":
            raise OSError(5, "Input/output error")
        rmdir(self)

    monkeypatch.setattr(Path, "rmdir", refuse)
    assert disk.delete_folders(["aa/stuck", "aa/free"]) == {"aa/free"}
