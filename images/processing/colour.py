"""Converts any mode and colour space to 8-bit sRGB: RGB, or RGBA where some pixels are transparent."""

from io import BytesIO
from itertools import product
from typing import Any, cast

from PIL import Image, ImageChops, ImageCms

from .cicp import ColourSpace

_LEVELS = range(0, 256, 17)
_SAMPLES = Image.frombytes(
    "RGB",
    (len(_LEVELS), len(_LEVELS) ** 2),
    bytes(level for colour in product(_LEVELS, repeat=3) for level in colour),
)
_SRGB, _LAB = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
_WHITES = {"I": (255, 65535), "F": (1, 255, 65535)}
# The colour space that a profile names (ICC.1:2022, section 7.2.8), and Pillow's mode for it.
_MODE_OF_SPACE = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def to_scalable_mode(picture: Image.Image) -> Image.Image:
    """The same colours in a mode that Pillow can resize: L, LA, RGB, RGBA or CMYK, 8 bits a band."""
    if picture.mode.startswith("I;16"):
        return _from_16_bit(picture)
    if picture.mode in ("I", "F"):
        return _from_wide_grey(picture)
    if picture.mode == "LAB":
        return ImageCms.profileToProfile(picture, _LAB, _SRGB, outputMode="RGB") or picture.convert("RGB")
    if picture.has_transparency_data and picture.mode not in ("LA", "RGBA"):
        return picture.convert("RGBA")
    if picture.mode == "1":
        return picture.convert("L")
    return picture if picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK") else picture.convert("RGB")


def _from_wide_grey(picture: Image.Image) -> Image.Image:
    """Grey of 32 bits says nowhere what white is: 1 for fractions, else 255 or 65535, whichever suffices."""
    _, highest = cast(tuple[float, float], picture.getextrema())
    white = next((white for white in _WHITES[picture.mode] if highest <= white), highest)
    return picture.point(lambda value: value * (255 / white) + 0).convert("L")


def _from_16_bit(picture: Image.Image) -> Image.Image:
    """Takes the high byte of 16-bit grey: `convert` would clip all values above 255 to white."""
    wide = picture.convert("I")  # the only mode for which `point` takes a table of 65536 entries
    grey = wide.point([value >> 8 for value in range(65536)], "L")
    transparent_value = picture.info.get("transparency")
    if isinstance(transparent_value, int):
        alpha = wide.point([0 if value == transparent_value else 255 for value in range(65536)], "L")
        return Image.merge("LA", (grey, alpha))
    return grey


def to_srgb(picture: Image.Image, space: ColourSpace | None) -> Image.Image:
    """Convert a `to_scalable_mode` picture to RGB, or to RGBA if some pixels are transparent. Empties `info`."""
    colours, alpha = _split_alpha(picture)
    if isinstance(space, bytes):
        colours = _convert_by_profile(colours, space)
    result = colours.convert("RGB")
    if space and not isinstance(space, bytes):
        result = result.filter(space)
    if alpha:
        result.putalpha(alpha)
    result.info = {}
    return result


def _split_alpha(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    if picture.mode not in ("LA", "RGBA"):
        return picture, None
    alpha = picture.getchannel("A")
    lowest = alpha.getextrema()[0]
    return picture.convert(picture.mode[:-1]), alpha if lowest != 255 else None


def _convert_by_profile(picture: Image.Image, icc_profile: bytes) -> Image.Image:
    """In sRGB; unchanged when the profile is broken, or describes another colour space."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
        mode = _MODE_OF_SPACE.get(profile.profile.xcolor_space)
        if mode == "RGB" and picture.mode == "L":
            picture = picture.convert("RGB")
        if mode != picture.mode:
            return picture
        transform = ImageCms.buildTransform(profile, _SRGB, mode, "RGB")
        if mode == "RGB" and _is_identity(transform):
            return picture
        return ImageCms.applyTransform(picture, transform) or picture
    except Exception:
        return picture


def _is_identity(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether it changes no colour by more than a level: most cameras name sRGB, and converting costs much."""
    converted = ImageCms.applyTransform(_SAMPLES, transform)
    bounds: Any = ImageChops.difference(_SAMPLES, converted or _SAMPLES).getextrema()
    return all(highest <= 1 for _, highest in bounds)
