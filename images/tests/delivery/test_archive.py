"""The ZIP itself: right for all who read it, the same by parts as in one, and never wrong but whole."""

import io
import subprocess
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from images.delivery import archive
from images.delivery.archive import Archive, Member
from images.delivery.links import storage_name
from images.delivery.zip_format import end_of_archive
from images.tests.delivery.zips import TAKEN, FakeFile, FakeStorage, member, packed, storage, whole

__all__ = ["storage"]

CONTENTS = [b"a" * 25, b"b", b"c" * 10, b"", b"e" * 101]
NAMES = ["Meer.jpg", "MEER.jpg", "naïve ☀ 海.jpg", "empty.jpg", "con.jpg"]
SEEN = ["Meer.jpg", "MEER (2).jpg", "naïve ☀ 海.jpg", "empty.jpg", "con_.jpg"]
GIB = 2**30


def archived(storage: FakeStorage) -> Archive:
    return packed(storage, CONTENTS, NAMES)


def test_python_reads_what_was_packed(storage: FakeStorage) -> None:
    made = archived(storage)
    content = whole(made)
    assert len(content) == made.size
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == SEEN
        assert [opened.read(name) for name in SEEN] == CONTENTS
        [first, *_] = opened.infolist()
        assert first.date_time == (2024, 2, 29, 23, 59, 58)
        assert {info.compress_type for info in opened.infolist()} == {zipfile.ZIP_STORED}
        assert {info.extract_version for info in opened.infolist()} == {20}
    assert all(file.closed for file in storage.opened)


def test_info_zip_reads_what_was_packed(storage: FakeStorage, tmp_path: Path) -> None:
    (tmp_path / "album.zip").write_bytes(whole(archived(storage)))
    options = {"cwd": tmp_path, "check": True, "capture_output": True, "env": {"LC_ALL": "C.UTF-8", "TZ": "UTC"}}
    tested = subprocess.run(["unzip", "-t", "album.zip"], **options)  # type: ignore[call-overload]
    assert b"No errors detected" in tested.stdout
    assert tested.stderr == b""
    subprocess.run(["unzip", "-q", "album.zip", "-d", "out"], **options)  # type: ignore[call-overload]
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == dict(
        zip(SEEN, CONTENTS, strict=True)
    )
    assert (tmp_path / "out" / "Meer.jpg").stat().st_mtime == TAKEN.timestamp()
    assert oct((tmp_path / "out" / "Meer.jpg").stat().st_mode & 0o777) == "0o644"


def test_an_empty_album_is_an_empty_archive() -> None:
    made = Archive([])
    with zipfile.ZipFile(io.BytesIO(whole(made))) as opened:
        assert opened.namelist() == []
    assert made.size == 22


def test_each_range_is_the_slice_of_the_whole(storage: FakeStorage) -> None:
    """From each byte to the end, as a download goes on that broke off there; and of each few bytes."""
    content = whole(archived(storage))
    for begin in range(len(content)):
        for stop in {len(content), min(begin + 1, len(content)), min(begin + 40, len(content))}:
            assert b"".join(archived(storage).chunks(range(begin, stop))) == content[begin:stop], (begin, stop)


def test_ranges_of_many_entries_begin_at_the_right_one(
    storage: FakeStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MARK_ENTRIES", 3)
    contents = [b"%d" % number * (number % 7) for number in range(40)]
    content = whole(packed(storage, contents))
    for begin in range(0, len(content), 5):
        assert b"".join(packed(storage, contents).chunks(range(begin, begin + 9))) == content[begin : begin + 9]


def test_a_range_opens_only_the_files_that_it_needs(storage: FakeStorage) -> None:
    made = packed(storage, [bytes(100)] * 50)
    begin = made.size // 2
    assert len(b"".join(made.chunks(range(begin, begin + 200)))) == 200
    assert 1 <= len(storage.opened) <= 3
    storage.opened.clear()
    made = packed(storage, [bytes(100)] * 50)
    assert b"".join(made.chunks(range(made.size - 30, made.size)))
    assert storage.opened == []


# ---- Numbers that need ZIP64 ----------------------------------------------------------------


class Sparse(FakeFile):
    """A file of zeros that is nowhere."""

    def __init__(self, size: int) -> None:
        self.size = size

    def chunks(self, byte_range: range) -> Iterator[bytes]:
        yield bytes(len(byte_range))


class Sections(io.RawIOBase):
    """An archive as a file in which one can seek, which computes only what is read."""

    def __init__(self, members: list[Member]) -> None:
        self._members, self._at = members, 0
        with closing(Archive(members)) as made:
            self.size = made.size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + {0: 0, 1: self._at, 2: self.size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        stop = self.size if size < 0 else min(self._at + size, self.size)
        content = b"".join(Archive(self._members).chunks(range(self._at, stop)))
        self._at = stop
        return content


@pytest.mark.parametrize(
    ("sizes", "versions"),
    [
        ([4 * GIB - 200, 5], [20, 20]),
        ([4 * GIB - 2, 5], [20, 45]),
        ([4 * GIB - 1, 5], [45, 45]),
        ([5 * GIB, 3 * GIB, 7], [45, 45, 45]),
        ([3 * GIB, 3 * GIB, 7], [20, 20, 45]),
    ],
    ids=str,
)
def test_files_and_offsets_beyond_4_gib(
    storage: FakeStorage, monkeypatch: pytest.MonkeyPatch, sizes: list[int], versions: list[int]
) -> None:
    members = [member(number, bytes(size) if size < GIB else b"", size=size) for number, size in enumerate(sizes)]
    by_number = {UUID(int=number).hex: size for number, size in enumerate(sizes)}
    monkeypatch.setattr(storage, "open_stored", lambda name: Sparse(by_number[name.split("/")[2]]))
    with zipfile.ZipFile(Sections(members)) as opened:
        assert [info.file_size for info in opened.infolist()] == sizes
        assert [info.extract_version for info in opened.infolist()] == versions
        # Python compares each local header with the directory.
        for info in opened.infolist():
            with opened.open(info) as file:
                assert file.read(1) == b"\0"


def test_more_files_than_16_bits_can_count(storage: FakeStorage, tmp_path: Path) -> None:
    content = whole(packed(storage, [b""] * 65_535))
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        names = opened.namelist()
        assert (len(names), names[-1]) == (65_535, "65534.jpg")
    (tmp_path / "album.zip").write_bytes(content)
    listed = subprocess.run(["unzip", "-Z", "-h", "-t", "album.zip"], cwd=tmp_path, check=True, capture_output=True)
    assert b"number of entries: 65535" in listed.stdout


@pytest.mark.parametrize(
    ("count", "offset", "size", "needs_64"),
    [
        (65_534, 2**32 - 2, 2**32 - 2, False),
        (65_535, 9, 9, True),
        (1, 2**32 - 1, 9, True),
        (1, 9, 2**32 - 1, True),
    ],
)
def test_the_end_has_zip64_only_where_a_number_does_not_fit(
    count: int, offset: int, size: int, *, needs_64: bool
) -> None:
    assert len(end_of_archive(count, offset, size)) == (98 if needs_64 else 22)


MANY = 30_000


def test_memory_does_not_grow_with_the_images_while_a_client_reads() -> None:
    def members() -> Iterator[Member]:
        return (Member(UUID(int=number), "original.jpg", "IMG.jpg", 0, 0, TAKEN) for number in range(MANY))

    tracemalloc.start()
    try:
        made = Archive(members())
        waiting, while_computed = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        assert sum(map(len, made.chunks(range(made.size)))) == made.size
        _, while_sent = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Names, to number those that are equal.
    assert while_computed < 300 * MANY
    assert waiting < 2**20
    assert while_sent < 2 * 2**20


# ---- The ETag -------------------------------------------------------------------------------


def etag_of(*members: Member) -> str:
    with closing(Archive(members)) as made:
        return made.etag


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "sea.jpg"},
        {"size": 6},
        {"crc32": 7},
        {"image": UUID(int=9)},
        {"file": "large.v2.jpg"},
        {"modified": TAKEN.replace(hour=1)},
    ],
    ids=str,
)
def test_each_fact_is_in_the_etag(changed: dict[str, object]) -> None:
    first = Member(UUID(int=1), "original.jpg", "a.jpg", 5, 5, TAKEN)
    other = Member(UUID(int=2), "large.v2.jpg", "b.jpg", 5, 5, TAKEN)
    assert etag_of(first, other) == etag_of(first, other)
    changed_member = first._replace(**changed)  # type: ignore[arg-type]
    etags = {etag_of(first, other), etag_of(changed_member, other), etag_of(other, first), etag_of(first)}
    assert len(etags) == 4


# ---- Files that are not as their rows say ---------------------------------------------------


def cut(made: Archive) -> bytes:
    """What comes before the answer breaks off."""
    chunks = made.chunks(range(made.size))
    came = []
    with pytest.raises(OSError) as raised:
        came.extend(chunks)
    assert raised.value
    return b"".join(came)


def test_a_file_that_is_lost_or_altered_ends_the_answer(storage: FakeStorage) -> None:
    good = bytes(range(256)) * 2000
    for broken in (None, b"", good[:-1], good + b"x", good[:-1] + b"x", b"x" + good[1:]):
        made = packed(storage, [good, good, good])
        content = whole(packed(storage, [good, good, good]))
        second = storage_name(UUID(int=1), "original.jpg")
        if broken is None:
            del storage.contents[second]
        else:
            storage.contents[second] = broken
        came = cut(made)
        assert len(came) < 2 * len(good) + 200
        assert content.startswith(came) or broken == b"x" + good[1:]
        assert all(file.closed for file in storage.opened)


def test_a_file_that_ends_early_never_shifts_what_follows(
    storage: FakeStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a part, of which no checksum is known."""
    made = packed(storage, [b"a" * 50, b"b" * 50])
    monkeypatch.setattr(FakeFile, "chunks", lambda self, byte_range: iter([self.content[byte_range.start : 45]]))
    with pytest.raises(OSError, match="bytes came instead of"):
        list(made.chunks(range(40, made.size)))


def test_a_reader_that_goes_away_leaves_no_file_open(storage: FakeStorage) -> None:
    made = packed(storage, [bytes(300_000)] * 2)
    chunks = made.chunks(range(made.size))
    next(chunks)
    chunks.close()
    assert [file.closed for file in storage.opened] == [True]
    assert made._layout.closed
