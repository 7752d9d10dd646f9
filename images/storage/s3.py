"""Originals and variants as objects of an S3 bucket (AWS, MinIO, Ceph, SeaweedFS …).

An object is there whole or not at all, so one PUT takes the place of the disk's fsync and rename.
Every request made here may be repeated without harm, so botocore repeats what failed: the same
bytes under the same name, reading, removing what may be gone already.
"""

import errno
import hashlib
import io
import logging
import time
from base64 import b64encode
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.utils.functional import cached_property
from storages.backends.s3 import S3Storage

from images.storage.base import CHUNK_BYTES, Entry, ImageStorage, check_name
from images.storage.scratch import work_folder

logger = logging.getLogger(__name__)

# A server that is silent costs three times 5 s and the pauses between; botocore's own limits are 180 s.
CLIENT_CONFIG = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    # For all threads that may ask at once: those that serve, receive, store and remove.
    max_pool_connections=64,
)
# Whoever asks whether the storage answers wants to know it soon.
QUICK_CLIENT_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
# A server that trickles is never silent. One round of deletions may take so long (seconds), and one file,
# with what its bytes take at the slowest pace that will do (bytes a second).
TRANSFER_SECONDS = 60
TRANSFER_BYTES_PER_SECOND = 512 * 1024
# A reception's lease is 5 minutes.
LONGEST_TRANSFER_SECONDS = 270
# As many as one DeleteObjects takes.
DELETE_BATCH_OBJECTS = 1000


class S3ImageStorage(S3Storage, ImageStorage):
    """Objects under one prefix of one bucket. OPTIONS are django-storages' own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"client_config": CLIENT_CONFIG, **options})
        self._prefix = f"{self.location}/" if self.location else ""

    # One for all threads, and so one pool of connections: clients are thread-safe. The resources that
    # django-storages hands out are not, and it opens a pool for each thread.
    @cached_property
    def client(self) -> Any:
        return self._client(self.client_config)

    @cached_property
    def _quick_client(self) -> Any:
        return self._client(self.client_config.merge(QUICK_CLIENT_CONFIG))

    def _client(self, config: Config) -> Any:
        return self._create_session().client(
            "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=config
        )

    def store(self, source: Path, name: str, content_type: str) -> None:
        checksum = _sha256(source)
        with _as_os_error(name), _Transfer(source) as body:
            answer = self.client.put_object(
                **self._object(name), Body=body, ContentType=content_type, ChecksumSHA256=checksum
            )
        # The server compares too, if it knows how to: only the echo proves that it did.
        if answer.get("ChecksumSHA256") != checksum:
            raise OSError(errno.EIO, "the storage did not confirm the bytes that were sent", name)

    @contextmanager
    def local_copy(self, name: str) -> Iterator[Path]:
        file = self.open_stored(name)
        with work_folder() as folder:
            copy = folder / "copy"
            with copy.open("wb") as out:
                out.writelines(file.chunks(range(file.size)))
            yield copy

    def open_stored(self, name: str) -> "S3File":
        return S3File(self, name)

    def get(self, name: str, **how: str) -> Any:
        """GetObject's answer; its body is still on its way and wants to be closed."""
        with _as_os_error(name):
            return self.client.get_object(**self._object(name), **how)

    def delete_folders(self, folders: Sequence[str]) -> set[str]:
        deadline = time.monotonic() + TRANSFER_SECONDS
        with ThreadPoolExecutor(settings.STORAGE_WORKERS, "delete") as pool:
            listed = pool.map(lambda folder: self._names_in(folder, deadline), folders)
            found = {folder: names for folder, names in zip(folders, listed, strict=True) if names is not None}
            names = [name for names in found.values() for name in names]
            batches = [
                names[start : start + DELETE_BATCH_OBJECTS] for start in range(0, len(names), DELETE_BATCH_OBJECTS)
            ]
            gone = set[str]().union(*pool.map(self._delete, batches))
        return {folder for folder, names in found.items() if gone.issuperset(names)}

    def delete_others(self, folder: str, keep: Collection[str]) -> None:
        others = [
            entry.name
            for entry in self._entries(f"{check_name(folder)}/")
            if entry.name.rpartition("/")[2] not in keep
        ]
        if others and self._delete(others) != set(others):
            raise OSError(errno.EIO, "files of an image could not be removed", folder)

    def listing(self) -> Iterator[Entry]:
        return self._entries("")

    def size_of(self, name: str) -> int | None:
        # HEAD cannot tell an object that is not there from a bucket that is gone; the shortest name comes first.
        found = next(self._entries(name), None)
        return found.size if found and found.name == name else None

    def rename(self, name: str, new: str) -> None:
        source = {"Bucket": self.bucket_name, "Key": self._prefix + name}
        with _as_os_error(name):
            self.client.copy_object(Bucket=self.bucket_name, Key=self._prefix + new, CopySource=source)
        if not self._delete([name]):
            raise OSError(errno.EIO, "copied, but it could not be removed under its old name", name)

    def answers(self) -> bool:
        try:
            self._quick_client.list_objects_v2(Bucket=self.bucket_name, Prefix=self._prefix, MaxKeys=1)
        except (BotoCoreError, ClientError):
            return False
        return True

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": self._prefix + check_name(name)}

    def _entries(self, start: str) -> Iterator[Entry]:
        """What begins with `start`, one page of 1000 in memory at a time."""
        pages = self.client.get_paginator("list_objects_v2")
        with _as_os_error(start):
            for page in pages.paginate(Bucket=self.bucket_name, Prefix=self._prefix + start):
                for item in page.get("Contents", ()):
                    yield Entry(item["Key"].removeprefix(self._prefix), item["Size"], item["LastModified"])

    def _names_in(self, folder: str, deadline: float) -> list[str] | None:
        """None when it could not be found out; past the deadline it is not even tried."""
        if time.monotonic() > deadline:
            return None
        try:
            return [entry.name for entry in self._entries(f"{check_name(folder)}/")]
        except OSError as error:
            logger.warning("%s could not be listed: %s", folder, error)
            return None

    def _delete(self, names: list[str]) -> set[str]:
        """Those that are gone: the answer is a 200 also when some, or all, could not be removed."""
        wanted = {"Objects": [{"Key": self._prefix + name} for name in names]}
        try:
            with _as_os_error(names[0]):
                answer = self.client.delete_objects(Bucket=self.bucket_name, Delete=wanted)
        except OSError as error:
            logger.warning("%d objects could not be removed: %s", len(names), error)
            return set()
        for refused in answer.get("Errors", ()):
            logger.warning("%s could not be removed: %s", refused.get("Key"), refused.get("Code"))
        return {item["Key"].removeprefix(self._prefix) for item in answer.get("Deleted", ())}


class S3File:
    """An object opened for reading. All of it is on its way already; a part is asked for anew."""

    def __init__(self, storage: S3ImageStorage, name: str) -> None:
        self._storage, self._name = storage, name
        # With ChecksumMode, botocore compares what it reads with what was stored.
        answer = storage.get(name, ChecksumMode="ENABLED")
        self._body: Any = answer["Body"]
        self.size: int = answer["ContentLength"]

    def chunks(self, part: range) -> Iterator[bytes]:
        if len(part) < self.size:
            self.close()
            answer = self._storage.get(self._name, Range=f"bytes={part.start}-{part.stop - 1}")
            self._body = answer["Body"]
            if answer["ContentLength"] != len(part):
                self.close()
                raise OSError(errno.EIO, "the storage answered with another part", self._name)
        # botocore has no door for this: what it reads from, and compares with what was announced.
        self._body._raw_stream = _Arriving(self._body._raw_stream, _seconds_for(len(part)))
        return self._stream()

    def close(self) -> None:
        self._body.close()

    def _stream(self) -> Iterator[bytes]:
        # At the end of the body, botocore compares its length and checksum with what was announced. So the last
        # piece waits until the end was seen: bytes that were altered on their way are never a whole answer.
        with _as_os_error(self._name), closing(self._body):
            held = b""
            for piece in self._body.iter_chunks(CHUNK_BYTES):
                if held:
                    yield held
                held = piece
            yield held


class _Arriving:
    """What a storage sends: the time it takes is counted, not that of whoever reads, a slow client say."""

    def __init__(self, raw: Any, seconds: float) -> None:
        self._raw, self._left = raw, seconds

    def read(self, size: int) -> bytes:
        """So many bytes, less at the end; looks at the clock whenever some arrive. Raises TimeoutError."""
        begun, read = time.monotonic(), bytearray()
        while len(read) < size and (piece := self._raw.read1(size - len(read))):
            read += piece
            _check(begun + self._left)
        self._left -= time.monotonic() - begun
        return bytes(read)

    def close(self) -> None:
        self._raw.close()


class _Transfer(io.FileIO):
    """A file being sent: each read looks at the clock, which no timeout of a socket does."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._deadline = time.monotonic() + _seconds_for(path.stat().st_size)

    def read(self, size: int | None = -1, /) -> bytes:
        _check(self._deadline)
        return super().read(-1 if size is None else size)


def _seconds_for(size: int) -> float:
    return min(TRANSFER_SECONDS + size / TRANSFER_BYTES_PER_SECOND, LONGEST_TRANSFER_SECONDS)


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError(errno.ETIMEDOUT, "the storage takes too long")


def _sha256(source: Path) -> str:
    """As S3 writes it: base64."""
    with source.open("rb") as file:
        return b64encode(hashlib.file_digest(file, "sha256").digest()).decode()


@contextmanager
def _as_os_error(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        # Not by its status: a bucket that is gone is a 404 too, and says nothing about the file.
        if error.response["Error"]["Code"] == "NoSuchKey":
            raise FileNotFoundError(errno.ENOENT, "no such object in storage", name) from None
        raise OSError(errno.EIO, str(error), name) from error
    except BotoCoreError as error:
        raise OSError(errno.EIO, str(error), name) from error
