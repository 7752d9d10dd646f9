"""Makes transparent what the first frame of a GIF or WebP leaves uncovered, and what a PNG names transparent."""

import struct
from pathlib import Path
from typing import Any

from PIL import Image

from .formats import GIF, PNG, WEBP, Format

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in px."""

# Grey values of 2 and 4 bits, which Pillow spreads over 8.
_SPREAD = {"L;2": 85, "L;4": 17}
_16_BIT_COLOURS = "RGB;16B"
# A first frame stands behind the profile and the loop count.
_MAX_CHUNKS = 100


def correct_transparency(picture: Image.Image, form: Format) -> None:
    """Before a PNG is decoded: the transparent value in the bits of the decoded pixels.

    PNG, third edition, 11.3.1.1: the file has it in the bits of its own pixels.
    """
    value, tiles = picture.info.get("transparency"), _tiles(picture)
    if form is not PNG or not tiles:
        return
    raw_mode = tiles[0][3]
    if raw_mode in _SPREAD and isinstance(value, int):
        picture.info["transparency"] = min(255, value * _SPREAD[raw_mode])
    elif raw_mode == _16_BIT_COLOURS and isinstance(value, tuple):
        picture.info["transparency"] = tuple(band >> 8 for band in value)


def frame_box(picture: Image.Image, form: Format, path: Path) -> Box | None:
    """Before it is decoded: where the first frame stands, if it is smaller than the picture."""
    box: Box | None = None
    if form is GIF and (tiles := _tiles(picture)):
        box = tiles[0][1]
    elif form is WEBP:
        box = _webp_frame(path)
    return box if box and box != (0, 0, *picture.size) else None


def _tiles(picture: Image.Image) -> list[Any]:
    """What Pillow will decode: of each piece the codec, its box, its offset and the mode of its pixels."""
    return getattr(picture, "tile", [])


def with_uncovered_transparent(picture: Image.Image, box: Box | None) -> Image.Image:
    """The decoded picture, transparent outside this box; as it is without one."""
    if box is None:
        return picture
    result = picture.convert("RGBA")
    alpha = Image.new("L", picture.size, 0)
    alpha.paste(result.getchannel("A").crop(box), box[:2])
    result.putalpha(alpha)
    return result


def _webp_frame(path: Path) -> Box | None:
    """Of the first ANMF chunk (WebP Container Specification, "Animation")."""
    with path.open("rb") as file:
        at = 12
        for _ in range(_MAX_CHUNKS):
            file.seek(at)
            head = file.read(8 + 12)
            if len(head) < 20:
                return None
            if head[:4] == b"ANMF":
                left, top, width, height = (int.from_bytes(head[n : n + 3], "little") for n in (8, 11, 14, 17))
                return 2 * left, 2 * top, 2 * left + width + 1, 2 * top + height + 1
            size = struct.unpack_from("<I", head, 4)[0]
            at += 8 + size + size % 2
    return None
