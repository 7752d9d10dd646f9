"""Originals and variants in a folder of this machine.

A file is there whole or not at all, and once `store` returns, a power cut does not take it back:
temporary name, fsync, rename, fsync of the folder (Pillai et al., "All File Systems Are Not Created
Equal", OSDI 2014).
"""

import errno
import fcntl
import logging
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from images.storage.base import CHUNK_BYTES, Entry, ImageStorage, check_name
from images.storage.scratch import sweep_orphans
from imagestore.kit.durable import fsync

logger = logging.getLogger(__name__)

# Folders at the root of a disk that hold no files of images: the file system's, and those on their way.
_INCOMING = ".incoming"


_OWN = ("lost+found", _INCOMING)


class DiskFile:
    """An open file; `raw` for those who can let the kernel send it."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw = raw
        self.size = os.fstat(raw.fileno()).st_size

    def chunks(self, part: range) -> Iterator[bytes]:
        left = len(part)
        with self.raw as file:
            file.seek(part.start)
            while left and (chunk := file.read(min(CHUNK_BYTES, left))):
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
        return Path(self.path(check_name(name)))

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
