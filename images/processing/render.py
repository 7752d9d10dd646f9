"""Renders all sizes of a picture from one decode: upright, in sRGB, without metadata."""

import base64
from pathlib import Path

import thumbhash
from PIL import Image

from . import metadata
from .colour import to_scalable_mode, to_srgb
from .decoding import as_processing_error, check_size, open_picture
from .errors import Damaged
from .nclx import profile_of
from .probe import upright_size
from .results import Limits, Rendered, RenderedVariant
from .sizes import LARGEST, RENDER_VERSION, SIZES, SMALLEST

Size = tuple[int, int]

_DRAFT_SLACK = 0.95
"""libjpeg may shrink a JPEG to 5 % less than the largest size: that saves a resize."""

_PLACEHOLDER_PX = 48
"""ThumbHash encodes 7 waves a side, for which 48 px are enough. Its maximum of 100 px costs 4 times the CPU."""

_JPEG_QUALITY = 82
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def render(path: Path, out_dir: Path, limits: Limits) -> Rendered:
    """Write every size of the picture at `path` into `out_dir`; of an animation, the first frame.

    Raises what `probe` raises, `Damaged` when pixels are missing or broken, `OverLimits` when memory
    runs out, and `OSError` when the disk fails. A truncated file is `Damaged`; a truncated WebP or AVIF
    is `InvalidImage`. Call it through `child.render_in_child`: the file may be hostile.
    """
    with open_picture(path, limits) as (picture, form):
        width, height = upright_size(picture)
        pixels = width * height
        try:
            largest = _largest(picture, limits, profile_of(path, form, picture))
        except Exception as error:  # decoders raise nearly anything on hostile pixels
            raise as_processing_error(error, Damaged, pixels) from error
    pictures = _shrink_stepwise(largest, (width, height))
    return Rendered(_write(pictures, out_dir), _placeholder(pictures[SMALLEST]), width, height)


def _largest(picture: Image.Image, limits: Limits, icc_profile: bytes | None) -> Image.Image:
    """Decode the picture to the largest size, upright and in sRGB.

    Shrinks first, so that converting colours is cheap and memory holds few full copies.
    """
    rotation = _TRANSPOSE.get(metadata.orientation(picture))
    drafted = _draft(picture)
    picture.load()
    if not drafted:
        check_size(picture, limits)  # some decoders know the true size only after `load`
    shrunk = _shrink(to_scalable_mode(picture), _fit(picture.size, SIZES[LARGEST]))
    result = to_srgb(shrunk, icc_profile)
    return result.transpose(rotation) if rotation is not None else result


def _draft(picture: Image.Image) -> bool:
    """Let libjpeg shrink while it decodes. Only for JPEG: for HEIF, Pillow would use an embedded thumbnail."""
    if picture.format not in ("JPEG", "MPO"):
        return False
    width, height = _fit(picture.size, SIZES[LARGEST])
    asked = (int(width * _DRAFT_SLACK) or 1, int(height * _DRAFT_SLACK) or 1)
    return picture.draft(None, asked) is not None


def _fit(size: Size, longest: int) -> Size:
    """Scale `size` down to at most `longest` px a side, and at least 1 px. Never enlarges."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrink(picture: Image.Image, size: Size) -> Image.Image:
    if size[0] >= picture.width and size[1] >= picture.height:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _shrink_stepwise(picture: Image.Image, original: Size) -> dict[str, Image.Image]:
    """A picture for each size name, each shrunk from the next larger one, in the proportions of the original."""
    pictures = {}
    for name, longest in reversed(SIZES.items()):
        picture = pictures[name] = _shrink(picture, _fit(original, longest))
    return pictures


def _write(pictures: dict[str, Image.Image], out_dir: Path) -> dict[str, RenderedVariant]:
    """Write one file for each width and height, named after the smallest size that uses it."""
    by_size: dict[Size, RenderedVariant] = {}
    variants = {}
    for name in SIZES:
        picture = pictures[name]
        if picture.size not in by_size:
            by_size[picture.size] = _save(picture, out_dir, name)
        variants[name] = by_size[picture.size]
    return variants


def _save(picture: Image.Image, out_dir: Path, name: str) -> RenderedVariant:
    """WebP for pictures with alpha, JPEG for all others. `info` is empty, so no metadata is saved."""
    if picture.mode == "RGBA":
        file, content_type = f"{name}.v{RENDER_VERSION}.webp", "image/webp"
        picture.save(out_dir / file, "WEBP", quality=_JPEG_QUALITY, method=2)
    else:
        file, content_type = f"{name}.v{RENDER_VERSION}.jpg", "image/jpeg"
        picture.save(out_dir / file, "JPEG", quality=_JPEG_QUALITY)
    size = (out_dir / file).stat().st_size
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
