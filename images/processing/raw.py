"""Finds the largest JPEG preview in a RAW file, and its Exif. The pixels of the sensor are not read."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from PIL import ExifTags, Image

from . import foreign, jpeg, tiff
from .boxes import Box, boxes, content, file_bytes, first, read_at
from .errors import InvalidImage, UnsupportedFormat
from .formats import ARW, CR3, DNG, NEF, RAF, Format
from .tiff import Directory, Tiff

_NO_PREVIEW = "This RAW file has no preview that we can show. Export it as a JPEG, and upload that."
_EXIF_BYTES = 256 * 1024  # cameras write the directories of Exif at the beginning
# Values of PhotometricInterpretation: pixels of the sensor (TIFF/EP; DNG 1.7, chapter 4).
_SENSOR = {32803, 34892}
_JPEG_COMPRESSIONS = {6, 7}
_BY_MAKER = {"NIKON": NEF, "SONY": ARW}

# Where a RAF names its JPEG: offset and length, 4 bytes each.
_RAF_JPEG_AT = 84
# CR3 (github.com/lclevy/canon_cr3): the boxes of Exif, and of the middle preview.
_METADATA = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_PREVIEW = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
_UUID_BYTES, _PREVIEW_HEAD_BYTES = 16, 16
_MAX_TRACKS = 8
_PATH_TO_SAMPLES = (b"mdia", b"minf", b"stbl")
_DATE_TAGS = (
    ExifTags.Base.DateTimeOriginal,
    ExifTags.Base.OffsetTimeOriginal,
    ExifTags.Base.DateTimeDigitized,
    ExifTags.Base.OffsetTimeDigitized,
)


class Place(NamedTuple):
    start: int
    size: int


def kind_of(file: BinaryIO) -> Format | None:
    """Which RAW format a TIFF is; None for a plain TIFF. Raises `UnsupportedFormat` for those of other makers."""
    container = Tiff(file)
    main = container.first()
    if tiff.DNG_VERSION in main:
        return DNG
    if not any(_is_sensor(container, directory) for directory in container.directories()):
        return None
    maker = container.text(main, tiff.MAKE).upper()
    form = next((form for name, form in _BY_MAKER.items() if maker.startswith(name)), None)
    if form is None:
        raise foreign.unsupported_kind("a RAW picture of another maker")
    return form


def preview(path: Path, form: Format) -> tuple[bytes, bytes | None]:
    """The JPEG of the most pixels, and the RAW's own Exif (None: that of the JPEG counts).

    Raises `UnsupportedFormat` without a preview, `InvalidImage` for one of too many scans.
    """
    with path.open("rb") as file:
        length = file_bytes(file)
        best, most = None, 0
        for place in _places(file, form):
            if 0 < place.size <= length - place.start and (frame := jpeg.frame_size(file, *place)):
                pixels = frame[0] * frame[1]
                best, most = (place, pixels) if pixels > most else (best, most)
        if best is None:
            raise UnsupportedFormat(_NO_PREVIEW)
        picture = read_at(file, *best)
        if jpeg.too_many_scans(picture):
            raise InvalidImage
        return picture, _exif(file, form)


def _places(file: BinaryIO, form: Format) -> Iterator[Place]:
    if form is RAF:
        numbers = read_at(file, _RAF_JPEG_AT, 8)
        yield Place(int.from_bytes(numbers[:4], "big"), int.from_bytes(numbers[4:], "big"))
    elif form is CR3:
        yield from _places_in_cr3(file)
    else:
        container = Tiff(file)
        for directory in container.directories():
            if not _is_sensor(container, directory):
                yield from _places_in_directory(container, directory)


def _is_sensor(container: Tiff, directory: Directory) -> bool:
    return bool(_SENSOR & {*container.numbers(directory, tiff.PHOTOMETRIC)})


def _places_in_directory(container: Tiff, directory: Directory) -> Iterator[Place]:
    starts, counts = (container.numbers(directory, tag) for tag in (tiff.JPEG_OFFSET, tiff.JPEG_BYTES))
    if starts and counts:
        yield Place(starts[0], counts[0])
    if _JPEG_COMPRESSIONS & {*container.numbers(directory, tiff.COMPRESSION)}:
        starts, counts = (container.numbers(directory, tag) for tag in (tiff.STRIP_OFFSETS, tiff.STRIP_BYTES))
        if len(starts) == len(counts) == 1:
            yield Place(starts[0], counts[0])


# ---- CR3 -------------------------------------------------------------------------------------


def _places_in_cr3(file: BinaryIO) -> Iterator[Place]:
    whole = Box(b"", 0, file_bytes(file))
    for box in boxes(file, whole.start, whole.end):
        if box.kind == b"moov":
            tracks = (track for track in boxes(file, box.start, box.end) if track.kind == b"trak")
            for _, track in zip(range(_MAX_TRACKS), tracks, strict=False):
                yield from _first_sample(file, track)
        elif box.kind == b"uuid" and content(file, box, _UUID_BYTES) == _PREVIEW:
            inner = first(file, box, b"PRVW", skip=_UUID_BYTES + 8)
            if inner:
                start = inner.start + _PREVIEW_HEAD_BYTES
                yield Place(start, inner.end - start)


def _first_sample(file: BinaryIO, track: Box) -> Iterator[Place]:
    """ISO/IEC 14496-12, sections 8.7.3 and 8.7.5. The first sample of the first track is the largest JPEG."""
    at: Box | None = track
    for kind in _PATH_TO_SAMPLES:
        at = at and first(file, at, kind)
    sizes, offsets = (at and first(file, at, kind) for kind in (b"stsz", b"co64"))
    if sizes and offsets:
        numbers = content(file, sizes, 16)
        count = int.from_bytes(numbers[4:8], "big") or int.from_bytes(numbers[12:16], "big")
        yield Place(int.from_bytes(content(file, offsets, 16)[8:16], "big"), count)


# ---- Exif ------------------------------------------------------------------------------------


def _exif(file: BinaryIO, form: Format) -> bytes | None:
    if form is RAF:
        return None
    if form is CR3:
        return _exif_of_cr3(file)
    return b"Exif\0\0" + read_at(file, 0, _EXIF_BYTES)


def _exif_of_cr3(file: BinaryIO) -> bytes | None:
    """CR3 keeps the two directories of Exif in two boxes, each a TIFF of its own."""
    whole = Box(b"", 0, file_bytes(file))
    moov = first(file, whole, b"moov")
    inner = boxes(file, moov.start, moov.end) if moov else iter(())
    described = next((b for b in inner if b.kind == b"uuid" and content(file, b, _UUID_BYTES) == _METADATA), None)
    if described is None:
        return None
    main, photo = (first(file, described, kind, skip=_UUID_BYTES) for kind in (b"CMT1", b"CMT2"))
    return _joined(*(content(file, box, _EXIF_BYTES) if box else b"" for box in (main, photo)))


def _joined(main: bytes, photo: bytes) -> bytes | None:
    try:
        exif, tags = Image.Exif(), Image.Exif()
        exif.load(b"Exif\0\0" + main)
        tags.load(b"Exif\0\0" + photo)
        joined = Image.Exif()
        for tag in (ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Orientation):
            if tag in exif:
                joined[tag] = exif[tag]
        joined.get_ifd(ExifTags.IFD.Exif).update({tag: tags[tag] for tag in _DATE_TAGS if tag in tags})
        return joined.tobytes()
    except Exception:  # Pillow raises nearly anything on hostile Exif
        return None
