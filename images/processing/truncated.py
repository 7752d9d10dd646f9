"""JPEGs whose end is missing: how much of one the decoder can read, and a form in which it reads that."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from .errors import Damaged
from .jpeg import END, MARKER, SCAN, WITHOUT_LENGTH
from .results import Damage

READABLE_SHARE = 0.9
"""A picture of which less can be read is FAILED."""

_CODE = "truncated"
_EOI = b"\xff\xd9"
# The decoder looks ahead so far before it believes that it has the last bits.
_PADDING = bytes(8)
# A copy that was broken off often ends in zeros. So many in a row are no pixels, except of a picture of one colour.
_ZEROS_BYTES = 512
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_COEFFICIENTS = 64
_LAST_BIT = 1


@dataclass
class _Jpeg:
    """What the markers of the first picture in a file tell. Offsets in bytes."""

    components: set[int] = field(default_factory=set)
    # Where the last scan begins, and which components it has.
    scan: int = 0
    of_scan: set[int] = field(default_factory=set)
    # By component: to which bit each coefficient is known; 64 is not at all.
    before_scan: dict[int, list[int]] = field(default_factory=dict)
    known: dict[int, list[int]] = field(default_factory=dict)
    scans: int = 0
    # Where the pixels end, and whether the marker of the end stands there.
    end: int = 0
    has_end: bool = False


def looks_cut(picture: Image.Image, path: Path) -> bool:
    """Whether a picture that the decoder took for whole may have ended too early.

    The decoder fills up the missing rows with one colour. Zeros at the end of a file it takes for pixels.
    """
    return _ends_flat(picture) or _ends_in_zeros(path)


def _ends_in_zeros(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _ZEROS_BYTES))
        return not any(file.read())


def _ends_flat(picture: Image.Image) -> bool:
    last = picture.crop((0, picture.height - 1, picture.width, picture.height))
    bounds: list[Any] = [band.getextrema() for band in last.split()]
    return all(lowest == highest for lowest, highest in bounds)


def completed(content: bytes) -> bytes:
    """The JPEG up to where its pixels end, with the marker of its end."""
    return content[: _read(content).end] + _EOI


def readable_share(content: bytes) -> float:
    """How much of the first picture in a JPEG file can be read, 0 to 1."""
    jpeg = _read(content)
    if not jpeg.scans or not jpeg.components:
        return 0.0
    pixels = content[: jpeg.end]
    if jpeg.scans == 1:
        return _decoded_share(pixels) if jpeg.of_scan == jpeg.components else 0.0
    if jpeg.has_end:
        return 1.0 if _is_known(jpeg.known, to_bit=_LAST_BIT) else 0.0
    if not _is_known(jpeg.known, to_bit=0):
        return 0.0  # a whole pass over the picture is missing
    return 1.0 if _is_known(jpeg.before_scan, to_bit=_LAST_BIT) else _share_of_scan(pixels, jpeg.scan)


def damage(share: float) -> Damage:
    """The mark of a picture of which this share can be read. Raises `Damaged` if it is too little."""
    percent = int(share * 100)
    if share < READABLE_SHARE:
        raise Damaged(f"This picture is damaged: only {percent} % of it can be read.")
    if share < 1:
        return Damage(_CODE, f"Part of this picture is missing: {percent} % of it can be read.")
    return Damage(_CODE, "The end of this file is missing; its last rows or finest details may be missing, too.")


# ---- By the decoder -------------------------------------------------------------------------


def _decoded_share(pixels: bytes) -> float:
    """The rows that the decoder produces before it asks for more bytes.

    Random rows stand in the picture before it decodes: those that it leaves have not been read.
    """
    picture = _shrunk(pixels + _PADDING, 8)
    row = os.urandom(picture.width * len(picture.getbands()))
    unread = Image.frombytes(picture.mode, (picture.width, 1), row).resize(picture.size)
    picture.im = unread.copy().im
    try:
        picture.load()
    except OSError:
        decoded = Image.new(picture.mode, (1, 1))
        decoded.im = picture.im  # by itself, `picture` would try to decode again
        return _differing_share(decoded, unread)
    return 1.0


def _share_of_scan(pixels: bytes, scan: int) -> float:
    """How far down the last scan changes the picture."""
    without, with_scan = _shrunk(pixels[:scan] + _EOI, 2), _shrunk(pixels + _EOI, 2)
    return _differing_share(with_scan, without)


def _shrunk(content: bytes, by: int) -> Image.Image:
    """The picture, which the decoder shrinks by 2 or 8: at an eighth it has the least to do, but skips details."""
    picture = Image.open(BytesIO(content), formats=["JPEG"])
    picture.draft(None, (max(1, picture.width // by), max(1, picture.height // by)))
    return picture


def _differing_share(picture: Image.Image, other: Image.Image) -> float:
    box = ImageChops.difference(picture, other).getbbox()
    return box[3] / other.height if box else 0.0


# ---- By the markers -------------------------------------------------------------------------


def _read(content: bytes) -> _Jpeg:
    jpeg = _Jpeg(end=len(content))
    for marker, at in _markers(content):
        if marker in _FRAMES and not jpeg.components:
            jpeg.components = set(content[at + 8 : at + 8 + 3 * content[at + 7] : 3])
            jpeg.known = {component: [64] * _COEFFICIENTS for component in jpeg.components}
        elif marker == SCAN[0]:
            _read_scan(jpeg, content, at)
        elif marker == END[0]:
            jpeg.end, jpeg.has_end = at - 2, True
    pixels = content[: jpeg.end].rstrip(b"\0")
    if jpeg.end - len(pixels) >= _ZEROS_BYTES:
        jpeg.end = len(pixels)
    return jpeg


def _markers(content: bytes) -> Iterator[tuple[int, int]]:
    """Each marker of the first picture up to its end, with the offset behind it."""
    at = 2
    while match := MARKER.search(content, at):
        at = match.end()
        yield match[1][0], at
        if match[1] == END:
            return
        if match[1] not in WITHOUT_LENGTH:
            at += int.from_bytes(content[at : at + 2], "big")


def _read_scan(jpeg: _Jpeg, content: bytes, at: int) -> None:
    """The header of a scan (ITU-T T.81, B.2.3): components, then the first and last coefficient and the bit."""
    head = content[at + 2 : at + int.from_bytes(content[at : at + 2], "big")]
    if len(head) < 4 or len(head) != 4 + 2 * head[0]:
        return
    jpeg.scans, jpeg.scan, jpeg.of_scan = jpeg.scans + 1, at - 2, set(head[1:-3:2])
    jpeg.before_scan = {component: list(bits) for component, bits in jpeg.known.items()}
    first, last, bit = head[-3], min(head[-2], _COEFFICIENTS - 1), head[-1] & 15
    for component in jpeg.of_scan & jpeg.components:
        for coefficient in range(first, last + 1):
            jpeg.known[component][coefficient] = bit


def _is_known(bits: dict[int, list[int]], *, to_bit: int) -> bool:
    """Whether all coefficients are there, down to this bit. The last bit, 0, hardly shows."""
    return all(bit <= to_bit for of_component in bits.values() for bit in of_component)
