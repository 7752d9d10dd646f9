"""The files of resumable uploads: the bytes that have come so far, in scratch, until the last one is here.

A request locks the file that it writes (`flock`), so another process cannot write it, too. Within a process the
newest request wins: the client of an older one has lost its connection, and the older one notices late. Once it
is stopped, it cannot write a byte more.
"""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from images.models import Upload
from images.storage.scratch import PARTS, scratch_folder
from imagestore.kit.durable import fsync, rename_durably

# How long a request waits for another one that writes the same file in another process, or is storing the image.
WAIT_SECONDS = 5
POLL_SECONDS = 0.05
READ_BYTES = 1024 * 1024
_NAME = re.compile(r"[0-9a-f]{32}")


class InUse(Exception):
    """Another request is storing this upload's image, or writes its bytes in another process."""


class Stopped(Exception):
    """A newer request writes this file."""


@dataclass(frozen=True)
class Checksums:
    sha256: str
    crc32: int


class Part:
    """The locked file of one upload. `size` is how many bytes it has, durable or not."""

    def __init__(self, name: UUID, *, new: bool) -> None:
        """Raises FileNotFoundError, and BlockingIOError while another request has the file."""
        self.path = _path(name)
        self._mutex = threading.Lock()
        self._descriptor: int | None = _open_locked(self.path, new=new)
        self.size = os.fstat(self._descriptor).st_size

    def write(self, chunk: bytes) -> None:
        """Append the chunk. Raises Stopped, and OSError when the disk fails."""
        with self._mutex:
            left = memoryview(chunk)
            while left:
                left = left[os.write(self._open, left) :]
            self.size += len(chunk)

    def cut(self, size: int) -> None:
        """Drop the bytes behind `size`, and write on there."""
        with self._mutex:
            os.ftruncate(self._open, size)
            self.size = os.lseek(self._open, size, os.SEEK_SET)

    @contextmanager
    def durable(self) -> Iterator[None]:
        """In this block all bytes are on the disk, and no other request gets the file. Raises Stopped, OSError."""
        with self._mutex:
            os.fdatasync(self._open)
            yield

    def checksums(self) -> Checksums:
        sha256, crc32 = hashlib.sha256(), 0
        with self.path.open("rb") as file:
            while chunk := file.read(READ_BYTES):
                sha256.update(chunk)
                crc32 = zlib.crc32(chunk, crc32)
        return Checksums(sha256.hexdigest(), crc32)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def stop(self) -> bool:
        """Let no more be written here. False while the image of these bytes is being stored."""
        if not self._mutex.acquire(timeout=WAIT_SECONDS):
            return False
        self._close()
        self._mutex.release()
        return True

    def close(self) -> None:
        with self._mutex:
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None

    @property
    def _open(self) -> int:
        if self._descriptor is None:
            raise Stopped
        return self._descriptor


_parts: dict[UUID, Part] = {}


@contextmanager
def opened(name: UUID, *, new: bool) -> Iterator[Part]:
    """The file of this name, for one request; an older request that writes it is stopped.

    Raises FileNotFoundError when this server has no such file, InUse, and OSError when the disk fails.
    """
    part = _parts[name] = _take(name, new=new)
    try:
        yield part
    finally:
        if _parts.get(name) is part:
            del _parts[name]
        part.close()


def _take(name: UUID, *, new: bool) -> Part:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        older = _parts.get(name)
        if older and not older.stop():
            break
        try:
            return Part(name, new=new)
        except BlockingIOError:
            time.sleep(POLL_SECONDS)
    raise InUse


def is_here(name: UUID) -> bool:
    """Whether this server has the file. Servers of one store have a scratch folder each."""
    return _path(name).exists()


def drop(name: UUID) -> None:
    """Stop a request of this process that still writes the file, and remove it."""
    older = _parts.get(name)
    if older is None or older.stop():
        remove(name)


def remove(name: UUID) -> None:
    _path(name).unlink(missing_ok=True)


def sweep() -> int:
    """Remove the files that no open upload names. Returns how many.

    A row names its file before the file is made, so read the folder first, then the rows.
    """
    names = _names()
    orphans = names - set(Upload.objects.open().filter(part__in=names).values_list("part", flat=True))
    for name in orphans:
        remove(name)
    return len(orphans)


def _names() -> set[UUID]:
    folder = _folder()
    found = folder.iterdir() if folder.exists() else ()
    return {UUID(path.name) for path in found if _NAME.fullmatch(path.name)}


def _open_locked(path: Path, *, new: bool) -> int:
    if new and not path.parent.exists():
        path.parent.mkdir(exist_ok=True)
        fsync(path.parent.parent)
    descriptor = os.open(path, os.O_RDWR | (os.O_CREAT | os.O_EXCL if new else 0), 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if new:
            fsync(path.parent)
        elif os.fstat(descriptor).st_nlink > 1:
            _unshare(path)
        _require_same_file(descriptor, path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _unshare(path: Path) -> None:
    """Put a copy in the place of a file to which the storage has a hard link: writing it would change an original.

    A server leaves such a file when it dies between linking the whole file and noting the image in the row.
    """
    descriptor, draft = tempfile.mkstemp(dir=scratch_folder(), prefix="in-")
    os.close(descriptor)
    shutil.copyfile(path, draft)
    rename_durably(Path(draft), path)
    fsync(path.parent)


def _require_same_file(descriptor: int, path: Path) -> None:
    """Raises BlockingIOError when another file has this name meanwhile: then try again."""
    if os.fstat(descriptor).st_ino != path.stat().st_ino:
        raise BlockingIOError(errno.EAGAIN, "the file was replaced")


def _path(name: UUID) -> Path:
    return _folder() / name.hex


def _folder() -> Path:
    return scratch_folder() / PARTS
