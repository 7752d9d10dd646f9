"""Staging: uploads arrive as files on local disk, before they become images.

The receiving process locks its file. A file without a lock belongs to a dead process, and may be
removed (images.storage.scratch). Checksums are computed while bytes arrive.
"""

import fcntl
import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from images.storage.scratch import scratch_folder
from imagestore.kit.filesize import filesize
from imagestore.kit.problems import Problem, storage_unavailable

CHUNK_BYTES = 1024 * 1024


class StagedFile(UploadedFile):
    """One received file: its `size` in bytes, `sha256` (lower-case hexadecimal) and `crc32`.

    `problem` is set when it cannot be accepted: too large, or the disk is full. Closing removes the file.
    """

    size: int

    def __init__(self, name: str) -> None:
        folder = scratch_folder()
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

    def append(self, chunk: bytes) -> None:
        """Write the next bytes. Over the limit or on a full disk, set `problem` and empty the file."""
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
        """Call after the last byte. The file is complete now, but not durable."""
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
def stage_copy(source: Path) -> Iterator[StagedFile]:
    """Copy a local file to staging, as if it were uploaded; for import_folder."""
    staged = StagedFile(source.name)
    try:
        with source.open("rb") as original:
            _copy(original, staged)
        yield staged
    finally:
        staged.close()


def _copy(original: BinaryIO, staged: StagedFile) -> None:
    while chunk := original.read(CHUNK_BYTES):
        staged.append(chunk)
    staged.finish()
