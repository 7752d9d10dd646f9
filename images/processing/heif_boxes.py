"""Reads the boxes of HEIC and AVIF files (ISO/IEC 14496-12 and 23008-12) that the decoders do not tell about."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_META_BYTES = 4 * 2**20  # far more than the boxes of any picture have, which stand before its pixels
_TRANSFORMATIONS = {b"irot", b"imir"}


@dataclass(frozen=True)
class Box:
    """One box: its type, where it begins, and where its content and its end are in the same bytes."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(content: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes between two offsets; it stops at one that is cut off or makes no sense."""
    while start + 8 <= end:
        (size,) = struct.unpack_from(">I", content, start)
        body = start + 8
        if size == 1 and start + 16 <= end:
            (size,) = struct.unpack_from(">Q", content, start + 8)
            body = start + 16
        elif size == 0:
            size = end - start
        if size < body - start or start + size > end:
            return
        yield Box(content[start + 4 : start + 8], start, body, start + size)
        start += size


def meta_boxes(content: bytes) -> dict[bytes, Box]:
    """The boxes in `meta` by type, of each the first; empty without `meta`."""
    found: dict[bytes, Box] = {}
    for outer in boxes(content, 0, len(content)):
        if outer.kind == b"meta":
            for box in boxes(content, outer.body + 4, outer.end):
                found.setdefault(box.kind, box)
            break
    return found


def turns_primary_item(path: Path) -> bool:
    """Whether boxes say how the main picture is rotated or mirrored, even if not at all; True if unreadable.

    The decoder obeys these boxes, and Exif's orientation then means nothing (ISO/IEC 23008-12, 6.5.10).
    """
    with path.open("rb") as file:
        content = file.read(_META_BYTES)
    try:
        meta = meta_boxes(content)
        kinds = _property_kinds(content, meta[b"iprp"])
        indexes = _properties_of(content, meta[b"iprp"], _primary_item(content, meta[b"pitm"]))
    except (KeyError, IndexError, struct.error):
        return True
    return any(kinds[index - 1] in _TRANSFORMATIONS for index in indexes if 0 < index <= len(kinds))


def _primary_item(content: bytes, pitm: Box) -> int:
    form = ">I" if content[pitm.body] else ">H"
    return int(struct.unpack_from(form, content, pitm.body + 4)[0])


def _property_kinds(content: bytes, iprp: Box) -> list[bytes]:
    for box in boxes(content, iprp.body, iprp.end):
        if box.kind == b"ipco":
            return [inner.kind for inner in boxes(content, box.body, box.end)]
    return []


def _properties_of(content: bytes, iprp: Box, item: int) -> list[int]:
    """The properties of an item as indexes into `ipco`, from 1."""
    found = []
    for box in boxes(content, iprp.body, iprp.end):
        if box.kind == b"ipma":
            wide = content[box.body + 3] & 1
            for number, entry in associations(content, box):
                if number == item:
                    found += _indexes(entry, wide=bool(wide))
    return found


def associations(content: bytes, ipma: Box) -> Iterator[tuple[int, bytes]]:
    """Of an `ipma` box: each item's number, and its associations as they are in the file."""
    version, flags = content[ipma.body], content[ipma.body + 3]
    number_form, index_bytes = (">H" if version < 1 else ">I"), 1 + (flags & 1)
    (count,) = struct.unpack_from(">I", content, ipma.body + 4)
    at = ipma.body + 8
    for _ in range(count):
        if at >= ipma.end:
            return
        (number,) = struct.unpack_from(number_form, content, at)
        at += struct.calcsize(number_form)
        end = at + 1 + index_bytes * content[at]
        yield number, content[at + 1 : end]
        at = end


def _indexes(entry: bytes, *, wide: bool) -> list[int]:
    """Each index without its first bit, which says whether a reader must know the property."""
    if wide:
        return [value & 0x7FFF for (value,) in struct.iter_unpack(">H", entry)]
    return [value & 0x7F for value in entry]
