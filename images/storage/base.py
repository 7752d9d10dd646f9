"""What the store asks of a storage of originals and variants. STORAGE_URL chooses `disk.py` or `s3.py`."""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import storages

# How much is read from a file or a connection at once.
CHUNK_BYTES = 64 * 1024
# The store computes all names in storage. A name that does not match is a defect, or an attack.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")


def check_name(name: str) -> str:
    """Raises SuspiciousFileOperation for a name that this store would not give."""
    if not _NAME.fullmatch(name):
        raise SuspiciousFileOperation(f"not a name in storage: {name!r}")
    return name


@dataclass(frozen=True)
class Entry:
    """One file of a listing; `size` in bytes."""

    name: str
    size: int
    modified: datetime


class StoredFile(Protocol):
    """A file opened for reading, of `size` bytes."""

    size: int

    def chunks(self, byte_range: range) -> Iterator[bytes]:
        """These bytes of the file, at most CHUNK_BYTES at once. Closes the file after the last one."""

    def close(self) -> None: ...


class ImageStorage(ABC):
    """Where originals and variants are stored.

    Every method ends in bounded time. Raise OSError when the storage fails, FileNotFoundError when
    it has no file of that name.
    """

    # True where a lost storage looks like an empty one, as a disk that is not mounted (images.storage.identity).
    may_look_empty = False

    @abstractmethod
    def store(self, source: Path, name: str, content_type: str) -> None:
        """Store a local file under `name`, replacing the old one. When this returns, all its bytes are durable."""

    @abstractmethod
    def copy(self, name: str, new: str, content_type: str) -> None:
        """Store the bytes of a file under another name, too. When this returns, all of them are durable."""

    @abstractmethod
    def local_copy(self, name: str) -> AbstractContextManager[Path]:
        """A path of the file that a child process can read, until the block ends."""

    @abstractmethod
    def open_stored(self, name: str) -> StoredFile:
        """Open a file to read it in chunks, without loading it into memory."""

    @abstractmethod
    def delete_folders(self, folders: Mapping[str, Collection[str] | None]) -> set[str]:
        """Remove all files in these folders of images. Returns the folders in which no file is left.

        Beside each folder stand the names of all its files, so that it need not be listed; or None.
        """

    @abstractmethod
    def delete_others(self, folder: str, named: Collection[str]) -> None:
        """Remove the files in an image's folder, except those named."""

    @abstractmethod
    def listing(self) -> Iterator[Entry]:
        """All files in the storage. Only the files of images are in the order of their names.

        For other files the order depends on the storage: SeaweedFS lists folders before files, AWS does not.
        """

    @abstractmethod
    def size_of(self, name: str) -> int | None:
        """In bytes; None without such a file. `name` may be that of an unknown file in the listing."""

    def vouches_for(self, name: str, sha256: str) -> bool:
        """Has the storage itself noted this SHA-256 (in hex) of the file? False where it notes none, as a disk."""
        return False

    def free_bytes(self) -> int | None:
        """How many bytes it can still take; None where it tells no limit, as a bucket."""
        return None

    def has(self, name: str) -> bool:
        return self.size_of(name) is not None

    @abstractmethod
    def rename(self, name: str, new: str) -> None:
        """Give a file a new name, which must be free. Both may be names that `check_name` refuses."""

    def sweep(self) -> int:
        """Remove files that dead processes have half stored. Returns how many."""
        return 0

    def is_around(self, folder: Path) -> bool:
        """True when this local folder lies in the storage."""
        return False

    @abstractmethod
    def answers(self) -> bool:
        """Is the storage there, and could it store a file now?"""


def image_storage() -> ImageStorage:
    storage = storages["images"]
    assert isinstance(storage, ImageStorage)
    return storage
