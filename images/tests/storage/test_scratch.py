"""Temporary files: those of a dead process are removed, those of a living one are not."""

import multiprocessing
import os
import time
from pathlib import Path

from images.storage import scratch
from images.storage.scratch import sweep, work_folder
from images.tests.helpers import in_staging
from images.uploads.staging import StagedFile


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
    scratch._folder = lambda: Path(folder)
    file = StagedFile("a.jpg")
    file.append(b"half a pict")
    with work_folder():
        os.kill(os.getpid(), 9)


def test_sweeping_removes_what_a_killed_process_left(settings):
    folder = scratch.scratch_folder()
    child = multiprocessing.get_context("fork").Process(target=_receive_and_die, args=(str(folder),))
    child.start()
    child.join()
    assert len(in_staging()) == 2
    for path in folder.iterdir():
        aged(path)
    assert sweep() == 2
    assert in_staging() == []


def test_a_young_orphan_is_left_for_the_next_time():
    (scratch.scratch_folder() / "in-new").write_bytes(b"")
    assert sweep() == 0


def test_an_orphan_from_the_future_is_removed():
    """It was made before the clock was set back; waiting for its time could take years."""
    orphan = scratch.scratch_folder() / "in-future"
    orphan.write_bytes(b"")
    tomorrow = time.time() + 86400
    os.utime(orphan, (tomorrow, tomorrow))
    assert sweep() == 1
