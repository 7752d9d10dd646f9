"""Bytes on disk: whole or not there, and nothing of the dead remains."""

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from images import staging
from images.staging import StagedFile, staged_copy, sweep, work_folder
from images.storage import DurableFileStorage, image_storage
from images.tests.helpers import in_staging


def aged(path: Path) -> None:
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))


def test_sweeping_leaves_what_a_living_process_holds():
    file = StagedFile("a.jpg")
    with work_folder() as folder:
        aged(file.path)
        aged(folder)
        assert sweep() == 0
    file.close()
    assert in_staging() == []


def _receive_and_die(folder: str) -> None:
    staging._folder = lambda: Path(folder)
    file = StagedFile("a.jpg")
    file.take(b"half a pict")
    with work_folder():
        os.kill(os.getpid(), 9)


def test_sweeping_removes_what_a_killed_process_left(settings):
    folder = staging._folder()
    child = multiprocessing.get_context("fork").Process(target=_receive_and_die, args=(str(folder),))
    child.start()
    child.join()
    assert len(in_staging()) == 2
    for path in folder.iterdir():
        aged(path)
    assert sweep() == 2
    assert in_staging() == []


def test_a_young_orphan_is_left_for_the_next_time():
    (staging._folder() / "in-new").write_bytes(b"")
    assert sweep() == 0


def test_storing_replaces_whole_files_and_leaves_no_temporary(tmp_path):
    storage, source = image_storage(), tmp_path / "source"
    source.write_bytes(b"one")
    storage.store(source, "aa/bb/cc/original")
    other = tmp_path / "other"
    other.write_bytes(b"two")
    storage.store(other, "aa/bb/cc/original")
    folder = Path(storage.path("aa/bb/cc"))
    assert [file.name for file in folder.iterdir()] == ["original"]
    assert (folder / "original").read_bytes() == b"two"


def test_storing_across_file_systems_copies(tmp_path, monkeypatch):
    def refuse(source, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    source = tmp_path / "source"
    source.write_bytes(b"one")
    image_storage().store(source, "aa/original")
    assert Path(image_storage().path("aa/original")).read_bytes() == b"one"


def test_a_failed_store_leaves_no_temporary(tmp_path, monkeypatch):
    def fail(self, target):
        raise OSError(5, "Input/output error")

    source = tmp_path / "source"
    source.write_bytes(b"one")
    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError):
        image_storage().store(source, "aa/original")
    assert list(Path(image_storage().path("aa")).iterdir()) == []


def test_the_order_is_write_sync_rename_sync_folder(tmp_path, monkeypatch):
    steps = []
    sync, rename = os.fsync, Path.rename
    monkeypatch.setattr(
        os, "fsync", lambda fd: (steps.append(("fsync", Path(f"/proc/self/fd/{fd}").readlink().name)), sync(fd))
    )
    monkeypatch.setattr(
        Path, "rename", lambda self, target: (steps.append(("rename", target.name)), rename(self, target))[1]
    )
    source = tmp_path / "source"
    source.write_bytes(b"one")
    storage = image_storage()
    storage.store(source, "aa/original")
    kinds = [(step, name.split(".")[1] if name.startswith(".") else name) for step, name in steps]
    assert kinds[-3:] == [("fsync", "original"), ("rename", "original"), ("fsync", "aa")]


def test_deleting_a_folder_twice_is_as_good_as_once(tmp_path):
    storage, source = image_storage(), tmp_path / "source"
    source.write_bytes(b"one")
    storage.store(source, "aa/bb/cc/original")
    storage.delete_folder("aa/bb/cc")
    storage.delete_folder("aa/bb/cc")
    assert not Path(storage.path("aa/bb/cc")).exists()


def test_names_cannot_leave_the_storage(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"one")
    with pytest.raises(Exception, match="outside of the base path"):
        DurableFileStorage(location=tmp_path / "images").store(source, "../escaped")


def test_a_copied_file_is_staged_with_its_hashes(tmp_path):
    source = tmp_path / "photo.jpg"
    source.write_bytes(b"abc")
    with staged_copy(source) as staged:
        assert (staged.name, staged.size) == ("photo.jpg", 3)
        assert staged.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert in_staging() == []
