"""Lets Pillow pass over segments of a JPEG's head that are too short, as browsers and libjpeg do."""

import struct
from contextlib import suppress
from typing import Any

from PIL import JpegImagePlugin

_APP0, _APP15 = 0xFFE0, 0xFFEF
# "ICC_PROFILE", its number and count; the profile stands behind (ICC.1:2022, annex B.4).
_ICC_HEAD_BYTES = 14


def tolerate_short_segments() -> None:
    """Pillow refuses a JPEG whose application segments are cut, though none of them is needed to show it."""
    handlers: dict[int, Any] = JpegImagePlugin.MARKER
    for marker in range(_APP0, _APP15 + 1):
        name, title, _ = handlers[marker]
        handlers[marker] = (name, title, _read_segment)


def _read_segment(picture: JpegImagePlugin.JpegImageFile, marker: int) -> None:
    with suppress(struct.error, IndexError):  # Pillow has read past the segment before it looks into it
        JpegImagePlugin.APP(picture, marker)
    picture.icclist = [segment for segment in picture.icclist if len(segment) > _ICC_HEAD_BYTES]
