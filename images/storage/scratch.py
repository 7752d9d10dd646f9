"""The local folder of what is under way: uploads that arrive, and what a child process writes.

A process locks what it puts here. An entry without a lock belongs to a dead process and may be removed.
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

# Between making a file and locking it there is a moment; younger ones are left alone (seconds).
GRACE_SECONDS = 60


@contextmanager
def work_folder() -> Iterator[Path]:
    """A folder for what a child writes, gone afterwards; locked like a staged file."""
    folder = Path(tempfile.mkdtemp(dir=scratch_folder(), prefix="work-"))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep() -> int:
    """Remove what dead processes left behind; how many files or folders that were."""
    return sweep_orphans(scratch_folder())


def sweep_orphans(folder: Path) -> int:
    """Of a folder whose entries living processes lock."""
    return sum(_remove_if_orphan(path) for path in folder.iterdir())


def _remove_if_orphan(path: Path) -> bool:
    try:
        # What is from the future was made before the clock was set back.
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
    """STAGING_DIR, made if need be."""
    folder = Path(settings.STAGING_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
