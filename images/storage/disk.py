"""Originals and variants in a folder of this machine.

A file has all its bytes or does not exist. Once `store` has returned, the file survives a power cut:
temporary name, fsync, rename, fsync of the folder (Pillai et al., "All File Systems Are Not Created
Equal", OSDI 2014).
"""

import errno
import fcntl
import io
import logging
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from images.storage.base import CHUNK_BYTES, Entry, ImageStorage, check_name
from images.storage.scratch import free_bytes_at, sweep_orphans
from imagestore.kit.durable import fsync

logger = logging.getLogger(__name__)

# The folder of files that `store` is still writing.
_INCOMING = ".incoming"
# Folders at the root that the listing leaves out; the file system makes lost+found.
_RESERVED_FOLDERS = ("lost+found", _INCOMING)


class DiskFile:
    """An open file. `section` is for a server that lets the kernel send it (sendfile)."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self.size = os.fstat(raw.fileno()).st_size

    def section(self, byte_range: range) -> "FileSection":
        return FileSection(self._raw, byte_range)

    def chunks(self, byte_range: range) -> Iterator[bytes]:
        with self._raw:
            yield from self.section(byte_range)

    def close(self) -> None:
        self._raw.close()


class FileSection:
    """A byte range of an open file, which it closes. Its descriptor stands at the first byte."""

    def __init__(self, raw: io.FileIO, byte_range: range) -> None:
        if byte_range.start:
            raw.seek(byte_range.start)
        self._raw, self._bytes_left = raw, len(byte_range)
        self.fileno, self.close = raw.fileno, raw.close

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(CHUNK_BYTES):
            yield chunk

    def read(self, size: int) -> bytes:
        chunk = self._raw.read(min(size, self._bytes_left))
        self._bytes_left -= len(chunk)
        return chunk


class DurableFileStorage(FileSystemStorage, ImageStorage):
    """Files in a local or mounted folder."""

    may_look_empty = True

    def store(self, source: Path, name: str, content_type: str) -> None:
        final = self._path(name)
        temporary = self._incoming / uuid4().hex
        for folder in (self._incoming, final.parent):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            _link_or_copy(source, temporary)
            with temporary.open("rb") as file:
                # `sweep` removes unlocked files. A hard link to a staged file is locked already, by its receiver.
                with suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.fsync(file.fileno())
                temporary.rename(final)
        finally:
            temporary.unlink(missing_ok=True)
        self._fsync_folders(final.parent)

    def copy(self, name: str, new: str, content_type: str) -> None:
        # A hard link: no file is ever written again, only replaced.
        self.store(self._path(name), new, content_type)

    @contextmanager
    def local_copy(self, name: str) -> Iterator[Path]:
        path = self._path(name)
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, "no such file in storage", name)
        yield path

    def open_stored(self, name: str) -> DiskFile:
        # `check_name` has seen to it that the name stays in the folder.
        return DiskFile(io.FileIO(f"{self.location}/{check_name(name)}"))

    def delete_folders(self, folders: Mapping[str, Collection[str] | None]) -> set[str]:
        # A share for each worker, because handing on each folder alone takes as much CPU as listing it.
        names, workers = list(folders), settings.STORAGE_WORKERS
        with ThreadPoolExecutor(workers, "delete") as pool:
            deleted = pool.map(self._delete_each, (names[first::workers] for first in range(workers)))
            return set[str]().union(*deleted)

    def delete_others(self, folder: str, named: Collection[str]) -> None:
        with suppress(FileNotFoundError):
            for file in self._path(folder).iterdir():
                if file.name not in named and file.is_file():
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
        return os.access(self._existing_root, os.W_OK)

    def free_bytes(self) -> int:
        return free_bytes_at(self._existing_root)

    @property
    def _existing_root(self) -> Path:
        """The first upload makes the folder."""
        root = Path(self.location)
        return root if root.exists() else root.parent

    def _path(self, name: str) -> Path:
        return Path(self.path(check_name(name)))

    @property
    def _incoming(self) -> Path:
        return Path(self.location) / _INCOMING

    def _fsync_folders(self, folder: Path) -> None:
        """fsync this folder and all above it, because another thread may just have created them."""
        root = Path(self.location)
        for level in (folder, *folder.parents):
            fsync(level)
            if level == root:
                break

    def _delete_each(self, folders: Sequence[str]) -> set[str]:
        return {folder for folder in folders if self._delete_folder(folder)}

    def _delete_folder(self, folder: str) -> bool:
        """True when the folder is gone, also if it did not exist."""
        path = Path(f"{self.location}/{check_name(folder)}")
        try:
            with suppress(FileNotFoundError):
                with os.scandir(path) as entries:
                    for entry in entries:
                        _delete_entry(entry)
                path.rmdir()
                fsync(path.parent)
        except OSError:
            logger.exception("%s could not be removed", folder)
            return False
        return True


def _delete_entry(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path)
    else:
        with suppress(FileNotFoundError):
            Path(entry.path).unlink()


def _entries(folder: Path, root: Path) -> Iterator[Entry]:
    """Reads one folder at a time into memory. Other processes may create and remove files meanwhile."""
    with suppress(FileNotFoundError):
        for item in sorted(os.scandir(folder), key=lambda item: item.name + "/" * item.is_dir()):
            if folder == root and item.name in _RESERVED_FOLDERS:
                continue
            if item.is_dir():
                yield from _entries(Path(item.path), root)
                continue
            with suppress(FileNotFoundError):
                stat = item.stat()
                modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                yield Entry(os.path.relpath(item.path, root), stat.st_size, modified)


def _link_or_copy(source: Path, target: Path) -> None:
    """A hard link if the file system allows it, else a copy."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copyfile(source, target)
