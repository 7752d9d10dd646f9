"""Open a file with its one decoder, under the bounds that keep hostile headers cheap.

Pillow keeps its bounds in module globals, so this belongs in a process of its own (`child.py`);
in a program that opens pictures from several threads the last caller's `max_pixels` would win.
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
    # One thread each: the pool of child processes is what uses the cores, and every further
    # thread costs address space. The extra pictures inside a HEIF are never looked at.
    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    PngImagePlugin.MAX_TEXT_CHUNK = _MAX_TEXT_CHUNK_BYTES
    PngImagePlugin.MAX_TEXT_MEMORY = _MAX_TEXT_BYTES
    ImageFile.LOAD_TRUNCATED_IMAGES = False


configure_decoders()


def format_of(path: Path) -> Format:
    """Raises `UnsupportedFormat` when the first bytes are of no format we read."""
    with path.open("rb") as file:
        found = recognise(file.read(HEAD_BYTES))
    if found is None:
        raise UnsupportedFormat
    return found


@contextmanager
def open_picture(path: Path, limits: Limits) -> Iterator[tuple[Image.Image, Format]]:
    """The picture with its header read and its pixels not; closed at the end.

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
        raise TooManyPixels(f"This picture has more pixels than {_most(limits)}.") from error
    except Exception as error:  # decoders raise nearly anything on a hostile header
        raise as_processing_error(error, InvalidImage) from error


def as_processing_error(error: Exception, otherwise: type[ProcessingError], pixels: int = 0) -> Exception:
    """What a decoder's exception means: too little memory, a fault of the machine, or `otherwise`.

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
    """Whether one more copy of the picture would not fit.

    Codecs report a failed allocation in words they also use for broken files ("could not create
    decoder object"), so a good file under a low limit would look damaged.
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
            f"This picture has {picture.width} × {picture.height} pixels, more than {_most(limits)}."
        )


def _most(limits: Limits) -> str:
    return f"the {limits.max_pixels / 1_000_000:g} megapixels we take"


def _drop_needless_info(picture: Image.Image) -> None:
    """Forget XMP, whose orientation must not compete with that of Exif or of the HEIF boxes, and
    Exif and ICC blocks too large to be honest. The rest stays: some decoders keep notes in it.
    """
    picture.info.pop("xmp", None)
    picture.info.pop("XML:com.adobe.xmp", None)
    for key, longest in (("exif", MAX_EXIF_BYTES), ("icc_profile", MAX_ICC_BYTES)):
        if len(picture.info.get(key) or b"") > longest:
            del picture.info[key]
