"""Archives of files that exist in memory only, or nowhere."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from uuid import UUID
from zlib import crc32

import pytest

from images.delivery import archive
from images.delivery.archive import Archive, Member
from images.delivery.links import storage_name

TAKEN = datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC)


class FakeFile:
    def __init__(self, content: bytes) -> None:
        self.content, self.size = content, len(content)
        self.closed = False

    def chunks(self, byte_range: range) -> Iterator[bytes]:
        part = self.content[byte_range.start : byte_range.stop]
        yield from (part[begin : begin + 10] for begin in range(0, len(part), 10))

    def close(self) -> None:
        self.closed = True


class FakeStorage:
    """Of the files in `contents`; counts what is opened."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.opened: list[FakeFile] = []

    def open_stored(self, name: str) -> FakeFile:
        if name not in self.contents:
            raise FileNotFoundError(2, "no such file in storage", name)
        self.opened.append(FakeFile(self.contents[name]))
        return self.opened[-1]


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> FakeStorage:
    storage = FakeStorage()
    monkeypatch.setattr(archive, "image_storage", lambda: storage)
    return storage


def member(number: int, content: bytes, name: str = "", *, size: int | None = None) -> Member:
    name = name or f"{number}.jpg"
    length = len(content) if size is None else size
    return Member(UUID(int=number), "original.jpg", name, length, crc32(content), TAKEN)


def packed(storage: FakeStorage, contents: Iterable[bytes], names: Iterable[str] = ()) -> Archive:
    members = []
    given = iter(names)
    for number, content in enumerate(contents):
        storage.contents[storage_name(UUID(int=number), "original.jpg")] = content
        members.append(member(number, content, next(given, "")))
    return Archive(members)


def whole(made: Archive) -> bytes:
    return b"".join(made.chunks(range(made.size)))
