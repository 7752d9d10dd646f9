"""Opens a file with the one decoder of its format, under limits that stop hostile headers early.

Call it only in a child process (`child.py`). Pillow's limits are module globals: with several
threads, the `max_pixels` of the last caller would apply to all.
"""

import mmap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageFile, PngImagePlugin

from .errors import InvalidImage, OverLimits, ProcessingError, TooManyPixels, UnsupportedFormat
from .formats import HEAD_BYTES, PNG, Format, recognise
from .png import late_exif
from .results import Limits

MAX_EXIF_BYTES = 2**20
MAX_ICC_BYTES = 4 * 2**20
_MAX_TEXT_CHUNK_BYTES = 4 * 2**20  # also bounds a PNG's compressed ICC profile
_MAX_TEXT_BYTES = 8 * 2**20

_BYTES_PER_PIXEL = 4


def configure_decoders() -> None:
    """Register HEIF and set the bounds that are the same for every file."""
    Image.preinit()
    Image.init()
    # One thread for each decoder: child processes use the cores already, and each thread costs address space.
    # The extra pictures inside a HEIF file are not read.
    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    PngImagePlugin.MAX_TEXT_CHUNK = _MAX_TEXT_CHUNK_BYTES
    PngImagePlugin.MAX_TEXT_MEMORY = _MAX_TEXT_BYTES
    ImageFile.LOAD_TRUNCATED_IMAGES = False


configure_decoders()


def format_of(path: Path) -> Format:
    """The format by the file's first bytes. Raises `UnsupportedFormat`."""
    with path.open("rb") as file:
        form = recognise(file.read(HEAD_BYTES))
    if form is None:
        raise UnsupportedFormat
    return form


@contextmanager
def open_picture(path: Path, limits: Limits) -> Iterator[tuple[Image.Image, Format]]:
    """Open a picture and read its header, but not its pixels. Closes it when the block ends.

    Raises `UnsupportedFormat`, `InvalidImage` or `TooManyPixels`.
    """
    form = format_of(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about bad metadata, which we ignore
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        Image.MAX_IMAGE_PIXELS = limits.max_pixels
        with _header(path, form, limits) as picture:
            check_size(picture, limits)
            _drop_needless_info(picture)
            if form is PNG and "exif" not in picture.info:
                picture.info["exif"] = late_exif(path, MAX_EXIF_BYTES)
            yield picture, form


def _header(path: Path, form: Format, limits: Limits) -> Image.Image:
    try:
        return Image.open(path, formats=[form.decoder])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(f"This picture has more pixels than {_limit_text(limits)}.") from error
    except Exception as error:  # decoders raise nearly anything on a hostile header
        raise as_processing_error(error, InvalidImage) from error


def as_processing_error(error: Exception, otherwise: type[ProcessingError], pixels: int = 0) -> Exception:
    """The error to raise for a decoder's exception.

    `OverLimits` when memory was too short, an OSError of the machine as it is, else `otherwise`.
    `pixels` is the size of the picture that was being decoded.
    """
    if isinstance(error, ProcessingError):
        return error
    if isinstance(error, MemoryError) or _memory_is_short(pixels):
        return OverLimits()
    if isinstance(error, OSError) and error.errno:
        return error
    return otherwise()


def _memory_is_short(pixels: int) -> bool:
    """True when another copy of the picture would exceed the memory limit.

    Codecs report a failed allocation with the same messages as a broken file ("could not create
    decoder object"). Without this test, a good file that exceeds the limit would be called damaged.
    """
    try:
        mmap.mmap(-1, max(1, pixels * _BYTES_PER_PIXEL)).close()
    except OSError:
        return True
    return False


def check_size(picture: Image.Image, limits: Limits) -> None:
    """Raises `InvalidImage` for a picture without pixels, `TooManyPixels` above the limit."""
    if picture.width < 1 or picture.height < 1:
        raise InvalidImage
    if picture.width * picture.height > limits.max_pixels:
        raise TooManyPixels(
            f"This picture has {picture.width} × {picture.height} pixels, more than {_limit_text(limits)}."
        )


def _limit_text(limits: Limits) -> str:
    return f"the {limits.max_pixels / 1_000_000:g} megapixels we take"


def _drop_needless_info(picture: Image.Image) -> None:
    """Remove XMP, and Exif and ICC blocks that are too large.

    An orientation in XMP must not override that of Exif or of the HEIF boxes. Leave other entries:
    some decoders need them.
    """
    picture.info.pop("xmp", None)
    picture.info.pop("XML:com.adobe.xmp", None)
    for key, longest in (("exif", MAX_EXIF_BYTES), ("icc_profile", MAX_ICC_BYTES)):
        if len(picture.info.get(key) or b"") > longest:
            del picture.info[key]
