"""Colour spaces that a file names by number (CICP, ITU-T H.273) instead of by an ICC profile.

AVIF and HEIC files from phones name "Display P3" in this way. The decoders convert YCbCr to RGB, but
not the primaries. So we build the ICC profile for these numbers, and ImageCms converts the colours.
"""

import math
import struct
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from .formats import AVIF, HEIC, Format

# XYZ of red, green and blue, adapted to D50: Display P3 as in Apple's profile, BT.2020 as in
# ITU-R BT.2020 with the Bradford adaptation of ICC.1:2022, annex E.
_PRIMARIES = {
    9: ((0.6735, 0.2790, -0.0019), (0.1657, 0.6753, 0.0300), (0.1251, 0.0456, 0.7970)),
    12: ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)),
}
_SRGB_PRIMARIES = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
_D50 = (0.9642, 1.0, 0.8249)
_PQ, _HLG = 16, 18
_REFERENCE_WHITE_NITS = 203  # ITU-R BT.2408: paper white, shown as full white here
_CURVE_POINTS = 1024
_HEADER_BYTES = 2**20  # far more than the boxes before the pixels have


def profile_of(path: Path, form: Format, picture: Image.Image) -> bytes | None:
    """The ICC profile in the file, or the one for its CICP numbers; None means sRGB."""
    own: bytes | None = picture.info.get("icc_profile")
    if own or form not in (AVIF, HEIC):
        return own
    return icc_of(*_numbers(path))


def icc_of(primaries: int, transfer: int) -> bytes | None:
    """The ICC profile for two CICP numbers (H.273, tables 2 and 3); None when sRGB is close enough."""
    if primaries not in _PRIMARIES and transfer not in _CURVES:
        return None
    return _icc(_PRIMARIES.get(primaries, _SRGB_PRIMARIES), _CURVES.get(transfer, _srgb))


def _numbers(path: Path) -> tuple[int, int]:
    """Primaries and transfer of the first `colr` box of type `nclx` (ISO/IEC 14496-12, 12.1.5)."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    at = header.find(b"colrnclx") + 8
    if at < 8 or len(header) < at + 4:
        return 1, 13
    primaries, transfer = struct.unpack(">HH", header[at : at + 4])
    return primaries, transfer


def _srgb(value: float) -> float:
    """IEC 61966-2-1. Displays show the camera curves 1, 6, 14 and 15 nearly like this one."""
    return value / 12.92 if value <= 0.04045 else math.pow((value + 0.055) / 1.055, 2.4)


def _pq(value: float) -> float:
    """SMPTE ST 2084; light above paper white is clipped."""
    power = math.pow(value, 1 / 78.84375)
    light = max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
    return min(1.0, 10_000 / _REFERENCE_WHITE_NITS * math.pow(light, 1 / 0.1593017578125))


def _hlg(value: float) -> float:
    """ITU-R BT.2100, table 5, without its system gamma; paper white is 75 % of the signal."""
    light = _hlg_scene_light(value)
    return min(1.0, light / _hlg_scene_light(0.75))


def _hlg_scene_light(value: float) -> float:
    if value <= 0.5:
        return value**2 / 3
    return (math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12


_CURVES: dict[int, Callable[[float], float]] = {_PQ: _pq, _HLG: _hlg}


def _icc(primaries: tuple[tuple[float, ...], ...], curve: Callable[[float], float]) -> bytes:
    """A version 2 matrix profile for a display (ICC.1:2001-04, sections 6.1, 6.3.1.2, 6.5)."""
    table = [round(65535 * curve(i / (_CURVE_POINTS - 1))) for i in range(_CURVE_POINTS)]
    curv = b"curv" + struct.pack(f">4xI{_CURVE_POINTS}H", _CURVE_POINTS, *table)
    blocks = [_xyz(_D50), *map(_xyz, primaries), curv]
    offsets, at = [], 128 + 4 + 12 * 7
    for block in blocks:
        offsets.append((at, len(block)))
        at += len(block)
    names = (b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")
    places = [*offsets, offsets[-1], offsets[-1]]
    tags = b"".join(struct.pack(">4sII", n, *place) for n, place in zip(names, places, strict=True))
    return _icc_header(at) + struct.pack(">I", len(names)) + tags + b"".join(blocks)


def _icc_header(size: int) -> bytes:
    fields = struct.pack(">I4xI4s4s4s12x4s", size, 0x02100000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return (fields.ljust(68, b"\0") + _numbers_s15(_D50)).ljust(128, b"\0")


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + _numbers_s15(values)


def _numbers_s15(values: tuple[float, ...]) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)
