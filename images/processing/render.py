"""Renders all sizes of a picture from one decode: upright, in sRGB, without metadata."""

import base64
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import thumbhash
from PIL import Image

from . import metadata, truncated
from .cicp import ColourSpace
from .colour import to_scalable_mode, to_srgb
from .colour_source import space_in
from .decoding import as_processing_error, check_size, limits_of, open_picture
from .errors import Damaged
from .exposure import exposure, lens
from .formats import JPEG, Format
from .probe import upright_size
from .resize import Size, shrink
from .results import Damage, Limits, Rendered, RenderedVariant
from .sizes import LARGEST, SIZES, SMALLEST, file_name, longest_side
from .uncovered import Box, correct_transparency, frame_box, with_uncovered_transparent

_TINY_PX = 256
"""The longest side of icons and the like. They keep all their colours: halved, they would look wrong."""

_DRAFT_SLACK = 0.95
"""libjpeg may shrink a JPEG to 5 % less than the largest size: that saves a resize."""

_PLACEHOLDER_PX = 32
"""ThumbHash encodes 7 waves a side, for which 32 px are enough. Its maximum of 100 px costs 9 times the CPU."""

_JPEG_QUALITY = 82
_TINY_JPEG_QUALITY = 95
_TRUNCATED = "image file is truncated"  # how Pillow says so
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_CLOCKWISE = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
"""Pillow turns the other way."""


def render(path: Path, out_dir: Path, limits: Limits, rotation: int = 0) -> Rendered:
    """Write every size of the picture at `path` into `out_dir`; of an animation, the first frame.

    They are turned by `rotation` degrees clockwise (0, 90, 180 or 270), on top of what the file itself says.

    Raises what `probe` raises, `Damaged` when pixels are missing or broken, `OverLimits` when memory
    runs out, and `OSError` when the disk fails. A truncated file is `Damaged`, except a JPEG of which most
    can be read; a truncated WebP or AVIF is `InvalidImage`. Call it through `child.render_in_child`: the
    file may be hostile.
    """
    with open_picture(path, limits) as (picture, form):
        limits = limits_of(picture, form, limits)
        width, height = upright_size(picture)
        pixels = width * height
        with_lens, exposed = lens(picture), exposure(picture)
        try:
            largest, damage = _decode(path, form, picture, limits)
        except Exception as error:  # decoders raise nearly anything on hostile pixels
            raise as_processing_error(error, Damaged, pixels) from error
    if rotation:
        largest = largest.transpose(_CLOCKWISE[rotation])
    if rotation in (90, 270):
        width, height = height, width
    pictures = _shrink_stepwise(largest, (width, height))
    variants = _write(pictures, out_dir, rotation)
    return Rendered(variants, _placeholder(pictures[SMALLEST]), width, height, damage, with_lens, exposed)


def _decode(path: Path, form: Format, picture: Image.Image, limits: Limits) -> tuple[Image.Image, Damage | None]:
    """The largest size; of a JPEG without its end what there is of it, and a mark."""
    space = space_in(path, form, picture)
    if form is not JPEG:
        correct_transparency(picture, form)
        return _largest(picture, limits, space, frame_box(picture, form, path)), None
    try:
        largest = _largest(picture, limits, space)
    except OSError as error:
        if not str(error).startswith(_TRUNCATED):
            raise
        content = path.read_bytes()
        damage = truncated.damage(truncated.readable_share(content))
        with Image.open(BytesIO(truncated.completed(content)), formats=[form.decoder]) as completed:
            completed.info = picture.info
            return _largest(completed, limits, space), damage
    if not truncated.looks_cut(picture, path) or (share := truncated.readable_share(path.read_bytes())) == 1:
        return largest, None
    return largest, truncated.damage(share)


def _largest(
    picture: Image.Image, limits: Limits, space: ColourSpace | None, box: Box | None = None
) -> Image.Image:
    """Decode the picture to the largest size, upright and in sRGB; outside `box` it is transparent.

    Shrinks first, so that converting colours is cheap and memory holds few full copies.
    """
    rotation = _TRANSPOSE.get(metadata.orientation(picture))
    drafted = _draft(picture)
    picture.load()
    if not drafted:
        check_size(picture, limits)  # some decoders know the true size only after `load`
    decoded = to_scalable_mode(with_uncovered_transparent(picture, box))
    shrunk = shrink(decoded, _variant_size(picture.size, LARGEST))
    result = to_srgb(shrunk, space)
    return result.transpose(rotation) if rotation is not None else result


def _draft(picture: Image.Image) -> bool:
    """Let libjpeg shrink while it decodes. Only for JPEG: for HEIF, Pillow would use an embedded thumbnail."""
    if picture.format not in ("JPEG", "MPO"):
        return False
    width, height = _variant_size(picture.size, LARGEST)
    asked = (int(width * _DRAFT_SLACK) or 1, int(height * _DRAFT_SLACK) or 1)
    return picture.draft(None, asked) is not None


def _variant_size(original: Size, name: str) -> Size:
    return _fit(original, longest_side(name, original))


def _fit(size: Size, longest: int) -> Size:
    """Scale `size` down to at most `longest` px a side, and at least 1 px. Never enlarges."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrink_stepwise(picture: Image.Image, original: Size) -> dict[str, Image.Image]:
    """A picture for each size name, each shrunk from the next larger one, in the proportions of the original."""
    pictures = {}
    for name in reversed(SIZES):
        picture = pictures[name] = shrink(picture, _variant_size(original, name))
    return pictures


def _write(pictures: dict[str, Image.Image], out_dir: Path, rotation: int) -> dict[str, RenderedVariant]:
    """Write one file for each width and height, named after the smallest size that uses it."""
    by_size: dict[Size, RenderedVariant] = {}
    variants = {}
    for name in SIZES:
        picture = pictures[name]
        if picture.size not in by_size:
            by_size[picture.size] = _save(picture, out_dir, name, rotation)
        variants[name] = by_size[picture.size]
    return variants


def _save(picture: Image.Image, out_dir: Path, name: str, rotation: int) -> RenderedVariant:
    """WebP for pictures with alpha, JPEG for all others. `info` is empty, so no metadata is saved."""
    is_tiny = max(picture.size) <= _TINY_PX
    if picture.mode == "RGBA":
        file, content_type = file_name(name, "webp", rotation), "image/webp"
        options: dict[str, Any] = {"format": "WEBP", "quality": _JPEG_QUALITY, "method": 2, "lossless": is_tiny}
    else:
        file, content_type = file_name(name, "jpg", rotation), "image/jpeg"
        options = {"format": "JPEG", "quality": _JPEG_QUALITY}
        options |= {"quality": _TINY_JPEG_QUALITY, "subsampling": "4:4:4"} if is_tiny else {}
    # An open file: given a path, Pillow would look whether it exists, which the sandbox refuses.
    with (out_dir / file).open("wb") as opened:
        picture.save(opened, **options)
        size = opened.seek(0, os.SEEK_END)
    return RenderedVariant(file, picture.width, picture.height, content_type, size)


def _placeholder(picture: Image.Image) -> str:
    """A ThumbHash in base64 (https://evanw.github.io/thumbhash/).

    Transparent pixels become white: thumbhash 0.1.2 fails with TypeError on any alpha.
    """
    small = picture.resize(_fit(picture.size, _PLACEHOLDER_PX), Image.Resampling.BOX)
    if small.mode == "RGBA":
        white = Image.new("RGBA", small.size, "white")
        small = Image.alpha_composite(white, small)
    rgba = small.convert("RGBA").tobytes()
    return base64.b64encode(bytes(thumbhash.rgba_to_thumb_hash(*small.size, list(rgba)))).decode()
