"""Walks over the boxes of ISO base media files: AVIF, HEIC, JPEG XL and CR3 (ISO/IEC 14496-12, section 4.2)."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MAX_BOXES = 4096
"""So many are looked at on one level. Files of cameras and encoders have fewer than a hundred."""


_LONGEST_FILE_BYTES = 2**40


@dataclass(frozen=True)
class Box:
    """`start` and `end` are those of the content, in bytes from the beginning of the file."""

    kind: bytes
    start: int
    end: int


def file_bytes(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places, until one makes no sense. Its content ends at `end` at the latest."""
    for _ in range(_MAX_BOXES):
        head = read_at(file, start, min(16, end - start))
        size, header = int.from_bytes(head[:4], "big"), 8
        if size == 1:  # the real size stands behind the type
            size, header = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:  # up to the end of the file
            size = end - start
        if len(head) < header or size < header:
            return
        yield Box(head[4:8], start + header, min(start + size, end))
        start += size


def first(file: BinaryIO, within: Box, kind: bytes, *, skip: int = 0) -> Box | None:
    """The first box of this type in the content of another, whose first `skip` bytes are fields."""
    return next((box for box in boxes(file, within.start + skip, within.end) if box.kind == kind), None)


def read_at(file: BinaryIO, start: int, count: int) -> bytes:
    """Up to `count` bytes, less at the end of the file, and none behind it."""
    if start > _LONGEST_FILE_BYTES:  # the kernel refuses to seek to 2^63
        return b""
    file.seek(start)
    return file.read(max(0, count))


def content(file: BinaryIO, box: Box, longest: int) -> bytes:
    return read_at(file, box.start, min(longest, box.end - box.start))
