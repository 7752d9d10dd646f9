"""Reads from Exif and XMP with which lens and how a picture was exposed. A value that makes no sense is ignored."""

from typing import Any

from PIL import ExifTags, Image

from . import xmp
from .metadata import photo_tags
from .origin import clean, exif_text, packet
from .results import EXPOSURE_RANGES, Exposure

LENS_LENGTH = 100

_Tag = ExifTags.Base
_XMP_LENS = xmp.AUX + "Lens"
# Exif 3.0, tag 0x8827: the number is greater than it can say.
_MORE_THAN_IT_SAYS = 65535


def lens(picture: Image.Image) -> str:
    """The lens as the camera names it, as plain text of up to `LENS_LENGTH` characters, perhaps empty."""
    name = exif_text(photo_tags(picture).get(_Tag.LensModel))
    named = name or clean(xmp.values(packet(picture), {_XMP_LENS}).get(_XMP_LENS, ""))
    # Some cameras write dashes for a lens that they do not know.
    return named[:LENS_LENGTH].strip() if any(char.isalnum() for char in named) else ""


def exposure(picture: Image.Image) -> Exposure | None:
    """None where nothing is known."""
    tags = photo_tags(picture)
    iso = _number("iso", tags.get(_Tag.ISOSpeedRatings))
    if iso is None or iso == _MORE_THAN_IT_SAYS:
        iso = _number("iso", tags.get(_Tag.RecommendedExposureIndex)) or _number("iso", tags.get(_Tag.ISOSpeed))
    found = Exposure(
        focal_length_mm=_number("focal_length_mm", tags.get(_Tag.FocalLength)),
        aperture=_number("aperture", tags.get(_Tag.FNumber)),
        seconds=_number("seconds", tags.get(_Tag.ExposureTime)),
        iso=None if iso is None else round(iso),
    )
    return None if found == Exposure() else found


def _number(name: str, value: Any) -> float | None:
    """To four digits, but for ISO; None outside its range."""
    if isinstance(value, tuple) and value:
        value = value[0]
    try:
        number = float(value) if name == "iso" else float(f"{float(value):.4g}")
    except (TypeError, ValueError, ArithmeticError):
        return None
    lowest, highest = EXPOSURE_RANGES[name]
    return number if lowest <= number <= highest else None
