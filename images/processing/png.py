"""Walks over the chunks of a PNG: counts them, and finds metadata, which may stand after the pixels, too."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO

MAX_CHUNKS = 100_000
"""Encoders cut 100 MB of pixels into about 12,000 chunks. Pillow spends microseconds on each, however small."""

_SIGNATURE_BYTES, _CRC_BYTES = 8, 4
_FULL_RANGE_RGB = [0, 1]  # browsers ignore the chunk for others, too
_TIME = struct.Struct(">H5B")
_LONGEST_KEYWORD_BYTES = 79
_TEXT_CHUNKS = {b"tEXt", b"zTXt", b"iTXt"}
_HEXADECIMAL_LINES = 2.1
"""A raw profile has two digits for each byte, and a line break after 72."""

_RAW_EXIF = (b"Raw profile type exif", b"Raw profile type APP1")


def has_too_many_chunks(path: Path) -> bool:
    with path.open("rb") as file:
        return next(islice(_chunks(file), MAX_CHUNKS, None), None) is not None


def exif_of(path: Path, longest: int) -> bytes:
    """The `eXIf` chunk, else an Exif profile in a text; empty without one of up to `longest` bytes.

    Pillow would decode all pixels before it finds those that stand behind them.
    """
    with path.open("rb") as file:
        for name, size in islice(_chunks(file), MAX_CHUNKS):
            if name == b"eXIf":
                return file.read(size) if size <= longest else b""
    texts = texts_of(path, _RAW_EXIF, int(_HEXADECIMAL_LINES * longest))
    profiles = (raw_profile(texts[keyword]) for keyword in _RAW_EXIF if keyword in texts)
    return next((profile for profile in profiles if profile.startswith(b"Exif\0\0")), b"")[:longest]


def texts_of(path: Path, keywords: tuple[bytes, ...], longest: int) -> dict[bytes, bytes]:
    """The first text of each of these keywords, if it has up to `longest` bytes (PNG, third edition, 11.3.3)."""
    texts: dict[bytes, bytes] = {}
    with path.open("rb") as file:
        for name, size in islice(_chunks(file), MAX_CHUNKS):
            if name not in _TEXT_CHUNKS or size > longest:
                continue
            head = file.read(min(size, _LONGEST_KEYWORD_BYTES + 1))
            keyword, _, rest = head.partition(b"\0")
            if keyword in keywords and keyword not in texts:
                texts[keyword] = _text(name, rest + file.read(size - len(head)), longest)
    return texts


def time_of(path: Path) -> str:
    """`tIME` as ISO 8601, in UTC; empty without one. Programs write there when they changed the picture."""
    with path.open("rb") as file:
        for name, size in islice(_chunks(file), MAX_CHUNKS):
            if name == b"tIME" and size == _TIME.size:
                return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(*_TIME.unpack(file.read(size)))
    return ""


def raw_profile(text: bytes) -> bytes:
    """A profile as ImageMagick writes it: its name, its length, hexadecimal digits; empty when it is none."""
    with suppress(ValueError):
        _, length, digits = text.lstrip().split(b"\n", 2)
        return bytes.fromhex(digits.decode("ascii"))[: int(length)]
    return b""


def _text(chunk: bytes, rest: bytes, longest: int) -> bytes:
    """The text of a chunk, unpacked; empty when it is broken or longer than `longest` bytes."""
    is_packed = chunk == b"zTXt"
    if chunk == b"iTXt":
        # Two bytes say whether and how it is packed; a language and a translated keyword follow.
        is_packed, fields = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
        rest = fields[2] if len(fields) == 3 else b""
    elif is_packed:
        rest = rest[1:]
    if not is_packed:
        return rest
    unpacker = zlib.decompressobj()
    with suppress(zlib.error):
        text = unpacker.decompress(rest, longest)
        return b"" if unpacker.unconsumed_tail else text
    return b""


def colour_numbers(path: Path) -> tuple[int, int] | None:
    """Primaries and transfer of the `cICP` chunk (PNG, third edition, 11.3.2.6), which Pillow does not read."""
    with path.open("rb") as file:
        for name, size in islice(_chunks(file), MAX_CHUNKS):
            if name == b"IDAT":
                return None
            if name == b"cICP" and size == 4:
                primaries, transfer, *rest = file.read(4).ljust(4, b"\0")
                return (primaries, transfer) if rest == _FULL_RANGE_RGB else None
    return None


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Name and length of each chunk before IEND (PNG, third edition, 5.3). The file then stands at its content."""
    file.seek(_SIGNATURE_BYTES)
    at = _SIGNATURE_BYTES
    while len(head := file.read(8)) == 8 and head[4:] != b"IEND":
        (size,) = struct.unpack(">I", head[:4])
        yield head[4:], size
        at += len(head) + size + _CRC_BYTES
        file.seek(at)
