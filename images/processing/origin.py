"""When a picture was taken, and with which camera: from Exif, XMP, IPTC, GPS and texts of PNGs.

The order is that of the Metadata Working Group's guidelines 2.0, section 5.6: first when the scene was there, then
when it was digitized, last when a program wrote the file. Where it was taken is never read.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from . import iptc, png, xmp
from .dates import Moment, read_moment
from .decoding import MAX_EXIF_BYTES, XMP_KEY
from .metadata import gps_tags, main_tags, photo_tags
from .results import Taken

CAMERA_LENGTH = 100

_Tag = ExifTags.Base
_OFFSETS = (_Tag.OffsetTimeOriginal, _Tag.OffsetTime, _Tag.OffsetTimeDigitized)
_XMP_TIMES = {xmp.EXIF + "DateTimeOriginal", xmp.PHOTOSHOP + "DateCreated", xmp.EXIF + "DateTimeDigitized",
              xmp.XMP + "CreateDate", xmp.XMP + "ModifyDate"}  # fmt: skip
_XMP_CAMERA = {xmp.TIFF + "Make", xmp.TIFF + "Model"}
_CREATION_TIME = b"Creation Time"
_RAW_XMP, _RAW_IPTC = b"Raw profile type xmp", b"Raw profile type iptc"
_PNG_XMP, _RAW_8BIM = b"XML:com.adobe.xmp", b"Raw profile type 8bim"


def add_texts(path: Path, picture: Image.Image) -> None:
    """Put the metadata that a PNG has in texts and `tIME` where other formats have theirs."""
    keywords = (_CREATION_TIME, _PNG_XMP, _RAW_XMP, _RAW_IPTC, _RAW_8BIM)
    texts = png.texts_of(path, keywords, 2 * MAX_EXIF_BYTES)
    packet = texts.get(_PNG_XMP) or png.raw_profile(texts.get(_RAW_XMP, b""))
    resources = png.raw_profile(texts.get(_RAW_IPTC) or texts.get(_RAW_8BIM, b""))
    picture.info[XMP_KEY] = packet[: xmp.MAX_XMP_BYTES]
    picture.info["photoshop"] = {iptc.PHOTOSHOP_RESOURCE: iptc.of_photoshop(resources)}
    picture.info[_CREATION_TIME.decode()] = texts.get(_CREATION_TIME, b"").decode("latin-1")
    picture.info["tIME"] = png.time_of(path)


def taken(picture: Image.Image) -> Taken | None:
    """The surest date of a picture; None without one.

    A date without a time yields to a less sure one of the same day that has a time.
    """
    dated = list(_by_camera(picture))
    if not dated:
        return next((_taken(moment, "program") for moment in _by_program(picture) if moment), None)
    first = dated[0]
    same_day = (moment for moment in dated if moment.has_time and moment.clock.date() == first.clock.date())
    best = first if first.has_time else next(same_day, first)
    return _taken(best, "camera" if best.has_time else "day")


def camera(picture: Image.Image) -> str:
    """Maker and model as plain text of up to `CAMERA_LENGTH` characters, perhaps empty.

    Without the maker where the model names it: "NIKON D70" of "NIKON CORPORATION".
    """
    tags = main_tags(picture)
    maker, model = exif_text(tags.get(_Tag.Make)), exif_text(tags.get(_Tag.Model))
    if not maker and not model:
        named = xmp.values(packet(picture), _XMP_CAMERA)
        maker, model = (clean(named.get(xmp.TIFF + name, "")) for name in ("Make", "Model"))
    names_maker = model.lower().startswith(maker.lower()) or _words(model)[:1] in [[w] for w in _words(maker)]
    return (model if names_maker else f"{maker} {model}").strip()[:CAMERA_LENGTH].strip()


def clean(text: str) -> str:
    """On one line, without control and format characters (NUL, newlines, right-to-left marks)."""
    spaced = (" " if char.isspace() else char for char in text.split("\0")[0][:1000])
    return " ".join("".join(char for char in spaced if unicodedata.category(char)[0] != "C").split())


def _by_camera(picture: Image.Image) -> Iterator[Moment]:
    """When the scene was there, then when it was digitized, then the time of GPS."""
    tags = {**main_tags(picture), **photo_tags(picture)}
    written = xmp.values(packet(picture), _XMP_TIMES)
    block = (picture.info.get("photoshop") or {}).get(iptc.PHOTOSHOP_RESOURCE)
    press = iptc.texts(block) if isinstance(block, bytes) else {}
    moments = (
        _exif_moment(tags, _Tag.DateTimeOriginal, _Tag.SubsecTimeOriginal, *_OFFSETS),
        read_moment(written.get(xmp.EXIF + "DateTimeOriginal", "")),
        read_moment(written.get(xmp.PHOTOSHOP + "DateCreated", "")),
        _iptc_moment(press, iptc.DATE_CREATED, iptc.TIME_CREATED),
        _exif_moment(tags, _Tag.DateTimeDigitized, _Tag.SubsecTimeDigitized, *reversed(_OFFSETS)),
        read_moment(written.get(xmp.EXIF + "DateTimeDigitized", "")),
        read_moment(written.get(xmp.XMP + "CreateDate", "")),
        _iptc_moment(press, iptc.DIGITAL_DATE, iptc.DIGITAL_TIME),
        _gps_moment(gps_tags(picture)),
    )
    return (moment for moment in moments if moment)


def _by_program(picture: Image.Image) -> Iterator[Moment | None]:
    tags = {**photo_tags(picture), **main_tags(picture)}
    yield read_moment(clean(picture.info.get(_CREATION_TIME.decode(), "")))
    yield _exif_moment(tags, _Tag.DateTime, _Tag.SubsecTime, _Tag.OffsetTime)
    yield read_moment(xmp.values(packet(picture), _XMP_TIMES).get(xmp.XMP + "ModifyDate", ""))
    yield read_moment(picture.info.get("tIME", ""))


def _taken(moment: Moment, source: str) -> Taken:
    return Taken(moment.clock.isoformat(timespec="milliseconds"), moment.offset_minutes, source)


def packet(picture: Image.Image) -> bytes:
    """Its XMP, perhaps empty."""
    found = picture.info.get(XMP_KEY, b"")
    return found if isinstance(found, bytes) else b""


def _exif_moment(tags: dict[int, Any], time: int, fraction: int, *offsets: int) -> Moment | None:
    """The first offset that is there counts: many cameras write only `OffsetTime`."""
    offset = next((text for tag in offsets if (text := exif_text(tags.get(tag)))), "")
    return read_moment(exif_text(tags.get(time)), offset, exif_text(tags.get(fraction)))


def _iptc_moment(texts: dict[int, str], date: int, time: int) -> Moment | None:
    day = texts.get(date, "")
    return read_moment(day + texts.get(time, "")) or read_moment(day)


def _gps_moment(tags: dict[int, Any]) -> Moment | None:
    """GPS tells UTC: a date, and hours, minutes and seconds as fractions (Exif 3.0, tags 0x0007 and 0x001D)."""
    try:
        since_midnight = timedelta(**dict(zip(("hours", "minutes", "seconds"), map(float, tags[7]), strict=True)))
        day = read_moment(exif_text(tags[29]))
        return day and Moment(day.clock + since_midnight, 0)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def exif_text(value: object) -> str:
    """Exif's ASCII, which cameras fill with UTF-8, too; Pillow reads it as Latin-1."""
    raw = value.encode("latin-1", "replace") if isinstance(value, str) else value
    if not isinstance(raw, bytes):
        return ""
    try:
        return clean(raw.decode())
    except UnicodeDecodeError:
        return clean(raw.decode("latin-1"))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
