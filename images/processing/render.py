"""All sizes of one picture from one decode: upright, sRGB, without any metadata."""

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
"""A JPEG decoded by its own shrink may come out 5 % smaller than asked: that saves a resize."""

_PLACEHOLDER_PX = 48
"""ThumbHash keeps 7 waves a side: 48 px hold them all, and its own limit of 100 costs 4 times the CPU."""

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

    Raises what `probe` raises, `Damaged` when pixels are missing or broken (a truncated file never
    becomes half a picture; of WebP and AVIF it is `InvalidImage` already), `OverLimits` when memory
    runs out, and `OSError` when the disk fails. Call it through `child.render_in_child`: the file may be hostile.
    """
    with open_picture(path, limits) as (picture, form):
        width, height = upright_size(picture)
        pixels = width * height
        try:
            largest = _largest(picture, limits, profile_of(path, form, picture))
        except Exception as error:  # decoders raise nearly anything on hostile pixels
            raise as_processing_error(error, Damaged, pixels) from error
    pictures = _smaller_and_smaller(largest, (width, height))
    return Rendered(_write(pictures, out_dir), _placeholder(pictures[SMALLEST]), width, height)


def _largest(picture: Image.Image, limits: Limits, icc_profile: bytes | None) -> Image.Image:
    """The picture decoded, no larger than the largest size, upright and in sRGB.

    Shrunk first: colours then cost a fraction, and memory holds few full copies.
    """
    turn = _TRANSPOSE.get(metadata.orientation(picture))
    drafted = _draft(picture)
    picture.load()
    if not drafted:
        check_size(picture, limits)  # some decoders learn the true size only now
    shrunk = _shrink(to_scalable_mode(picture), _fit(picture.size, SIZES[LARGEST]))
    result = to_srgb(shrunk, icc_profile)
    return result.transpose(turn) if turn is not None else result


def _draft(picture: Image.Image) -> bool:
    """Let libjpeg shrink while it decodes. Only for JPEG: HEIF would take an embedded thumbnail."""
    if picture.format not in ("JPEG", "MPO"):
        return False
    width, height = _fit(picture.size, SIZES[LARGEST])
    asked = (int(width * _DRAFT_SLACK) or 1, int(height * _DRAFT_SLACK) or 1)
    return picture.draft(None, asked) is not None


def _fit(size: Size, longest: int) -> Size:
    """`size` within `longest` px a side: same shape, never enlarged, never 0 px thin."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrink(picture: Image.Image, size: Size) -> Image.Image:
    if size[0] >= picture.width and size[1] >= picture.height:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _smaller_and_smaller(picture: Image.Image, original: Size) -> dict[str, Image.Image]:
    """A picture for each name, each made from the one before it, in the shape of the original."""
    pictures = {}
    for name, longest in reversed(SIZES.items()):
        picture = pictures[name] = _shrink(picture, _fit(original, longest))
    return pictures


def _write(pictures: dict[str, Image.Image], out_dir: Path) -> dict[str, RenderedVariant]:
    """One file for each size in px, named after the smallest variant that uses it."""
    by_size: dict[Size, RenderedVariant] = {}
    variants = {}
    for name in SIZES:
        picture = pictures[name]
        if picture.size not in by_size:
            by_size[picture.size] = _save(picture, out_dir, name)
        variants[name] = by_size[picture.size]
    return variants


def _save(picture: Image.Image, out_dir: Path, name: str) -> RenderedVariant:
    """WebP keeps alpha, JPEG is for all else. `info` is empty here, so nothing of it can be saved."""
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

    Transparent parts are laid on white: thumbhash 0.1.2 fails with TypeError on any alpha.
    """
    small = picture.resize(_fit(picture.size, _PLACEHOLDER_PX), Image.Resampling.BOX)
    if small.mode == "RGBA":
        white = Image.new("RGBA", small.size, "white")
        small = Image.alpha_composite(white, small)
    rgba = small.convert("RGBA").tobytes()
    return base64.b64encode(bytes(thumbhash.rgba_to_thumb_hash(*small.size, list(rgba)))).decode()
