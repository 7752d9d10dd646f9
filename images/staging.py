"""Staging: where bytes arrive, on local disk, before they are anybody's image.

Each file is locked by the process that receives it, so that whoever finds one unlocked knows
that its process is dead and may remove it. Hashed on the way: nothing is read twice.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from imagestore.problems import Problem, storage_unavailable
from imagestore.sizes import filesize

# Between making a file and locking it there is a moment; younger ones are left alone (seconds).
GRACE = 60
CHUNK = 1024 * 1024


class StagedFile(UploadedFile):
    """One received file: `size` in bytes, `sha256` (lower-case hex) and `crc32` of what came.

    `problem` is what is wrong with it already: too large, no room. Closing it removes it.
    """

    size: int

    def __init__(self, name: str) -> None:
        folder = _folder()
        descriptor, path = tempfile.mkstemp(dir=folder, prefix="in-")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self.path = Path(path)
        self.problem: Problem | None = None
        self.crc32 = 0
        self._sha256 = hashlib.sha256()
        self._out = os.fdopen(descriptor, "wb")
        super().__init__(file=self._out, name=name, size=0)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def take(self, chunk: bytes) -> None:
        """Append; a file over the limit or a full disk is noted, and its bytes are let go."""
        if self.problem:
            return None
        self.size += len(chunk)
        if self.size > settings.MAX_UPLOAD_BYTES:
            return self._refuse(file_too_large())
        try:
            self._out.write(chunk)
        except OSError:
            return self._refuse(storage_unavailable())
        self._sha256.update(chunk)
        self.crc32 = zlib.crc32(chunk, self.crc32)
        return None

    def finish(self) -> None:
        """All bytes have come: they are in the file, though not yet promised to anybody."""
        try:
            self._out.flush()
        except OSError:
            self._refuse(storage_unavailable())

    def close(self) -> None:
        self.path.unlink(missing_ok=True)
        with suppress(OSError):
            super().close()

    def _refuse(self, problem: Problem) -> None:
        self.problem = problem
        with suppress(OSError):
            os.ftruncate(self._out.fileno(), 0)


def file_too_large() -> Problem:
    limit = settings.MAX_UPLOAD_BYTES
    return Problem("file_too_large", f"A file may have at most {filesize(limit)}. Nothing was stored.", limit=limit)


@contextmanager
def staged_copy(source: Path) -> Iterator[StagedFile]:
    """A file of the operator's, received like an upload."""
    staged = StagedFile(source.name)
    try:
        with source.open("rb") as original:
            _copy(original, staged)
        yield staged
    finally:
        staged.close()


@contextmanager
def work_folder() -> Iterator[Path]:
    """A folder for what a child writes, gone afterwards; locked like a staged file."""
    folder = Path(tempfile.mkdtemp(dir=_folder(), prefix="work-"))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep() -> int:
    """Remove what dead processes left behind; how many files or folders that were."""
    return sweep_orphans(_folder())


def sweep_orphans(folder: Path) -> int:
    """Of a folder whose entries living processes lock."""
    return sum(_remove_if_orphan(path) for path in folder.iterdir())


def _remove_if_orphan(path: Path) -> bool:
    try:
        # What is from the future was made before the clock was set back.
        if abs(time.time() - path.stat().st_mtime) < GRACE:
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


def _copy(original: BinaryIO, staged: StagedFile) -> None:
    while chunk := original.read(CHUNK):
        staged.take(chunk)
    staged.finish()


def _folder() -> Path:
    folder = Path(settings.STAGING_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
