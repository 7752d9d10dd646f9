"""Reads orientation, time and camera from Exif. A value that makes no sense is ignored."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from PIL import ExifTags, Image

CAMERA_LENGTH = 100
_FIRST_YEAR = 1826  # the first photograph; an earlier year comes from a camera whose clock was never set
_LAST_YEAR = 9999  # excluded: converted to UTC, it may not fit a datetime
_TIMES = (
    (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal),
    (ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTimeDigitized),
)


def orientation(picture: Image.Image) -> int:
    """The orientation of the stored pixels, 1 to 8 (Exif 3.0, tag 0x0112); 1 (upright) for any other value.

    AVIF: Pillow writes the file's rotation boxes into this tag, and leaves the pixels as they are.
    HEIF: the decoder has rotated the pixels already, and sets this tag to 1.
    """
    value = _main_tags(picture).get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def taken_at(picture: Image.Image) -> str | None:
    """ISO 8601 with offset (UTC when the camera gives none); None without a valid time."""
    tags = _photo_tags(picture)
    for time_tag, offset_tag in _TIMES:
        moment = _moment(_text(tags.get(time_tag)), _text(tags.get(offset_tag)))
        if moment:
            return moment.isoformat()
    return None


def camera(picture: Image.Image) -> str:
    """Maker and model as plain text of up to `CAMERA_LENGTH` characters, perhaps empty."""
    tags = _main_tags(picture)
    maker = _text(tags.get(ExifTags.Base.Make))
    model = _text(tags.get(ExifTags.Base.Model))
    repeats = model.lower().startswith(maker.lower())
    return (model if repeats else f"{maker} {model}").strip()[:CAMERA_LENGTH].strip()


def _exif(picture: Image.Image) -> Image.Exif:
    """Calls the base class's method, because that of PNG decodes all pixels to find late chunks."""
    return Image.Image.getexif(picture)


def _main_tags(picture: Image.Image) -> dict[int, Any]:
    try:
        exif = _exif(picture)
        wanted = (ExifTags.Base.Orientation, ExifTags.Base.Make, ExifTags.Base.Model)
        return {tag: exif[tag] for tag in wanted if tag in exif}
    except Exception:
        return {}


def _photo_tags(picture: Image.Image) -> dict[int, Any]:
    try:
        return dict(_exif(picture).get_ifd(ExifTags.IFD.Exif))
    except Exception:
        return {}


def _text(value: object) -> str:
    """Without control and format characters (NUL, newlines, right-to-left marks)."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    spaced = (" " if char.isspace() else char for char in value.split("\0")[0][:1000])
    clean = "".join(char for char in spaced if unicodedata.category(char)[0] != "C")
    return " ".join(clean.split())


def _moment(time: str, offset: str) -> datetime | None:
    """Exif 3.0, tags 0x9003 and 0x9011: "YYYY:MM:DD HH:MM:SS" and "+HH:MM"."""
    match = re.fullmatch(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d*)?", time)
    if not match:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(offset))
    except ValueError:
        return None
    return moment if _FIRST_YEAR <= year < _LAST_YEAR else None


def _zone(offset: str) -> timezone:
    """UTC when the offset is missing or invalid: those on earth are between -14:59 and +14:59."""
    match = re.fullmatch(r"([+-])(0\d|1[0-4]):([0-5]\d)", offset)
    if not match:
        return UTC
    minutes = int(match[2]) * 60 + int(match[3])
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))
