"""Where originals and variants are kept: durable, by names that only the store makes.

The local-disk storage. A file is there whole or not at all, and once `store` returns, a power
cut does not take it back: temporary name, fsync, rename, fsync of the folder (Pillai et al.,
"All File Systems Are Not Created Equal", OSDI 2014).
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from django.core.files.storage import FileSystemStorage, storages


class DurableFileStorage(FileSystemStorage):
    """Every method raises OSError when the disk does not do what it should."""

    def store(self, source: Path, name: str) -> None:
        """Keep the bytes of a local file under `name`, durably, in place of what was there."""
        final = Path(self.path(name))
        self._make_folder(final.parent)
        temporary = final.with_name(f".{final.name}.{uuid4().hex}")
        try:
            _bring(source, temporary)
            _fsync(temporary)
            temporary.rename(final)
        finally:
            temporary.unlink(missing_ok=True)
        _fsync(final.parent)

    @contextmanager
    def local_copy(self, name: str) -> Iterator[Path]:
        """A path that a child process can read; FileNotFoundError when there is no such file."""
        path = Path(self.path(name))
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, "no such file in storage", name)
        yield path

    def delete_folder(self, prefix: str) -> None:
        """Remove all files of one image; nothing there is as good as removed."""
        folder = Path(self.path(prefix))
        with suppress(FileNotFoundError):
            for file in folder.iterdir():
                file.unlink(missing_ok=True)
            folder.rmdir()
            _fsync(folder.parent)

    def answers(self) -> bool:
        """Is it there, and can files be written?"""
        return os.access(self.location, os.W_OK)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _fsync(folder.parent)


def image_storage() -> DurableFileStorage:
    storage = storages["images"]
    assert isinstance(storage, DurableFileStorage)
    return storage


def _bring(source: Path, target: Path) -> None:
    """Another name for the same bytes where the file system can, else a copy."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copyfile(source, target)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
