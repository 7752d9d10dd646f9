"""Photos for the benches: as many bytes a pixel, and as much detail, as those of a camera."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

# Width and height in px.
TWELVE_MP, TWENTY_FOUR_MP, HUNDRED_MP = (4032, 3024), (6000, 4000), (11_600, 8700)
_QUALITY = 90
_END = b"\xff\xd9"


def camera_photo(size: tuple[int, int], seed: int = 1) -> Image.Image:
    """Detail of every scale, as in nature (its spectrum falls with the frequency), under the grain of a sensor."""
    width, height = size
    random = np.random.default_rng(seed)
    layers = np.full((height, width, 3), 118, np.float32)
    for px in (4, 16, 64, 256, 1024):
        small = random.normal(0, 60 * (px / 1024) ** 0.5, (max(2, height // px), max(2, width // px), 3))
        clipped = Image.fromarray((small.clip(-127, 127) + 128).astype(np.uint8))
        layers += np.asarray(clipped.resize(size, Image.Resampling.BICUBIC), np.float32) - 128
    layers += random.normal(0, 3, (height, width, 1)).astype(np.float32)
    return Image.fromarray(layers.clip(0, 255).astype(np.uint8))


def save_camera_photo(path: Path, size: tuple[int, int]) -> Path:
    camera_photo(size).save(path, "JPEG", quality=_QUALITY)
    return path


def different_photos(size: tuple[int, int], count: int) -> Iterator[bytes]:
    """JPEGs of one picture with different bytes: a comment stands behind the pixels, as in a phone's files."""
    file = BytesIO()
    camera_photo(size).save(file, "JPEG", quality=_QUALITY)
    for number in range(count):
        yield file.getvalue() + b"photo %d" % number
