"""Which colour space the pixels of a file are in: by ICC profile, CICP numbers, or the chunks of a PNG."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from . import av1, avif, icc, png
from .boxes import Box, boxes, content, file_bytes, first, read_at
from .cicp import SRGB_PRIMARIES, ColourSpace, is_hdr, is_known, power, space_of
from .formats import AVIF, HEIC, JXL, PNG, Format

_MAX_PROPERTY_BYTES = 64 * 1024
_MAX_TABLE_BYTES = 2**20  # of one box that lists items; a picture of 100 megapixels has fewer than a thousand
_SEQUENCE_HEADER_BYTES = 4096
_PATH_TO_TRACK_COLOURS = (b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_SAMPLE_ENTRY_BYTES = 78  # ISO/IEC 14496-12, section 12.1.3: before the boxes in an entry

_SRGB_GAMMA = 1 / 2.2
_NEAR = 0.005
_GAMMAS = (0.1, 10)  # others are mistakes: they would make the picture black or white


def space_in(path: Path, form: Format, picture: Image.Image) -> ColourSpace | None:
    """The colour space that the file names; None for sRGB, and where it names none."""
    own: bytes | None = picture.info.get("icc_profile")
    if form is PNG:
        return _space_of_png(path, picture)
    if own and form is JXL:
        # libjxl writes the profile, of HDR one whose tables are for other programs than ours.
        numbers = icc.colour_numbers(own)
        return space_of(*numbers) if numbers and is_hdr(*numbers) else own
    if own or form not in (AVIF, HEIC):
        return own
    with path.open("rb") as file:
        numbers = _numbers(file)
    if numbers is None and form is AVIF and (in_full := avif.readable(path)):
        numbers = _numbers(BytesIO(in_full))
    return space_of(*numbers) if numbers else None


# ---- PNG -------------------------------------------------------------------------------------


def _space_of_png(path: Path, picture: Image.Image) -> ColourSpace | None:
    """The first that is there of cICP, iCCP, sRGB, and gAMA with cHRM (PNG, third edition, section 4.3)."""
    numbers = png.colour_numbers(path)
    if numbers and is_known(*numbers):
        return space_of(*numbers)
    own: bytes | None = picture.info.get("icc_profile")
    if own or "srgb" in picture.info:
        return own
    return _space_of_gamma(picture.info.get("gamma"), picture.info.get("chromaticity"))


def _space_of_gamma(gamma: float | None, chromaticity: tuple[float, ...] | None) -> bytes | None:
    """cHRM counts only beside gAMA, as in browsers."""
    if gamma is None or not _GAMMAS[0] <= gamma <= _GAMMAS[1]:
        return None
    wx, wy, rx, ry, gx, gy, bx, by = chromaticity or _flat(SRGB_PRIMARIES)
    primaries = ((rx, ry), (gx, gy), (bx, by), (wx, wy))
    is_srgb = all(
        abs(ours - theirs) < _NEAR for ours, theirs in zip(_flat(SRGB_PRIMARIES), _flat(primaries), strict=True)
    )
    if is_srgb and abs(gamma - _SRGB_GAMMA) < _NEAR:
        return None
    try:
        return icc.profile(primaries, power(1 / gamma))
    except (ZeroDivisionError, ValueError):  # these points span no colour space
        return None


def _flat(primaries: icc.Primaries) -> tuple[float, ...]:
    """In the order of cHRM: white first."""
    *rgb, white = primaries
    return tuple(value for point in (white, *rgb) for value in point)


# ---- AVIF and HEIC ---------------------------------------------------------------------------


def _numbers(file: BinaryIO) -> tuple[int, int] | None:
    """Primaries and transfer of the primary picture, or of the first one of a sequence."""
    whole = Box(b"", 0, file_bytes(file))
    meta = first(file, whole, b"meta")
    if meta:
        return _numbers_of_item(file, meta)
    at = first(file, whole, b"moov")
    for kind in _PATH_TO_TRACK_COLOURS:
        at = at and first(file, at, kind)
    entry = next(boxes(file, at.start + 8, at.end), None) if at else None
    colours = first(file, entry, b"colr", skip=_SAMPLE_ENTRY_BYTES) if entry else None
    return _nclx(content(file, colours, 16)) if colours else None


def _numbers_of_item(file: BinaryIO, meta: Box) -> tuple[int, int] | None:
    """By the `colr` box of the primary item, else of its first tile, else by the tile's AV1 sequence header.

    ISO/IEC 14496-12, sections 8.11.3 to 8.11.14; ISO/IEC 23008-12, sections 6.5.5 and 6.6.2.3.
    """
    tables = {box.kind: box for box in boxes(file, meta.start + 4, meta.end)}
    if not {b"pitm", b"iprp"} <= tables.keys():
        return None
    picture = _primary_item(content(file, tables[b"pitm"], 8))
    tile = _first_tile(file, tables[b"iref"], picture) if b"iref" in tables else picture
    for item in (picture, tile):
        for box in _properties(file, tables[b"iprp"], item):
            if box.kind == b"colr" and (numbers := _nclx(content(file, box, 16))):
                return numbers
    return av1.colour_numbers(_beginning(file, tables, tile))


def _nclx(colours: bytes) -> tuple[int, int] | None:
    """ISO/IEC 14496-12, section 12.1.5."""
    if colours[:4] != b"nclx" or len(colours) < 8:
        return None
    return int.from_bytes(colours[4:6], "big"), int.from_bytes(colours[6:8], "big")


def _primary_item(pitm: bytes) -> int:
    return int.from_bytes(pitm[4:6] if pitm[:1] == b"\0" else pitm[4:8], "big")


def _first_tile(file: BinaryIO, iref: Box, picture: int) -> int:
    """The first picture that this one is put together from; itself if it is not."""
    width = 2 if content(file, iref, 1) == b"\0" else 4
    for box in boxes(file, iref.start + 4, iref.end):
        ids = content(file, box, 2 * width + 2)
        if box.kind == b"dimg" and int.from_bytes(ids[:width], "big") == picture:
            return int.from_bytes(ids[width + 2 :], "big")
    return picture


def _properties(file: BinaryIO, iprp: Box, item: int) -> Iterator[Box]:
    ipco = first(file, iprp, b"ipco")
    known = list(boxes(file, ipco.start, ipco.end)) if ipco else []
    for box in boxes(file, iprp.start, iprp.end):
        if box.kind == b"ipma":
            wanted = _associated(content(file, box, _MAX_TABLE_BYTES), item)
            yield from (known[index - 1] for index in wanted if 0 < index <= len(known))


def _associated(ipma: bytes, item: int) -> list[int]:
    """The numbers of an item's properties; a number begins at 1."""
    id_bytes = 2 if ipma[:1] == b"\0" else 4
    index_bytes = 2 if ipma[3:4] and ipma[3] & 1 else 1
    at = 8
    while at + id_bytes < len(ipma):
        found, count = int.from_bytes(ipma[at : at + id_bytes], "big"), ipma[at + id_bytes]
        at += id_bytes + 1
        if found == item:
            mask = (1 << (8 * index_bytes - 1)) - 1
            ends = range(at, at + count * index_bytes, index_bytes)
            return [int.from_bytes(ipma[start : start + index_bytes], "big") & mask for start in ends]
        at += count * index_bytes
    return []


def _beginning(file: BinaryIO, tables: dict[bytes, Box], item: int) -> bytes:
    """The first bytes of an item's content (ISO/IEC 14496-12, section 8.11.3), perhaps none."""
    if b"iloc" not in tables:
        return b""
    place = _place(content(file, tables[b"iloc"], _MAX_TABLE_BYTES), item)
    if place is None:
        return b""
    method, start = place
    base = tables[b"idat"].start if method == 1 and b"idat" in tables else 0
    return read_at(file, base + start, _SEQUENCE_HEADER_BYTES)


def _place(iloc: bytes, item: int) -> tuple[int, int] | None:
    """Construction method and offset of an item's first extent."""
    fields = _Fields(iloc)
    version = fields.next(1)
    fields.next(3)
    sizes = fields.next(2)
    offset_bytes, length_bytes, base_bytes = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_bytes = sizes & 15 if version else 0
    id_bytes = 4 if version == 2 else 2
    for _ in range(fields.next(id_bytes)):
        if fields.at >= len(iloc):
            return None
        found = fields.next(id_bytes)
        method = fields.next(2) & 15 if version else 0
        fields.next(2)
        base, extents = fields.next(base_bytes), fields.next(2)
        fields.next(index_bytes)
        offset = fields.next(offset_bytes)
        if found == item:
            return method, base + offset
        fields.at += length_bytes + (extents - 1) * (index_bytes + offset_bytes + length_bytes)
    return None


class _Fields:
    """Reads numbers one after the other. Behind the end they are 0."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.at = 0

    def next(self, count: int) -> int:
        start, self.at = self.at, self.at + count
        return int.from_bytes(self._content[start : self.at], "big")
