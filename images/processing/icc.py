"""Writes ICC profiles for colour spaces that a file names by chromaticities and a curve."""

import struct
from collections.abc import Callable, Iterable, Sequence

Curve = Callable[[float], float]
Point = tuple[float, float]
"""x and y of a colour (CIE 1931)."""
Primaries = tuple[Point, Point, Point, Point]
"""Red, green, blue and white."""
Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

_CURVE_POINTS = 1024
_MOST_TAGS = 100
_D50 = (0.9642, 1.0, 0.8249)
_LEAST_AREA = 0.01  # between red, green and blue; that of sRGB is 0.11
# The Bradford adaptation (ICC.1:2022, annex E).
_CONE = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


def profile(primaries: Primaries, curve: Curve) -> bytes:
    """A version 2 matrix profile for a display (ICC.1:2001-04, sections 6.1, 6.3.1.2, 6.5).

    `curve` turns a signal of 0 to 1 into light of 0 to 1. Raises `ZeroDivisionError` or `ValueError` for
    chromaticities that span no colour space.
    """
    table = [round(65535 * curve(i / (_CURVE_POINTS - 1))) for i in range(_CURVE_POINTS)]
    curv = b"curv" + struct.pack(f">4xI{_CURVE_POINTS}H", _CURVE_POINTS, *table)
    columns = zip(*to_d50(primaries), strict=True)
    blocks = [_xyz(_D50), *map(_xyz, columns), curv]
    offsets, at = [], 128 + 4 + 12 * 7
    for block in blocks:
        offsets.append((at, len(block)))
        at += len(block)
    names = (b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")
    places = [*offsets, offsets[-1], offsets[-1]]
    tags = b"".join(struct.pack(">4sII", n, *place) for n, place in zip(names, places, strict=True))
    return _header(at) + struct.pack(">I", len(names)) + tags + b"".join(blocks)


def colour_numbers(profile: bytes) -> tuple[int, int] | None:
    """Primaries and transfer of a profile that names them (ICC.1:2022, sections 7.3 and 9.2.17)."""
    count = min(int.from_bytes(profile[128:132], "big"), _MOST_TAGS)
    for at in range(132, 132 + 12 * count, 12):
        if profile[at : at + 4] == b"cicp":
            start = int.from_bytes(profile[at + 4 : at + 8], "big")
            numbers = profile[start + 8 : start + 10]
            return (numbers[0], numbers[1]) if len(numbers) == 2 else None
    return None


def to_d50(primaries: Primaries) -> Matrix:
    """From light of these primaries to XYZ, adapted to D50 (SMPTE RP 177, and Bradford).

    Raises `ZeroDivisionError` or `ValueError` for chromaticities that span no colour space.
    """
    *rgb, white = (_xyz_of(point) for point in primaries)
    columns = _transposed(rgb)
    scales = times(inverse(columns), white)
    if _area(*primaries[:3]) < _LEAST_AREA or min(scales) <= 0:
        raise ValueError("the three colours are on one line, or white is not between them")
    to_xyz = _rows(tuple(value * scale for value, scale in zip(row, scales, strict=True)) for row in columns)
    return product(_adaptation(white), to_xyz)


def _xyz_of(point: Point) -> Vector:
    x, y = point
    return x / y, 1.0, (1 - x - y) / y


def _area(red: Point, green: Point, blue: Point) -> float:
    """Of the triangle between these points."""
    across, along = (red[0] - blue[0]) * (green[1] - blue[1]), (green[0] - blue[0]) * (red[1] - blue[1])
    return abs(across - along) / 2


def _adaptation(white: Vector) -> Matrix:
    source, target = times(_CONE, white), times(_CONE, _D50)
    scaled = _rows(tuple(t / s * value for value in row) for s, t, row in zip(source, target, _CONE, strict=True))
    return product(inverse(_CONE), scaled)


def times(matrix: Matrix, vector: Sequence[float]) -> Vector:
    a, b, c = vector
    red, green, blue = (row[0] * a + row[1] * b + row[2] * c for row in matrix)
    return red, green, blue


def product(left: Matrix, right: Matrix) -> Matrix:
    return _transposed([times(left, column) for column in _transposed(right)])


def inverse(matrix: Matrix) -> Matrix:
    """By cofactors. Raises `ZeroDivisionError`."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return _rows(tuple(value / determinant for value in row) for row in cofactors)


def _transposed(rows: Sequence[Vector]) -> Matrix:
    return _rows(zip(*rows, strict=True))


def _rows(rows: Iterable[tuple[float, ...]]) -> Matrix:
    """Three rows of three numbers, typed as such."""
    (a, b, c), (d, e, f), (g, h, i) = rows
    return (a, b, c), (d, e, f), (g, h, i)


def _header(size: int) -> bytes:
    fields = struct.pack(">I4xI4s4s4s12x4s", size, 0x02100000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return (fields.ljust(68, b"\0") + _numbers_s15(_D50)).ljust(128, b"\0")


def _xyz(values: Vector) -> bytes:
    return b"XYZ \0\0\0\0" + _numbers_s15(values)


def _numbers_s15(values: Vector) -> bytes:
    """Raises `ValueError` for a number that does not fit (ICC.1:2001-04, section 5.3.8)."""
    if not all(abs(value) < 32767 for value in values):
        raise ValueError("too large for a profile")
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)
