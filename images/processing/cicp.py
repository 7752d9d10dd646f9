"""Colour spaces that a file names by two numbers, primaries and transfer (CICP, ITU-T H.273), and HDR among them.

For an ordinary space this builds an ICC profile, which ImageCms applies. For PQ and HLG it builds a table
from signal to sRGB that also brings the light of a bright display down to white paper.
"""

import math

from PIL import ImageFilter

from . import icc
from .icc import Curve, Matrix, Primaries, Vector

ColourSpace = bytes | ImageFilter.Color3DLUT
"""An ICC profile, or a table from the signal to sRGB."""

_D65, _C, _DCI = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351)
SRGB_PRIMARIES: Primaries = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65)
# H.273, table 2.
_PRIMARIES: dict[int, Primaries] = {
    1: SRGB_PRIMARIES,
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
# Table 3: displays show the camera curves 1, 6, 14 and 15 nearly like that of sRGB, 13.
_LIKE_SRGB = {1, 6, 13, 14, 15}
_PQ, _HLG = 16, 18

_REFERENCE_WHITE_NITS, _PEAK_NITS = 203, 1000  # ITU-R BT.2408: white paper; the display that HDR is made on
_HEADROOM = _PEAK_NITS / _REFERENCE_WHITE_NITS
_PAPER_WHITE = 0.6
"""How much of full white is left for white paper, as in Chromium. What shines above it needs the rest."""

_TABLE_SIDE = 33


def is_known(primaries: int, transfer: int) -> bool:
    return primaries in _PRIMARIES and (transfer in _LIKE_SRGB or transfer in _CURVES or transfer in _HDR)


def is_hdr(_primaries: int, transfer: int) -> bool:
    return transfer in _HDR


def space_of(primaries: int, transfer: int) -> ColourSpace | None:
    """The space of these numbers; None when sRGB is close enough, or neither number is known."""
    if transfer in _HDR:
        return _hdr_table(_PRIMARIES.get(primaries, SRGB_PRIMARIES), transfer)
    if _PRIMARIES.get(primaries, SRGB_PRIMARIES) == SRGB_PRIMARIES and transfer not in _CURVES:
        return None
    return icc.profile(_PRIMARIES.get(primaries, SRGB_PRIMARIES), _CURVES.get(transfer, srgb_light))


def srgb_light(value: float) -> float:
    """IEC 61966-2-1."""
    return value / 12.92 if value <= 0.04045 else math.pow((value + 0.055) / 1.055, 2.4)


def _srgb_signal(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else 1.055 * math.pow(light, 1 / 2.4) - 0.055


def power(exponent: float) -> Curve:
    return lambda value: math.pow(value, exponent)


_CURVES: dict[int, Curve] = {4: power(2.2), 5: power(2.8), 8: power(1), 17: power(2.6)}


# ---- HDR -------------------------------------------------------------------------------------


def _pq(value: float) -> float:
    """SMPTE ST 2084: light as a multiple of white paper."""
    power = math.pow(value, 1 / 78.84375)
    light = max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
    return 10_000 / _REFERENCE_WHITE_NITS * math.pow(light, 1 / 0.1593017578125)


def _hlg(value: float) -> float:
    """ITU-R BT.2100, table 5: light of the scene, 0 to 1."""
    if value <= 0.5:
        return value**2 / 3
    return (math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12


_HDR: dict[int, Curve] = {_PQ: _pq, _HLG: _hlg}


def _hdr_table(primaries: Primaries, transfer: int) -> ImageFilter.Color3DLUT:
    """Signal to sRGB. Colours outside sRGB are cut to its bounds, as ImageCms does."""
    from_signal = [_HDR[transfer](i / (_TABLE_SIDE - 1)) for i in range(_TABLE_SIDE)]
    to_xyz = icc.to_d50(primaries)
    to_srgb: Matrix = icc.product(icc.inverse(icc.to_d50(SRGB_PRIMARIES)), to_xyz)

    def shown(*signal: float) -> Vector:
        red, green, blue = (from_signal[round(value * (_TABLE_SIDE - 1))] for value in signal)
        light = _displayed((red, green, blue), to_xyz[1]) if transfer == _HLG else (red, green, blue)
        red, green, blue = (
            _srgb_signal(min(1.0, max(0.0, value))) for value in icc.times(to_srgb, _tone_mapped(light))
        )
        return red, green, blue

    return ImageFilter.Color3DLUT.generate(_TABLE_SIDE, shown)


def _displayed(scene: Vector, luminance: Vector) -> Vector:
    """HLG's system gamma of a display of 1000 nits (BT.2100, table 5): light as a multiple of white paper."""
    brightness = sum(value * weight for value, weight in zip(scene, luminance, strict=True))
    gain = _HEADROOM * math.pow(max(0.0, brightness), 0.2)
    red, green, blue = (value * gain for value in scene)
    return red, green, blue


def _tone_mapped(light: Vector) -> Vector:
    """Scales the three by one factor, that of the brightest, so that the hue stays."""
    brightest = max(light)
    gain = _PAPER_WHITE if brightest <= 1 else _shoulder(min(brightest, _HEADROOM)) / brightest
    red, green, blue = (value * gain for value in light)
    return red, green, blue


def _shoulder(light: float) -> float:
    """From white paper (1, `_PAPER_WHITE`) to the brightest (`_HEADROOM`, 1) on a quadratic Bézier curve.

    Its middle point is where the line below white paper would reach full white, so it begins in that
    direction and ends flat.
    """
    middle = 1 / _PAPER_WHITE
    a, b, c = 1 - 2 * middle + _HEADROOM, 2 * (middle - 1), 1 - light
    t = (math.sqrt(b * b - 4 * a * c) - b) / (2 * a)
    return _PAPER_WHITE * (1 - t) ** 2 + 2 * t * (1 - t) + t * t
