"""The local disk: files are on it before their names are, and the dead leave nothing."""

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from images.storage.base import image_storage
from images.storage.disk import DurableFileStorage
from images.storage.url import storage_from_url
from images.tests.helpers import stored, stored_bytes
from images.tests.storage.names import NAME


@pytest.fixture
def disk(settings, tmp_path) -> DurableFileStorage:
    settings.STORAGES = {**settings.STORAGES, "images": storage_from_url("", default=tmp_path / "images")}
    storage = image_storage()
    assert isinstance(storage, DurableFileStorage)
    return storage


def test_storing_across_file_systems_copies(disk, store_bytes, monkeypatch):
    def refuse(source, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    store_bytes(b"one")
    assert stored_bytes(NAME) == b"one"


def test_a_failed_store_leaves_no_temporary(disk, store_bytes, monkeypatch):
    def fail(self, target):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError):
        store_bytes(b"one")
    assert stored() == set()


def test_the_order_is_write_sync_rename_sync_folders(disk, store_bytes, monkeypatch):
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
    store_bytes(b"one", "aa/bb/original")
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


def test_one_folder_that_cannot_be_removed_stops_no_other(disk, store_bytes, monkeypatch):
    store_bytes(b"one", "aa/stuck/original")
    store_bytes(b"one", "aa/free/original")
    rmdir = Path.rmdir

    def refuse(self):
        if self.name == "stuck":
            raise OSError(5, "Input/output error")
        rmdir(self)

    monkeypatch.setattr(Path, "rmdir", refuse)
    assert disk.delete_folders({"aa/stuck": None, "aa/free": None}) == {"aa/free"}
