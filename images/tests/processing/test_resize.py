import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps

from images.processing import Limits, resize
from images.processing import render as render_module
from images.processing.decoding import open_picture
from images.processing.render import render
from images.processing.resize import shrink
from images.tests import pictures
from images.tests.corpus import CORPUS, needs_corpus

HAS_SIMD = resize._simd is not None
needs_simd = pytest.mark.skipif(not HAS_SIMD, reason="cykooz_resizer has no build for this platform")
# None whose profile changes its lightness.
PHOTOS = [
    "kodak__23.png",
    "exif-samples__jolla.jpg",
    "exif-orientation-examples__Landscape_6.jpg",
    "test-assets__IMG_2682.heic",
]
SIZE = (101, 67)


def grained(mode, size=(640, 427)):
    shapes = pictures.quarters(*size)
    grain = Image.fromarray(np.random.default_rng(1).normal(128, 40, size[::-1]).clip(0, 255).astype(np.uint8))
    bands = [ImageChops.add(band, grain, 1, -128) for band in (*shapes.split(), grain)]
    return Image.merge(mode, bands[: len(Image.new(mode, (1, 1)).getbands())]) if mode != "L" else bands[0]


def luma_ssim(picture, expected, side=8):
    """Structural similarity of lightness, mean over all windows of `side` px (Wang et al., 2004)."""

    def mean(values):
        sums = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        return (sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]) / side**2

    x, y = (np.asarray(one.convert("L"), float) for one in (picture, expected))
    mx, my = mean(x), mean(y)
    spread = mean(x * x) - mx * mx + mean(y * y) - my * my
    shared = mean(x * y) - mx * my
    return float(((2 * mx * my + 6.5) * (2 * shared + 58.5) / ((mx**2 + my**2 + 6.5) * (spread + 58.5))).mean())


@pytest.mark.parametrize("simd", [pytest.param(True, marks=needs_simd), False], ids=["SIMD", "Pillow"])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
def test_every_mode_shrinks_as_by_lanczos_in_one_step(monkeypatch, mode, simd):
    if not simd:
        monkeypatch.setattr(resize, "_simd", None)
    picture = grained(mode)
    shrunk, expected = shrink(picture, SIZE), picture.resize(SIZE, Image.Resampling.LANCZOS)
    assert (shrunk.mode, shrunk.size) == (mode, SIZE)
    difference = np.abs(np.asarray(shrunk, int) - np.asarray(expected, int))
    assert difference.mean() < 2


@pytest.mark.parametrize("size", [(640, 427), (700, 500)])
def test_a_picture_that_is_no_larger_stays_as_it_is(size):
    picture = grained("RGB")
    assert shrink(picture, size) is picture


def test_transparent_pixels_lend_their_neighbours_no_colour():
    picture = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 33, 64))
    shrunk = shrink(picture, (16, 16))
    seen = [colour for _, colour in shrunk.getcolors(256) if colour[3] > 8]
    assert all(red < 16 for red, *_ in seen)


@needs_simd
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_too_little_memory_is_told_before_the_resizer_would_end_the_process(monkeypatch, mode):
    asked = []
    monkeypatch.setattr(resize, "memory_is_short", lambda pixels: asked.append(pixels) or True)
    with pytest.raises(MemoryError):
        shrink(grained(mode), SIZE)
    assert asked == [SIZE[0] * 427 + (640 * 427 if mode == "RGBA" else 0)]


@needs_corpus
@pytest.mark.parametrize("photo", PHOTOS)
def test_every_size_of_a_photo_looks_like_one_step_of_lanczos_from_all_its_pixels(tmp_path, monkeypatch, photo):
    """Of its lightness; saved nearly without loss, because the loss of JPEG would hide that of the resize."""
    monkeypatch.setattr(render_module, "_JPEG_QUALITY", 100)
    path = CORPUS / "photos" / photo
    result = render(path, tmp_path, Limits())
    with open_picture(path, Limits()) as (original, _):
        upright = ImageOps.exif_transpose(original).convert("RGB")
    for variant in result.variants.values():
        size = variant.width, variant.height
        with Image.open(tmp_path / variant.file) as picture:
            assert luma_ssim(picture, upright.resize(size, Image.Resampling.LANCZOS)) > 0.99
