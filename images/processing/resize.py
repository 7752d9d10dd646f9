"""Shrinks decoded pixels by Lanczos: with SIMD where cykooz_resizer has a build, else by Pillow, which looks alike.

cykooz_resizer has no build for Linux on ARM. It works on the pixels of Pillow's pictures where they are, in this
thread: a small part of what Pillow's own resize costs.
"""

from contextlib import suppress
from types import ModuleType

from PIL import Image

from .decoding import memory_is_short

Size = tuple[int, int]

_SIMD_MODES = ("L", "RGB", "RGBA", "CMYK")
# Pillow first averages pixels down to twice the size, which costs a third of Lanczos over all of them.
_PILLOW_GAP = 2.0

_simd: ModuleType | None = None
with suppress(ImportError):
    import cykooz_resizer

    _simd = cykooz_resizer
    _LANCZOS = cykooz_resizer.ResizeOptions(
        resize_alg=cykooz_resizer.ResizeAlg.convolution(cykooz_resizer.FilterType.lanczos3)
    )


def shrink(picture: Image.Image, size: Size) -> Image.Image:
    """The picture in this size; itself, where it is no larger. Transparent pixels lend their neighbours no colour.

    Raises `MemoryError`.
    """
    if size[0] >= picture.width and size[1] >= picture.height:
        return picture
    if _simd is None or picture.mode not in _SIMD_MODES:
        return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=_PILLOW_GAP)
    return _shrink_by_simd(_simd, picture, size)


def _shrink_by_simd(simd: ModuleType, picture: Image.Image, size: Size) -> Image.Image:
    # Without memory for its first pass, and for the colours times alpha, the resizer would end the process.
    if memory_is_short(size[0] * picture.height + (picture.mode == "RGBA") * picture.width * picture.height):
        raise MemoryError
    shrunk = Image.new(picture.mode, size, None)
    simd.Resizer().resize_pil(picture, shrunk, _LANCZOS)
    return shrunk
