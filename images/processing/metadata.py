"""Reads orientation and other tags from Exif. A value that makes no sense is ignored."""

from typing import Any

from PIL import ExifTags, Image

# Some programs write them here instead of into the photo's own directory.
_TIMES = (ExifTags.Base.DateTime, ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)


def orientation(picture: Image.Image) -> int:
    """The orientation of the stored pixels, 1 to 8 (Exif 3.0, tag 0x0112); 1 (upright) for any other value.

    AVIF: Pillow writes the file's rotation boxes into this tag, and leaves the pixels as they are.
    HEIF: where the file has rotation boxes, the decoder has rotated the pixels already, and this tag is 1.
    JPEG XL: the decoder has rotated the pixels by the codestream's own orientation, and Exif's does not count.
    TIFF: Pillow rotates the pixels while it loads them, and gives the upright size before.
    """
    if picture.format in ("TIFF", "JXL"):
        return 1
    value = main_tags(picture).get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def main_tags(picture: Image.Image) -> dict[int, Any]:
    try:
        exif = _exif(picture)
        wanted = (ExifTags.Base.Orientation, ExifTags.Base.Make, ExifTags.Base.Model, *_TIMES)
        return {tag: exif[tag] for tag in wanted if tag in exif}
    except Exception:
        return {}


def photo_tags(picture: Image.Image) -> dict[int, Any]:
    return _directory(picture, ExifTags.IFD.Exif)


def gps_tags(picture: Image.Image) -> dict[int, Any]:
    return _directory(picture, ExifTags.IFD.GPSInfo)


def _directory(picture: Image.Image, ifd: ExifTags.IFD) -> dict[int, Any]:
    try:
        return dict(_exif(picture).get_ifd(ifd))
    except Exception:
        return {}


def _exif(picture: Image.Image) -> Image.Exif:
    """Calls the base class's method, because that of PNG decodes all pixels to find late chunks."""
    return Image.Image.getexif(picture)
