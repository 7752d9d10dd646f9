"""AVIF files of forms that encoders of today do not write, made from those that they do."""

import struct

from images.tests import pictures

_ITEM_BYTES = 14  # of an item in `iloc` as libavif writes it; its offset stands in the last eight


def translucent_avif_bytes(width: int = 64, height: int = 48, alpha: int = 100) -> bytes:
    return pictures.saved(pictures.plain(width, height, (*pictures.RED, alpha), "RGBA"), "AVIF", speed=10)


def box(content: bytes, kind: bytes, number: int = 0) -> bytes:
    """The content of a box of this type, by default of the first."""
    at = -1
    for _ in range(number + 1):
        at = content.index(kind, at + 1)
    return content[at + 4 : at - 4 + int.from_bytes(content[at - 4 : at], "big")]


def with_two_association_boxes(avif: bytes) -> bytes:
    """The AVIF of two items with an `ipma` box for each, as encoders of 2020 wrote it."""
    old = box(avif, b"ipma")
    first_end = 8 + 3 + old[10]
    entries = old[8:first_end], old[first_end:]
    new = b"".join(_box(b"ipma", old[:4] + struct.pack(">I", 1) + entry) for entry in entries)
    more = len(new) - len(_box(b"ipma", old))
    longer = avif.replace(_box(b"ipma", old), new)
    for kind in (b"meta", b"iprp"):
        at = longer.index(kind) - 4
        size = struct.unpack_from(">I", longer, at)[0] + more
        longer = longer[:at] + struct.pack(">I", size) + longer[at + 4 :]
    return longer.replace(box(longer, b"iloc"), _moved(box(longer, b"iloc"), more))


def _moved(iloc: bytes, by: int) -> bytes:
    for at in range(8 + 6, len(iloc), _ITEM_BYTES):
        offset = struct.unpack_from(">I", iloc, at)[0] + by
        iloc = iloc[:at] + struct.pack(">I", offset) + iloc[at + 4 :]
    return iloc


def with_short_header(
    avif: bytes, *, orientation: int = 1, exif: bytes = b"", colours: tuple[int, ...] = ()
) -> bytes:
    """An AVIF of 8 bits and 4:2:0 with its header as `mini` (ISO/IEC 23008-12:2025, 6.4).

    `colours` are primaries, transfer and matrix (ITU-T H.273); without them it is sRGB.
    """
    width, height = struct.unpack_from(">II", box(avif, b"ispe"), 4)
    picture, *alpha = _items(avif)
    flags = [0, 0, 1, bool(alpha), bool(colours), 0, 0, bool(exif), 0]
    bits = [(0, 2), *((flag, 1) for flag in flags), (1, 2), (orientation - 1, 3)]
    bits += [(1, 1), (width - 1, 15), (height - 1, 15), (0, 2), (0, 1)]
    bits += [(0, 1)] if alpha else []
    bits += [(number, 8) for number in colours]
    bits += [(1, 1)] if exif else []
    bits += [(1, 1), (1, 1), (4, 12), (len(picture) - 1, 28)]
    bits += [(len(alpha[0]), 28), (4, 12)] if alpha else []
    bits += [(0, 1), (len(exif) - 1, 20)] if exif else []
    text = "".join(format(value, f"0{count}b") for value, count in bits)
    text += "0" * (-len(text) % 8)
    configurations = box(avif, b"av1C") + (box(avif, b"av1C", 1) if alpha else b"")
    head = int(text, 2).to_bytes(len(text) // 8, "big")
    mini = head + configurations + b"".join(alpha) + picture + exif
    return _box(b"ftyp", b"mif3avif") + _box(b"mini", mini)


def _items(avif: bytes) -> list[bytes]:
    """What `iloc` names: the picture, and its alpha if it has one."""
    iloc = box(avif, b"iloc")
    places = [struct.unpack_from(">II", iloc, at) for at in range(8 + 6, len(iloc), _ITEM_BYTES)]
    return [avif[offset : offset + size] for offset, size in places]


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content
