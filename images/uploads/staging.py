"""Staging: uploads arrive as files on local disk, before they become images.

The receiving process locks its file. A file without a lock belongs to a dead process, and may be
removed (images.storage.scratch). Checksums are computed while bytes arrive.
"""

import fcntl
import hashlib
import logging
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from images.models import Upload
from images.storage.scratch import scratch_folder
from images.uploads.reservations import Reservation, reservations
from imagestore.kit.filesize import lazy_filesize
from imagestore.kit.problems import Problem, storage_unavailable
from imagestore.kit.sentences import filled
from imagestore.kit.text import file_name_text

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1024 * 1024


class StagedFile(UploadedFile):
    """One received file: its `size` in bytes, `sha256` (lower-case hexadecimal) and `crc32`.

    `problem` is set when it cannot be accepted: too large, the disk is full, or its body in chunks cannot reserve
    more. `is_dropped` is set when it exceeded its reservation: then it has hashes, but no bytes. Closing removes
    the file.
    """

    size: int
    upload: Upload | None = None

    def __init__(self, name: str, reservation: Reservation | None = None) -> None:
        folder = scratch_folder()
        descriptor, path = tempfile.mkstemp(dir=folder, prefix="in-")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self.path = Path(path)
        self.problem: Problem | None = None
        self.is_dropped = False
        self.crc32 = 0
        self._reservation, self._reserved_bytes = reservation, 0
        self._sha256 = hashlib.sha256()
        self._out = os.fdopen(descriptor, "wb")
        super().__init__(file=self._out, name=name, size=0)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def append(self, chunk: bytes) -> None:
        """Hash and write the next bytes. If they cannot be stored, set `problem` and empty the file."""
        if self.problem:
            return None
        self.size += len(chunk)
        if self.size > settings.MAX_UPLOAD_BYTES:
            return self._refuse(file_too_large())
        self._sha256.update(chunk)
        self.crc32 = zlib.crc32(chunk, self.crc32)
        return None if self.is_dropped else self._write(chunk)

    def finish(self) -> None:
        """Call after the last byte. The file is complete now, but not durable."""
        try:
            self._out.flush()
        except OSError as error:
            self._refuse_failed(error)

    def close(self) -> None:
        self.path.unlink(missing_ok=True)
        with suppress(OSError):
            super().close()

    def _write(self, chunk: bytes) -> None:
        try:
            if self._reservation:
                if not self._reservation.take(len(chunk)):
                    self.is_dropped = True
                    return self._empty()
                self._reserved_bytes += len(chunk)
            self._out.write(chunk)
        except OSError as error:
            self._refuse_failed(error)
        except Problem as problem:
            self._refuse(problem)
        return None

    def _refuse_failed(self, error: OSError) -> None:
        logger.warning("an upload could not be written to staging: %s", error)
        self._refuse(storage_unavailable(error))

    def _refuse(self, problem: Problem) -> None:
        self.problem = problem
        self._empty()

    def _empty(self) -> None:
        """Remove the bytes, so that the reservation has them for the next file."""
        with suppress(OSError):
            # Before the cut: what is flushed after it would make the file as long as before.
            self._out.flush()
        with suppress(OSError):
            os.ftruncate(self._out.fileno(), 0)
        if self._reservation:
            self._reservation.give_back(self._reserved_bytes)
        self._reserved_bytes = 0


@dataclass(frozen=True)
class WholeFile:
    """The whole of a resumable upload, whose bytes the quota counts already. It has what a StagedFile has."""

    problem: ClassVar[Problem | None] = None
    is_dropped: ClassVar[bool] = False

    path: Path
    name: str
    size: int
    sha256: str
    crc32: int
    upload: Upload


Staged = StagedFile | WholeFile


def file_too_large() -> Problem:
    limit = settings.MAX_UPLOAD_BYTES
    detail = filled(_("A file may have at most %(size)s. Nothing was stored."), size=lazy_filesize(limit))
    return Problem("file_too_large", detail, limit=limit)


@contextmanager
def stage_copy(source: Path) -> Iterator[StagedFile]:
    """Copy a local file to staging, as if it were uploaded; for import_folder.

    Raises OSError when the source cannot be read, Problem `storage_unavailable` when staging cannot be written.
    """
    reservation = reservations.reserve_for_operator(min(source.stat().st_size, settings.MAX_UPLOAD_BYTES))
    try:
        with _new_file(file_name_text(source.name), reservation) as staged:
            with source.open("rb") as original:
                _copy(original, staged)
            yield staged
    finally:
        reservations.release(reservation)


def _new_file(name: str, reservation: Reservation) -> StagedFile:
    try:
        return StagedFile(name, reservation)
    except OSError:
        raise storage_unavailable() from None


def _copy(original: BinaryIO, staged: StagedFile) -> None:
    while chunk := original.read(CHUNK_BYTES):
        staged.append(chunk)
    staged.finish()
