"""Reads the directories of a TIFF or a RAW file (TIFF 6.0, section 2; BigTIFF), and refuses hostile ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from .boxes import file_bytes, read_at
from .errors import InvalidImage, UnsupportedFormat

MAX_STRIPS = 2**16
"""A picture of 100 megapixels in tiles of 64 × 64 px has 24,414. Each costs Pillow 50 microseconds."""
_MAX_ENTRIES = 1000  # files of cameras have up to a hundred
_MAX_DIRECTORIES = 32

COMPRESSION, PHOTOMETRIC, MAKE, STRIP_OFFSETS, STRIP_BYTES = 259, 262, 271, 273, 279
TILE_OFFSETS, SUB_DIRECTORIES, JPEG_OFFSET, JPEG_BYTES, EXIF, DNG_VERSION = 324, 330, 513, 514, 34665, 50706

# None, CCITT, LZW, JPEG, Deflate, PackBits, LZMA, Zstandard. Not the JPEG of TIFF 6.0 (6), ThunderScan and
# SGI Log: rare, old, and much of libtiff's code that was attacked.
_COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946, 34925, 50000}
_UNREAD_COMPRESSION = (
    "This TIFF is compressed in a way that we do not read. Save it with LZW or ZIP compression, and upload that."
)
_BYTES_OF_TYPE = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_UNSIGNED = {1, 3, 4, 13, 16, 18}


@dataclass(frozen=True)
class Entry:
    """A tag's values: their type and number, and where they stand in the file."""

    kind: int
    count: int
    at: int

    @property
    def bytes(self) -> int:
        return self.count * _BYTES_OF_TYPE.get(self.kind, 1)


Directory = dict[int, Entry]


class Tiff:
    """Does not trust the file: what stands behind its end is not there, and a loop of directories ends."""

    def __init__(self, file: BinaryIO) -> None:
        head = read_at(file, 0, 16)
        self._file = file
        self._order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
        self._wide = self._number(head[2:4]) == 43
        self._first = self._number(head[8:16] if self._wide else head[4:8])

    def first(self) -> Directory:
        return self._directory(self._first)[0]

    def exif(self, directory: Directory) -> Directory:
        """The directory of Exif below this one, perhaps empty."""
        places = self.numbers(directory, EXIF)
        return self._directory(places[0])[0] if places else {}

    def directories(self) -> Iterator[Directory]:
        """The chain of directories from the first one, each followed by those below it."""
        waiting, seen = [self._first], set[int]()
        while waiting and len(seen) < _MAX_DIRECTORIES:
            at = waiting.pop(0)
            if at == 0 or at in seen:
                continue
            seen.add(at)
            directory, following = self._directory(at)
            yield directory
            waiting += [*self.numbers(directory, SUB_DIRECTORIES), following]

    def numbers(self, directory: Directory, tag: int) -> list[int]:
        """Up to `_MAX_DIRECTORIES` unsigned numbers of a tag; none where it is missing or of another type."""
        entry = directory.get(tag)
        if entry is None or entry.kind not in _UNSIGNED:
            return []
        width = _BYTES_OF_TYPE[entry.kind]
        content = read_at(self._file, entry.at, width * min(entry.count, _MAX_DIRECTORIES))
        ends = range(width, len(content) + 1, width)
        return [self._number(content[end - width : end]) for end in ends]

    def text(self, directory: Directory, tag: int) -> str:
        entry = directory.get(tag)
        content = read_at(self._file, entry.at, min(entry.bytes, 100)) if entry else b""
        return content.split(b"\0")[0].decode("ascii", "replace").strip()

    def _directory(self, at: int) -> tuple[Directory, int]:
        """The entries of one directory, and where the next one begins (0: nowhere)."""
        counter, width, value_at = (8, 20, 12) if self._wide else (2, 12, 8)
        count = self._number(read_at(self._file, at, counter))
        if count > _MAX_ENTRIES:
            raise InvalidImage
        content = read_at(self._file, at + counter, width * count + width - value_at)
        directory: Directory = {}
        for start in range(0, min(len(content) // width, count) * width, width):
            tag, kind = self._number(content[start : start + 2]), self._number(content[start + 2 : start + 4])
            number = self._number(content[start + 4 : start + value_at])
            entry = Entry(kind, number, at + counter + start + value_at)
            if entry.bytes > width - value_at:
                place = self._number(content[start + value_at : start + width])
                entry = Entry(kind, number, place)
            directory.setdefault(tag, entry)
        return directory, self._number(content[width * count :])

    def _number(self, content: bytes) -> int:
        return int.from_bytes(content, self._order)


def check(path: Path) -> None:
    """Refuse what would cost Pillow or libtiff too much. Raises `InvalidImage` or `UnsupportedFormat`."""
    with path.open("rb") as file:
        tiff, length = Tiff(file), file_bytes(file)
        directory = tiff.first()
        # Pillow reads the values of all tags; honest ones do not overlap.
        if any(sum(entry.bytes for entry in tags.values()) > length for tags in (directory, tiff.exif(directory))):
            raise InvalidImage
        strips = [directory[tag].count for tag in (STRIP_OFFSETS, TILE_OFFSETS) if tag in directory]
        if max(strips, default=0) > MAX_STRIPS:
            raise InvalidImage
        if not {*tiff.numbers(directory, COMPRESSION)} <= _COMPRESSIONS:
            raise UnsupportedFormat(_UNREAD_COMPRESSION)
