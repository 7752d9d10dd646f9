"""Opens a file with the one decoder of its format, under limits that stop hostile headers early.

Call it only in a child process (`child.py`). Pillow's limits are module globals: with several
threads, the `max_pixels` of the last caller would apply to all.
"""

import errno
import mmap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pillow_heif
from PIL import AvifImagePlugin, ExifTags, Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from . import avif, foreign, jxl, raw, tiff
from .errors import InvalidImage, OverLimits, ProcessingError, TooManyPixels
from .formats import AVIF, HEAD_BYTES, HEIC, JPEG, JXL, PNG, RAW, TIFF, Format, recognise
from .heif_boxes import turns_primary_item
from .jpeg_segments import tolerate_short_segments
from .png import exif_of
from .results import Limits
from .xmp import MAX_XMP_BYTES

XMP_KEY = "xmp packet"
MAX_EXIF_BYTES = 2**20
MAX_ICC_BYTES = 4 * 2**20
_MAX_TEXT_CHUNK_BYTES = 4 * 2**20  # also bounds a PNG's compressed ICC profile
_MAX_TEXT_BYTES = 8 * 2**20

_BYTES_PER_PIXEL = 4
# Profiles, Exif and previews may stand before the frame.
_JPEG_HEAD_BYTES, _USUAL_JPEG_HEAD_BYTES = 8 * 2**20, 256 * 1024


def configure_decoders() -> None:
    """Register HEIF and set the bounds that are the same for every file."""
    Image.preinit()
    Image.init()
    # One thread for each decoder: child processes use the cores already, and each thread costs address space.
    # The extra pictures inside a HEIF file are not read.
    pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
    jxl.register()
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    PngImagePlugin.MAX_TEXT_CHUNK = _MAX_TEXT_CHUNK_BYTES
    PngImagePlugin.MAX_TEXT_MEMORY = _MAX_TEXT_BYTES
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    tolerate_short_segments()


configure_decoders()


def load_decoder(path: Path) -> None:
    """Load what only this file needs. Call it before the sandbox, in which nothing can be imported."""
    with path.open("rb") as file:
        if recognise(file.read(HEAD_BYTES)) is JXL:
            jxl.load_library()


def format_of(path: Path) -> Format:
    """The format by the file's first bytes. Raises `UnsupportedFormat`."""
    with path.open("rb") as file:
        head = file.read(foreign.HEAD_BYTES)
        form = recognise(head[:HEAD_BYTES])
        if form is TIFF:
            form = raw.kind_of(file) or TIFF
    if form is None:
        raise foreign.unsupported(head)
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
        opening = _within(limits, max(form.most_pixels, form.most_plain_pixels))
        Image.MAX_IMAGE_PIXELS = opening.max_pixels
        with _header(path, form, opening) as picture:
            check_size(picture, limits_of(picture, form, limits))
            _drop_needless_info(picture)
            if form is HEIC:
                _restore_orientation(picture, path)
            if form is PNG and "exif" not in picture.info:
                picture.info["exif"] = exif_of(path, MAX_EXIF_BYTES)
            yield picture, form


def _header(path: Path, form: Format, limits: Limits) -> Image.Image:
    try:
        return _open(path, form)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(f"This picture has more pixels than {_limit_text(limits)}.") from error
    except Exception as error:  # decoders raise nearly anything on a hostile header
        raise as_processing_error(error, InvalidImage) from error


def _open(path: Path, form: Format) -> Image.Image:
    source, exif = _source(path, form)
    try:
        picture = Image.open(source, formats=[form.decoder])
    except UnidentifiedImageError:
        content = avif.readable(path) if form is AVIF else None
        if content is None:
            raise
        picture = Image.open(BytesIO(content), formats=[form.decoder])
    if exif:
        picture.info["exif"] = exif
    return picture


def _source(path: Path, form: Format) -> tuple[Path | BytesIO, bytes | None]:
    """What the decoder reads, and an Exif block that counts instead of its own."""
    if form is JPEG:
        _refuse_unread_kinds(path)
    if form is TIFF:
        tiff.check(path)
    if form is JXL:
        jxl.check(path)
    if form not in RAW:
        return path, None
    preview, exif = raw.preview(path, form)
    return BytesIO(preview), exif


def _refuse_unread_kinds(path: Path) -> None:
    """Libjpeg would call a JPEG of such a kind broken, or find out only when it decodes."""
    with path.open("rb") as file:
        head = file.read(_USUAL_JPEG_HEAD_BYTES)
        if not foreign.has_frame(head):
            head += file.read(_JPEG_HEAD_BYTES - len(head))
    error = foreign.unsupported_jpeg(head)
    if error:
        raise error


def as_processing_error(error: Exception, otherwise: type[ProcessingError], pixels: int = 0) -> Exception:
    """The error to raise for a decoder's exception.

    `OverLimits` when memory was too short, an OSError of the machine as it is, else `otherwise`.
    `pixels` is the size of the picture that was being decoded.
    """
    if isinstance(error, ProcessingError):
        return error
    if isinstance(error, MemoryError) or memory_is_short(pixels):
        return OverLimits()
    # EINVAL: the file names a place that no file has, and the decoder went there.
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        return error
    return otherwise()


def memory_is_short(pixels: int) -> bool:
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


def limits_of(picture: Image.Image, form: Format, limits: Limits) -> Limits:
    """The limits for this picture: its format may need more memory for a pixel than others."""
    is_plain = picture.mode in ("L", "RGB") and picture.info.get("bit_depth") == 8
    return _within(limits, max(form.most_pixels, form.most_plain_pixels) if is_plain else form.most_pixels)


def _within(limits: Limits, most_pixels: int) -> Limits:
    return replace(limits, max_pixels=min(limits.max_pixels, most_pixels))


def _limit_text(limits: Limits) -> str:
    return f"the {limits.max_pixels / 1_000_000:g} megapixels that we take of this format"


def _drop_needless_info(picture: Image.Image) -> None:
    """Remove Exif and ICC blocks that are too large, and cut XMP.

    XMP gets a key that Pillow does not know: it would read an orientation there, and browsers know only those of
    Exif and of the HEIF boxes. Leave other entries: some decoders need them.
    """
    picture.info[XMP_KEY] = picture.info.pop("xmp", b"")[:MAX_XMP_BYTES]
    picture.info.pop("XML:com.adobe.xmp", None)
    for key, longest in (("exif", MAX_EXIF_BYTES), ("icc_profile", MAX_ICC_BYTES)):
        if len(picture.info.get(key) or b"") > longest:
            del picture.info[key]


def _restore_orientation(picture: Image.Image, path: Path) -> None:
    """Give Exif the orientation back that pillow_heif has set to 1, unless the decoder has rotated the pixels.

    `original_orientation` may come from XMP; then Exif has no orientation to restore.
    """
    original = picture.info.get("original_orientation")
    with suppress(Exception):  # a broken Exif block says nothing
        exif = Image.Image.getexif(picture)
        if original and ExifTags.Base.Orientation in exif and not turns_primary_item(path):
            exif[ExifTags.Base.Orientation] = original
