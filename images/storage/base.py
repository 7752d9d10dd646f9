"""What the store asks of a storage of originals and variants. STORAGE_URL chooses one: `disk.py` or `s3.py`."""

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import storages

logger = logging.getLogger(__name__)


# What is read from a file or a connection at once, in bytes.
CHUNK_BYTES = 64 * 1024


# Names are the store's own work; one that looks otherwise is a defect or an attack.
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")


def check_name(name: str) -> str:
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
