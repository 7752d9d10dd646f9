"""Originals and variants as objects of an S3 bucket (AWS, MinIO, Ceph, SeaweedFS …).

An object has all its bytes or does not exist, so one PUT does what fsync and rename do on a disk.
botocore repeats failed requests, so make only requests that may be repeated: storing the same bytes
under the same name, reading, removing objects that may be gone already.
"""

import errno
import hashlib
import io
import logging
import time
from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from math import ceil
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

# A silent server costs three attempts of 5 s and the pauses between them; with botocore's defaults it costs 180 s.
CLIENT_CONFIG = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    # One connection for each thread that serves, receives, stores or removes.
    max_pool_connections=64,
)
# What servers say when their disks, or the bucket's share of them, are full.
FULL_CODES = ("InsufficientStorage", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded")
# For `answers`, which health checks call.
QUICK_CLIENT_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})
# A server that trickles bytes never reaches read_timeout, so there are limits of our own. Listing folders to
# delete may take TRANSFER_SECONDS. Sending or reading a file may take TRANSFER_SECONDS, and one second more
# for each TRANSFER_BYTES_PER_SECOND of its size.
TRANSFER_SECONDS = 60
TRANSFER_BYTES_PER_SECOND = 512 * 1024
# Must be less than RECEPTION_LEASE, which is 5 minutes.
LONGEST_TRANSFER_SECONDS = 270
# The limit of one DeleteObjects request.
DELETE_BATCH_OBJECTS = 1000


class S3ImageStorage(S3Storage, ImageStorage):
    """Objects under one prefix of one bucket. OPTIONS are those of django-storages."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"client_config": CLIENT_CONFIG, **options})
        self._prefix = f"{self.location}/" if self.location else ""

    # All threads share one client and its pool of connections: clients are thread-safe. django-storages has a
    # resource and a pool for each thread, because resources are not.
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
        with _as_os_error(name), _TimedFile(source) as body:
            answer = self.client.put_object(
                **self._object(name), Body=body, ContentType=content_type, ChecksumSHA256=checksum
            )
        # Only the checksum in the answer proves that the server compared it: some servers ignore it.
        if answer.get("ChecksumSHA256") != checksum:
            raise OSError(errno.EIO, "the storage did not confirm the bytes that were sent", name)

    def copy(self, name: str, new: str, content_type: str) -> None:
        self._copy(check_name(name), check_name(new))
        # An answer alone proves little: some servers answer before they fail.
        if self.size_of(new) != self.size_of(name):
            raise OSError(errno.EIO, "the storage did not copy all bytes", new)

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

    def get(self, name: str, **options: str) -> Any:
        """The answer of GetObject. Its body is still arriving: the caller closes it."""
        with _as_os_error(name):
            return self.client.get_object(**self._object(name), **options)

    def delete_folders(self, folders: Mapping[str, Collection[str] | None]) -> set[str]:
        deadline = time.monotonic() + TRANSFER_SECONDS
        unknown = [folder for folder, names in folders.items() if names is None]
        with ThreadPoolExecutor(settings.STORAGE_WORKERS, "delete") as pool:
            listings = pool.map(lambda folder: self._names_in(folder, deadline), unknown)
            every = {**folders, **dict(zip(unknown, listings, strict=True))}
            known = {folder: names for folder, names in every.items() if names is not None}
            names = [name for names in known.values() for name in names]
            # Servers remove the objects of one request one after the other, so all workers get some.
            size = min(DELETE_BATCH_OBJECTS, ceil(len(names) / settings.STORAGE_WORKERS) or 1)
            batches = [names[start : start + size] for start in range(0, len(names), size)]
            deleted = set[str]().union(*pool.map(self._delete, batches))
        return {folder for folder, names in known.items() if deleted.issuperset(names)}

    def delete_others(self, folder: str, named: Collection[str]) -> None:
        others = [
            entry.name
            for entry in self._entries(f"{check_name(folder)}/")
            if entry.name.rpartition("/")[2] not in named
        ]
        if others and self._delete(others) != set(others):
            raise OSError(errno.EIO, "files of an image could not be removed", folder)

    def listing(self) -> Iterator[Entry]:
        return self._entries("")

    def size_of(self, name: str) -> int | None:
        # Not HEAD: it answers 404 for a missing object and for a missing bucket. The exact name is listed first.
        entry = next(self._entries(name), None)
        return entry.size if entry and entry.name == name else None

    def vouches_for(self, name: str, sha256: str) -> bool:
        checksum = b64encode(bytes.fromhex(sha256)).decode()
        with _as_os_error(name):
            answer = self.client.head_object(**self._object(name), ChecksumMode="ENABLED")
        # `store` gave it, and the server compared it then. Of an object in several parts it is another hash.
        return bool(answer.get("ChecksumSHA256") == checksum)

    def rename(self, name: str, new: str) -> None:
        self._copy(name, new)
        if not self._delete([name]):
            raise OSError(errno.EIO, "copied, but it could not be removed under its old name", name)

    def _copy(self, name: str, new: str) -> None:
        source = {"Bucket": self.bucket_name, "Key": self._prefix + name}
        with _as_os_error(name):
            self.client.copy_object(Bucket=self.bucket_name, Key=self._prefix + new, CopySource=source)

    def answers(self) -> bool:
        try:
            self._quick_client.list_objects_v2(Bucket=self.bucket_name, Prefix=self._prefix, MaxKeys=1)
        except (BotoCoreError, ClientError):
            return False
        return True

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": self._prefix + check_name(name)}

    def _entries(self, prefix: str) -> Iterator[Entry]:
        """Files whose names begin with `prefix`; reads pages of 1000."""
        pages = self.client.get_paginator("list_objects_v2")
        with _as_os_error(prefix):
            for page in pages.paginate(Bucket=self.bucket_name, Prefix=self._prefix + prefix):
                for item in page.get("Contents", ()):
                    yield Entry(item["Key"].removeprefix(self._prefix), item["Size"], item["LastModified"])

    def _names_in(self, folder: str, deadline: float) -> list[str] | None:
        """None when the storage could not list the folder, or the deadline has passed."""
        if time.monotonic() > deadline:
            return None
        try:
            return [entry.name for entry in self._entries(f"{check_name(folder)}/")]
        except OSError as error:
            logger.warning("%s could not be listed: %s", folder, error)
            return None

    def _delete(self, names: list[str]) -> set[str]:
        """Returns the names that are gone. The answer is a 200 even if the server removed none of them."""
        objects = {"Objects": [{"Key": self._prefix + name} for name in names]}
        try:
            with _as_os_error(names[0]):
                answer = self.client.delete_objects(Bucket=self.bucket_name, Delete=objects)
        except OSError as error:
            logger.warning("%d objects could not be removed: %s", len(names), error)
            return set()
        for refused in answer.get("Errors", ()):
            logger.warning("%s could not be removed: %s", refused.get("Key"), refused.get("Code"))
        return {item["Key"].removeprefix(self._prefix) for item in answer.get("Deleted", ())}


class S3File:
    """An object opened for reading. Opening requests all its bytes; `chunks` requests a smaller range anew."""

    def __init__(self, storage: S3ImageStorage, name: str) -> None:
        self._storage, self._name = storage, name
        # ChecksumMode makes botocore compare the bytes it reads with the checksum that was stored.
        answer = storage.get(name, ChecksumMode="ENABLED")
        self._body: Any = answer["Body"]
        self.size: int = answer["ContentLength"]

    def chunks(self, byte_range: range) -> Iterator[bytes]:
        if len(byte_range) < self.size:
            self.close()
            answer = self._storage.get(self._name, Range=f"bytes={byte_range.start}-{byte_range.stop - 1}")
            self._body = answer["Body"]
            if answer["ContentLength"] != len(byte_range):
                self.close()
                raise OSError(errno.EIO, "the storage answered with another range of bytes", self._name)
        # botocore has no public way to replace the stream that it reads and checks.
        self._body._raw_stream = _TimedStream(self._body._raw_stream, _seconds_for(len(byte_range)))
        return self._stream()

    def close(self) -> None:
        self._body.close()

    def _stream(self) -> Iterator[bytes]:
        # At the end of the body, botocore compares its length and checksum. Yield the last chunk only after that,
        # so that altered bytes never make a complete answer.
        with _as_os_error(self._name), closing(self._body):
            last_chunk = b""
            for chunk in self._body.iter_chunks(CHUNK_BYTES):
                if last_chunk:
                    yield last_chunk
                last_chunk = chunk
            yield last_chunk


class _TimedStream:
    """Limits the seconds spent waiting for the storage. Time between reads does not count: a client may be slow."""

    def __init__(self, raw: Any, seconds: float) -> None:
        self._raw, self._seconds_left = raw, seconds

    def read(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end. Raises TimeoutError, also while bytes still trickle in."""
        begun, received = time.monotonic(), bytearray()
        while len(received) < size and (chunk := self._raw.read1(size - len(received))):
            received += chunk
            _raise_if_late(begun + self._seconds_left)
        self._seconds_left -= time.monotonic() - begun
        return bytes(received)

    def close(self) -> None:
        self._raw.close()


class _TimedFile(io.FileIO):
    """A local file being sent. `read` raises TimeoutError after the deadline, also for a slow but busy socket."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._deadline = time.monotonic() + _seconds_for(path.stat().st_size)

    def read(self, size: int | None = -1, /) -> bytes:
        _raise_if_late(self._deadline)
        return super().read(-1 if size is None else size)


def _seconds_for(size: int) -> float:
    return min(TRANSFER_SECONDS + size / TRANSFER_BYTES_PER_SECOND, LONGEST_TRANSFER_SECONDS)


def _raise_if_late(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError(errno.ETIMEDOUT, "the storage takes too long")


def _sha256(source: Path) -> str:
    """In base64, as S3 writes it."""
    with source.open("rb") as file:
        return b64encode(hashlib.file_digest(file, "sha256").digest()).decode()


@contextmanager
def _as_os_error(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        # Compare the code, not the status: a missing bucket is a 404 too.
        if error.response["Error"]["Code"] == "NoSuchKey":
            raise FileNotFoundError(errno.ENOENT, "no such object in storage", name) from None
        if _says_full(error):
            raise OSError(errno.ENOSPC, str(error), name) from error
        raise OSError(errno.EIO, str(error), name) from error
    except BotoCoreError as error:
        raise OSError(errno.EIO, str(error), name) from error


def _says_full(error: ClientError) -> bool:
    """SeaweedFS does not: it answers a full disk with InternalError."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == 507 or error.response["Error"]["Code"] in FULL_CODES
