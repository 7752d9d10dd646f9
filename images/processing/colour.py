"""Bring any mode and any colour space to 8-bit sRGB, as RGB or (where it shows) RGBA."""

from io import BytesIO

from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")
# ICC.1:2022, section 7.2.8: the profile's own word for the pixels it describes.
_MODE_OF_SPACE = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def to_scalable_mode(picture: Image.Image) -> Image.Image:
    """The same colours in a mode that resizes well: L, LA, RGB, RGBA or CMYK, 8 bits a band."""
    if picture.mode == "I;16":
        return _from_16_bit(picture)
    if picture.mode in ("I", "F"):
        return picture.convert("L")
    if picture.has_transparency_data and picture.mode not in ("LA", "RGBA"):
        return picture.convert("RGBA")
    if picture.mode == "1":
        return picture.convert("L")
    return picture if picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK") else picture.convert("RGB")


def _from_16_bit(picture: Image.Image) -> Image.Image:
    """Grey of 16 bits by its high byte: `convert` would clip all above 255 to white."""
    wide = picture.convert("I")  # the only mode that a table of 65536 entries can be applied to
    grey = wide.point([value >> 8 for value in range(65536)], "L")
    invisible = picture.info.get("transparency")
    if isinstance(invisible, int):
        alpha = wide.point([0 if value == invisible else 255 for value in range(65536)], "L")
        return Image.merge("LA", (grey, alpha))
    return grey


def to_srgb(picture: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """A `to_scalable_mode` picture as RGB, or as RGBA when some of it is transparent, without `info`."""
    colours, alpha = _without_alpha(picture)
    result = _by_profile(colours, icc_profile) if icc_profile else colours
    result = result.convert("RGB")
    if alpha:
        result.putalpha(alpha)
    result.info = {}
    return result


def _without_alpha(picture: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    if picture.mode not in ("LA", "RGBA"):
        return picture, None
    alpha = picture.getchannel("A")
    lowest = alpha.getextrema()[0]
    return picture.convert(picture.mode[:-1]), alpha if lowest != 255 else None


def _by_profile(picture: Image.Image, icc_profile: bytes) -> Image.Image:
    """In sRGB; unchanged when the profile is broken or is for other pixels."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
        mode = _MODE_OF_SPACE.get(profile.profile.xcolor_space)
        if mode == "RGB" and picture.mode == "L":
            picture = picture.convert("RGB")
        if mode != picture.mode:
            return picture
        converted = ImageCms.profileToProfile(picture, profile, _SRGB, outputMode="RGB")
    except Exception:
        return picture
    return converted or picture
