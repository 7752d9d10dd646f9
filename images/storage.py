"""Where originals and variants are kept: what the house asks of a storage, and the local disk.

On disk a file is there whole or not at all, and once `store` returns, a power cut does not take
it back: temporary name, fsync, rename, fsync of the folder (Pillai et al., "All File Systems Are
Not Created Equal", OSDI 2014). The other storage is in `s3.py`; STORAGE_URL chooses.
"""

import errno
import fcntl
import logging
import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol, cast
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage, storages

from images.staging import sweep_orphans
from imagestore.durable import fsync

logger = logging.getLogger(__name__)

# What is read from a file or a connection at once, in bytes.
CHUNK = 64 * 1024
# Names are the store's own work; one that looks otherwise is a defect or an attack.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")
# Folders at the root of a disk that hold no files of images: the file system's, and those on their way.
_INCOMING = ".incoming"
_OWN = ("lost+found", _INCOMING)


def checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise SuspiciousFileOperation(f"not a name in storage: {name!r}")
    return name


@dataclass(frozen=True)
class Entry:
    """One file of a listing; its size in bytes."""

    name: str
    size: int
    modified: datetime


class StoredFile(Protocol):
    """A file opened for reading, of `size` bytes."""

    size: int

    def chunks(self, part: range) -> Iterator[bytes]:
        """These bytes of it, in pieces; closes the file at their end."""

    def close(self) -> None: ...


class ImageStorage(ABC):
    """What the house asks of a storage.

    Every method ends in bounded time, and raises OSError when the storage does not do what it
    should, FileNotFoundError where it holds no such file.
    """

    # What is missing looks like an empty folder, as a disk does that is not mounted (images.marker).
    may_look_empty = False

    @abstractmethod
    def store(self, source: Path, name: str, content_type: str) -> None:
        """Keep the bytes of a local file under `name`, durably and whole, in place of what was there."""

    @abstractmethod
    def local_copy(self, name: str) -> AbstractContextManager[Path]:
        """A path that a child process can read."""

    @abstractmethod
    def open_stored(self, name: str) -> StoredFile:
        """To be read in parts, without taking all of it into memory."""

    @abstractmethod
    def delete_folders(self, folders: Sequence[str]) -> set[str]:
        """Remove all files of these images at once; the folders of which nothing is left."""

    @abstractmethod
    def delete_others(self, folder: str, keep: Collection[str]) -> None:
        """Remove the files in the folder of an image whose names there are none of these."""

    @abstractmethod
    def listing(self) -> Iterator[Entry]:
        """Everything that is kept, the files of images in the order of their names.

        Only those: SeaweedFS puts a folder before a file whose name sorts first, AWS does not.
        """

    @abstractmethod
    def size_of(self, name: str) -> int | None:
        """In bytes; None without such a file. The name may be a stranger's from the listing."""

    def has(self, name: str) -> bool:
        return self.size_of(name) is not None

    @abstractmethod
    def rename(self, name: str, new: str) -> None:
        """Give a file another name that is free; both may be strangers'."""

    def sweep(self) -> int:
        """Remove what dead processes left half stored; how many files that were."""
        return 0

    def is_around(self, folder: Path) -> bool:
        """Would what is put into this folder of the machine lie among the images?"""
        return False

    @abstractmethod
    def answers(self) -> bool:
        """Can files be kept here now?"""


def image_storage() -> ImageStorage:
    storage = storages["images"]
    assert isinstance(storage, ImageStorage)
    return storage


# ---- Local disk -----------------------------------------------------------------------------


class DiskFile:
    """An open file; `raw` for those who can let the kernel send it."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw = raw
        self.size = os.fstat(raw.fileno()).st_size

    def chunks(self, part: range) -> Iterator[bytes]:
        left = len(part)
        with self.raw as file:
            file.seek(part.start)
            while left and (chunk := file.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def close(self) -> None:
        self.raw.close()


class DurableFileStorage(FileSystemStorage, ImageStorage):
    """Files in a folder of this machine, or of one it has mounted."""

    may_look_empty = True

    def store(self, source: Path, name: str, content_type: str) -> None:
        final = self._place(name)
        temporary = self._incoming / uuid4().hex
        for folder in (self._incoming, final.parent):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            _bring(source, temporary)
            with temporary.open("rb") as file:
                # For `sweep`. What is staged is the same file, and locked by its receiver already.
                with suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.fsync(file.fileno())
                temporary.rename(final)
        finally:
            temporary.unlink(missing_ok=True)
        self._fsync_folders(final.parent)

    @contextmanager
    def local_copy(self, name: str) -> Iterator[Path]:
        path = self._place(name)
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, "no such file in storage", name)
        yield path

    def open_stored(self, name: str) -> DiskFile:
        return DiskFile(cast(BinaryIO, self._place(name).open("rb")))

    def delete_folders(self, folders: Sequence[str]) -> set[str]:
        with ThreadPoolExecutor(settings.STORAGE_WORKERS, "delete") as pool:
            gone = pool.map(self._delete_folder, folders)
            return {folder for folder, done in zip(folders, gone, strict=True) if done}

    def delete_others(self, folder: str, keep: Collection[str]) -> None:
        with suppress(FileNotFoundError):
            for file in self._place(folder).iterdir():
                if file.name not in keep and file.is_file():
                    file.unlink(missing_ok=True)

    def listing(self) -> Iterator[Entry]:
        root = Path(self.location)
        return _entries(root, root) if root.exists() else iter(())

    def size_of(self, name: str) -> int | None:
        try:
            return Path(self.path(name)).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def rename(self, name: str, new: str) -> None:
        old, final = Path(self.path(name)), Path(self.path(new))
        final.parent.mkdir(parents=True, exist_ok=True)
        old.rename(final)
        self._fsync_folders(final.parent)
        self._fsync_folders(old.parent)

    def sweep(self) -> int:
        return sweep_orphans(self._incoming) if self._incoming.exists() else 0

    def is_around(self, folder: Path) -> bool:
        return folder.resolve().is_relative_to(Path(self.location).resolve())

    def answers(self) -> bool:
        root = Path(self.location)
        return os.access(root if root.exists() else root.parent, os.W_OK)

    def _place(self, name: str) -> Path:
        return Path(self.path(checked(name)))

    @property
    def _incoming(self) -> Path:
        """Files on their way to their names; hidden, so no listing shows them."""
        return Path(self.location) / _INCOMING

    def _fsync_folders(self, folder: Path) -> None:
        """This one and all above it: another thread may just have made them."""
        root = Path(self.location)
        for level in (folder, *folder.parents):
            fsync(level)
            if level == root:
                break

    def _delete_folder(self, folder: str) -> bool:
        """True when nothing of it is left, even if nothing was there."""
        path = self._place(folder)
        try:
            with suppress(FileNotFoundError):
                for file in path.iterdir():
                    shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink(missing_ok=True)
                path.rmdir()
                fsync(path.parent)
        except OSError:
            logger.exception("%s could not be removed", folder)
            return False
        return True


def _entries(folder: Path, root: Path) -> Iterator[Entry]:
    """One folder in memory at a time. Files come and go meanwhile."""
    with suppress(FileNotFoundError):
        for found in sorted(os.scandir(folder), key=lambda found: found.name + "/" * found.is_dir()):
            if folder == root and found.name in _OWN:
                continue
            if found.is_dir():
                yield from _entries(Path(found.path), root)
                continue
            with suppress(FileNotFoundError):
                stat = found.stat()
                modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                yield Entry(os.path.relpath(found.path, root), stat.st_size, modified)


def _bring(source: Path, target: Path) -> None:
    """Another name for the same bytes where the file system can, else a copy."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copyfile(source, target)
