"""The local folder for temporary files: uploads that arrive, and files that child processes write.

A process locks each entry that it creates here. An entry without a lock belongs to a dead process,
and may be removed. The folder PARTS has rules of its own (images.storage.parts).
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

PARTS = "parts"
# `sweep` leaves younger entries alone: a process locks its entry a moment after creating it.
GRACE_SECONDS = 60
# Without STAGING_MIN_FREE_BYTES uploads leave a tenth of the disk free, and no more than this.
DEFAULT_FLOOR_BYTES = 1024**3


@contextmanager
def work_folder() -> Iterator[Path]:
    """A locked folder for the files of a child process, removed when the block ends."""
    folder = Path(tempfile.mkdtemp(dir=scratch_folder(), prefix="work-"))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep() -> int:
    """Remove files and folders that dead processes have left. Returns how many."""
    return sweep_orphans(scratch_folder())


def sweep_orphans(folder: Path) -> int:
    """Remove the unlocked entries of this folder, all but PARTS. Returns how many."""
    return sum(_remove_if_orphan(path) for path in folder.iterdir() if path.name != PARTS)


def _remove_if_orphan(path: Path) -> bool:
    try:
        # An entry from the future was created before the clock was set back. It is old.
        if abs(time.time() - path.stat().st_mtime) < GRACE_SECONDS:
            return False
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        return True
    finally:
        os.close(descriptor)


def scratch_folder() -> Path:
    """STAGING_DIR, created if it does not exist."""
    folder = Path(settings.STAGING_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def free_bytes() -> int:
    """Bytes of the scratch folder's disk that uploads may fill: what is free above STAGING_MIN_FREE_BYTES."""
    folder = scratch_folder()
    floor = settings.STAGING_MIN_FREE_BYTES
    if floor is None:
        floor = min(DEFAULT_FLOOR_BYTES, shutil.disk_usage(folder).total // 10)
    return free_bytes_at(folder) - floor


def free_bytes_at(folder: Path) -> int:
    """Free bytes of the disk of this folder; 0 when it has no inode left for another file."""
    inodes = os.statvfs(folder)
    # A file system that counts no inodes says 0 of 0.
    return shutil.disk_usage(folder).free if inodes.f_favail or not inodes.f_files else 0
