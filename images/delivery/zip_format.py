"""The ZIP format of files that are stored, not deflated (PKWARE's APPNOTE.TXT 6.3.10).

Sizes and checksums stand in front of each file, because they are known before its first byte is read. ZIP64 is
used only where a number does not fit: old programs open what they can.
"""

import struct
from datetime import datetime
from typing import NamedTuple

# A field with only ones says: look into the ZIP64 record (APPNOTE 4.4.1.4).
MOST_16, MOST_32 = 0xFFFF, 0xFFFFFFFF

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_EXTRA_64 = struct.Struct("<2H")

_VERSION, _VERSION_64 = 20, 45
_UNIX = 3 << 8
_UTF8_NAME = 1 << 11
_STORED = 0
# A plain file that its owner may write and others may read, as Unix has it.
_MODE = 0o100644 << 16
_FIRST_YEAR, _LAST_YEAR = 1980, 2107


class Entry(NamedTuple):
    """One file: its name in UTF-8, its size in bytes, when it was changed (`dos_time`)."""

    name: bytes
    size: int
    crc32: int
    modified: int


def dos_time(moment: datetime) -> int:
    """The clock of `moment` in steps of two seconds, from 1980 to 2107. The format knows no zone."""
    if moment.year < _FIRST_YEAR:
        return 1 << 21 | 1 << 16
    year = min(moment.year, _LAST_YEAR) - _FIRST_YEAR
    day = year << 9 | moment.month << 5 | moment.day
    return day << 16 | moment.hour << 11 | moment.minute << 5 | moment.second // 2


def local_header(entry: Entry) -> bytes:
    """What stands in front of the file's bytes."""
    is_64 = entry.size >= MOST_32
    # Here ZIP64 always has both sizes (APPNOTE 4.5.3).
    extra = _extra_64([entry.size, entry.size]) if is_64 else b""
    header = _LOCAL.pack(
        b"PK\x03\x04", *_version_flags_method(is_64), *_time_and_facts(entry), len(entry.name), len(extra)
    )
    return header + entry.name + extra


def central_header(entry: Entry, offset: int) -> bytes:
    """What the directory at the end says of the file whose local header begins at `offset`."""
    sizes = [entry.size, entry.size] if entry.size >= MOST_32 else []
    offsets = [offset] if offset >= MOST_32 else []
    extra = _extra_64([*sizes, *offsets]) if sizes or offsets else b""
    header = _CENTRAL.pack(
        b"PK\x01\x02", _UNIX | _VERSION_64, *_version_flags_method(bool(extra)), *_time_and_facts(entry),
        len(entry.name), len(extra), 0, 0, 0, _MODE, min(offset, MOST_32),
    )  # fmt: skip
    return header + entry.name + extra


def end_of_archive(count: int, offset: int, size: int) -> bytes:
    """What follows the directory of `count` files, which begins at `offset` and has `size` bytes."""
    plain = _END.pack(
        b"PK\x05\x06", 0, 0, min(count, MOST_16), min(count, MOST_16), min(size, MOST_32), min(offset, MOST_32), 0
    )
    if count < MOST_16 and offset < MOST_32 and size < MOST_32:
        return plain
    end_64 = _END_64.pack(
        b"PK\x06\x06", _END_64.size - 12, _UNIX | _VERSION_64, _VERSION_64, 0, 0, count, count, size, offset
    )
    return end_64 + _LOCATOR_64.pack(b"PK\x06\x07", 0, offset + size, 1) + plain


def _version_flags_method(is_64: bool) -> tuple[int, int, int]:
    return _VERSION_64 if is_64 else _VERSION, _UTF8_NAME, _STORED


def _time_and_facts(entry: Entry) -> tuple[int, ...]:
    size = min(entry.size, MOST_32)
    return entry.modified & MOST_16, entry.modified >> 16, entry.crc32, size, size


def _extra_64(numbers: list[int]) -> bytes:
    return _EXTRA_64.pack(1, 8 * len(numbers)) + struct.pack(f"<{len(numbers)}Q", *numbers)
