"""The image files of a store as a test reads and changes them: on its disk, or in its bucket."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.seaweed import BUCKET, SeaweedFS

# What the store writes for itself beside the images.
OWN_FILES = ("image-store", "quarantine/")


class ImageFiles(ABC):
    """A name is relative to the storage, as the rows have it."""

    def names(self) -> set[str]:
        """Every name of an image's file, temporary ones too."""
        return {name for name in self._all() if not name.startswith(OWN_FILES)}

    def names_in_quarantine(self) -> set[str]:
        return {name for name in self._all() if name.startswith("quarantine/")}

    @abstractmethod
    def _all(self) -> list[str]: ...

    @abstractmethod
    def read(self, name: str) -> bytes: ...

    @abstractmethod
    def write(self, name: str, content: bytes) -> None: ...

    @abstractmethod
    def remove(self, name: str) -> None: ...

    def change(self, name: str, how: Callable[[bytes], bytes]) -> None:
        self.write(name, how(self.read(name)))


@dataclass(frozen=True)
class Disk(ImageFiles):
    folder: Path

    def _all(self) -> list[str]:
        return [str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()]

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()


@dataclass(frozen=True)
class Bucket(ImageFiles):
    """The store connects to `port` when a proxy stands in between; the test always connects directly."""

    server: SeaweedFS
    prefix: str
    port: int = 0

    @property
    def url(self) -> str:
        return self.server.url(self.prefix, self.port)

    @cached_property
    def _client(self) -> Any:
        return self.server.client()

    def _all(self) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=self._key(""))
        return [found["Key"].removeprefix(self._key("")) for page in pages for found in page.get("Contents", [])]

    def read(self, name: str) -> bytes:
        content: bytes = self._client.get_object(Bucket=BUCKET, Key=self._key(name))["Body"].read()
        return content

    def write(self, name: str, content: bytes) -> None:
        self._client.put_object(Bucket=BUCKET, Key=self._key(name), Body=content)

    def remove(self, name: str) -> None:
        self._client.delete_object(Bucket=BUCKET, Key=self._key(name))

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}"
