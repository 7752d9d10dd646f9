"""Staging: where bytes arrive, on local disk, before they are anybody's image.

Each file is locked by the process that receives it, so that whoever finds one unlocked knows
that its process is dead and may remove it. Hashed on the way: nothing is read twice.
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
    """One received file: `size` in bytes, `sha256` (lower-case hex) and `crc32` of what came.

    `problem` is what is wrong with it already: too large, no room. Closing it removes it.
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
def stage_copy(source: Path) -> Iterator[StagedFile]:
    """A file of the operator's, received like an upload."""
    staged = StagedFile(source.name)
    try:
        with source.open("rb") as original:
            _copy(original, staged)
        yield staged
    finally:
        staged.close()


def _copy(original: BinaryIO, staged: StagedFile) -> None:
    while chunk := original.read(CHUNK_BYTES):
        staged.take(chunk)
    staged.finish()
