"""Pictures made in memory. Real photos, where the camera matters, come from `corpus.py`."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO
from typing import Any

import pillow_heif
from PIL import ExifTags, Image

pillow_heif.register_heif_opener()

has_jxl = False
with suppress(ImportError):  # on ARM
    import pyjpegxl

    has_jxl = True

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 60), (40, 60, 200), (245, 245, 245)


def quarters(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """Red, green; blue, white: tells each of the eight orientations from the others."""
    picture = Image.new("RGB", (width, height), WHITE)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture.convert(mode)


def plain(width: int = 64, height: int = 48, color: Any = RED, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), color)


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def jpeg_bytes(width: int = 64, height: int = 48, color: Any = RED, **options: Any) -> bytes:
    return saved(plain(width, height, color), "JPEG", **options)


def png_bytes(width: int = 64, height: int = 48, color: Any = RED, **options: Any) -> bytes:
    return saved(plain(width, height, color), "PNG", **options)


def webp_bytes(width: int = 64, height: int = 48, color: Any = RED, **options: Any) -> bytes:
    return saved(plain(width, height, color), "WEBP", **options)


def avif_bytes(width: int = 64, height: int = 48, color: Any = RED, **options: Any) -> bytes:
    return saved(plain(width, height, color), "AVIF", speed=10, **options)


def heic_bytes(width: int = 64, height: int = 48, color: Any = RED, **options: Any) -> bytes:
    return saved(plain(width, height, color), "HEIF", **options)


PQ_BY_NUMBER = {
    "color_primaries": 9,
    "transfer_characteristics": 16,
    "matrix_coefficients": 9,
    "full_range_flag": 1,
}


def jxl_bytes(picture: Image.Image | None = None, **options: Any) -> bytes:
    picture = picture or plain()
    bands = len(picture.getbands())
    content: bytes = pyjpegxl.encode(picture.tobytes(), *picture.size, num_channels=bands, **options)
    return content


def gif_bytes(width: int = 64, height: int = 48, colors: Any = (RED,), **options: Any) -> bytes:
    """One frame for each color; more than one is an animation."""
    first, *others = (plain(width, height, color) for color in colors)
    more = {"save_all": True, "append_images": others, "duration": 100} if others else {}
    return saved(first, "GIF", **more, **options)


def alpha_png_bytes(width: int = 64, height: int = 48, alpha: int = 0) -> bytes:
    """The left half red, the right half as opaque as `alpha` says (0 to 255)."""
    picture = Image.new("RGBA", (width, height), (*RED, 255))
    picture.paste((*RED, alpha), (width // 2, 0, width, height))
    return saved(picture, "PNG")


def cmyk_jpeg_bytes(width: int = 64, height: int = 48) -> bytes:
    return saved(quarters(width, height, "CMYK"), "JPEG", quality=95)


def grey16_png_bytes(width: int = 64, height: int = 48, value: int = 40_000) -> bytes:
    return saved(plain(width, height, value, mode="I;16"), "PNG")


def oriented_jpeg_bytes(orientation: int, width: int = 64, height: int = 48) -> bytes:
    """`quarters` of this upright size, its pixels stored as a camera held that way would."""
    pixels = stored(quarters(width, height), orientation)
    return saved(pixels, "JPEG", quality=95, exif=exif_bytes(orientation=orientation))


def oriented_heic_bytes(orientation: int, width: int = 64, height: int = 48) -> bytes:
    """As `oriented_jpeg_bytes`; the encoder adds boxes for the orientation."""
    pixels = stored(quarters(width, height), orientation)
    return saved(pixels, "HEIF", quality=90, exif=exif_bytes(orientation=orientation))


def stored(upright: Image.Image, orientation: int) -> Image.Image:
    """The pixels as a camera held that way stores them."""
    undo: dict[int, Image.Transpose] = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return upright.transpose(undo[orientation]) if orientation in undo else upright


def only_exif_turns(heic: bytes) -> bytes:
    """A HEIC without its rotation boxes, as some phones write them; its Exif still has the orientation."""
    return heic.replace(b"irot", b"free").replace(b"imir", b"free")


def exif_bytes(
    orientation: int | None = None,
    make: str = "",
    model: str = "",
    taken: str = "",
    offset: str = "",
    gps: bool = False,
    description: str = "",
) -> bytes:
    """An Exif block with what is given; `taken` is "YYYY:MM:DD HH:MM:SS", `gps` is Berlin."""
    exif = Image.Exif()
    texts = {"Make": make, "Model": model, "ImageDescription": description}
    for name, text in texts.items():
        if text:
            exif[ExifTags.Base[name]] = text
    if orientation is not None:
        exif[ExifTags.Base.Orientation] = orientation
    if taken:
        photo = exif.get_ifd(ExifTags.IFD.Exif)
        photo[ExifTags.Base.DateTimeOriginal] = taken
        if offset:
            photo[ExifTags.Base.OffsetTimeOriginal] = offset
    if gps:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return exif.tobytes()


# ---- Pictures made to cost time --------------------------------------------------------------


def many_scans_jpeg_bytes(scans: int, width: int = 64, height: int = 48) -> bytes:
    """A valid grey progressive JPEG; a scan adds about 15 bytes, and a pass over all pixels to decode them.

    ITU-T T.81, annexes B and G: one scan for the DC coefficients, one for the others, and any number that refines
    them by nothing, in runs of 32,767 empty blocks (symbol E0 and 14 bits).
    """
    blocks = -(-width // 8) * -(-height // 8)
    frame = struct.pack(">BHHB3B", 8, height, width, 1, 1, 0x11, 0)
    tables = _segment(0xDB, bytes([0, *[1] * 64])), _code_of_one_bit(0x00, 0x00), _code_of_one_bit(0x10, 0xE0)
    dc = _segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bytes(-(-blocks // 8))
    runs = ("0" + "1" * 14) * -(-blocks // 32767)
    runs += "1" * (-len(runs) % 8)
    empty = int(runs, 2).to_bytes(len(runs) // 8, "big").replace(b"\xff", b"\xff\0")
    ac = _segment(0xDA, bytes([1, 1, 0, 1, 63, 0x01])) + empty
    refinement = _segment(0xDA, bytes([1, 1, 0, 1, 63, 0x10])) + empty
    head = b"\xff\xd8" + tables[0] + _segment(0xC2, frame) + tables[1] + tables[2]
    return head + dc + ac + refinement * (scans - 2) + b"\xff\xd9"


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _code_of_one_bit(table: int, symbol: int) -> bytes:
    return _segment(0xC4, bytes([table, 1, *[0] * 15, symbol]))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def many_chunks_png_bytes(chunks: int, *, behind: bool = False) -> bytes:
    """A PNG of 1 × 1 px with empty chunks of no meaning, before its pixels or behind them: 12 bytes and some
    microseconds each."""
    content = png_bytes(1, 1)
    at = content.index(b"IEND" if behind else b"IDAT") - 4
    return content[:at] + bytes.fromhex("00000000 70725674 a6878c49") * chunks + content[at:]


def many_comments_gif_bytes(comments: int) -> bytes:
    """A GIF of 64 × 48 px with comments of one byte: 5 bytes and half a microsecond each."""
    content = gif_bytes()
    at = 13 + 3 * (2 << (content[10] & 7))
    return content[:at] + b"\x21\xfe\x01a\0" * comments + content[at:]


# ---- Odd forms that browsers show ------------------------------------------------------------


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    """The JPEG with a segment of this content (`marker` 0xE0 to 0xEF: APP0 to APP15) at its beginning."""
    return jpeg[:2] + _segment(marker, body) + jpeg[2:]


def with_frame(jpeg: bytes, marker: int, bits: int = 8) -> bytes:
    """The JPEG with another marker and number of bits at the head of its frame."""
    at = jpeg.index(b"\xff\xc0")
    return jpeg[: at + 1] + bytes([marker]) + jpeg[at + 2 : at + 4] + bytes([bits]) + jpeg[at + 5 :]


# ---- RAW files -------------------------------------------------------------------------------

SENSOR = b"\xff\xd8\xff\xc3" + bytes(60)
"""The beginning of a lossless JPEG, in which cameras keep the pixels of the sensor."""
_MAKE, _ORIENTATION, _SUB_DIRECTORIES, _DNG_VERSION = 271, 274, 330, 50706


def tiff_of(*directories: dict[int, tuple[int, bytes]], tail: bytes = b"", mark: bytes = b"") -> bytes:
    """A little-endian TIFF: a chain of directories, each tag with its type and packed values, then `tail`.

    `mark` follows the header, as in a CR2.
    """
    widths = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1}
    content = b"II*\0" + struct.pack("<I", 8 + len(mark)) + mark
    for index, tags in enumerate(directories):
        long_values = b""
        behind = len(content) + 2 + 12 * len(tags) + 4
        entries = b""
        for tag, (kind, values) in sorted(tags.items()):
            entries += struct.pack("<HHI", tag, kind, len(values) // widths[kind])
            if len(values) <= 4:
                entries += values.ljust(4, b"\0")
            else:
                entries += struct.pack("<I", behind + len(long_values))
                long_values += values
        following = behind + len(long_values) if index + 1 < len(directories) else 0
        content += struct.pack("<H", len(tags)) + entries + struct.pack("<I", following) + long_values
    return content + tail


def _long(*values: int) -> tuple[int, bytes]:
    return 4, struct.pack(f"<{len(values)}I", *values)


def _text(value: str) -> tuple[int, bytes]:
    return 2, value.encode() + b"\0"


def _of_sensor(at: int) -> dict[int, tuple[int, bytes]]:
    """TIFF/EP: NewSubfileType, Compression, PhotometricInterpretation (CFA), StripOffsets, StripByteCounts."""
    return {254: _long(0), 259: _long(7), 262: _long(32803), 273: _long(at), 279: _long(len(SENSOR))}


def raw_bytes(form: str, preview: bytes | None = None, orientation: int = 1, **more: Any) -> bytes:
    """A DNG, CR2, NEF, ARW, CR3 or RAF as cameras lay it out, with a small preview besides the one given."""
    large = jpeg_bytes(640, 480, quality=95) if preview is None else preview
    if form == "RAF":
        return _raf_bytes(large)
    return _cr3_bytes(large, orientation) if form == "CR3" else _raw_tiff_bytes(form, large, orientation, **more)


def _raw_tiff_bytes(form: str, large: bytes, orientation: int, make: str = "") -> bytes:
    maker = make or {"NEF": "NIKON CORPORATION", "ARW": "SONY", "CR2": "Canon"}.get(form, "Pentax")
    mark = b"CR\2\0\0\0\0\0" if form == "CR2" else b""
    small = jpeg_bytes(16, 12)

    def laid_out(tail_at: int) -> bytes:
        small_at, sensor_at = tail_at + len(large), tail_at + len(large) + len(small)
        main = {_MAKE: _text(maker), _ORIENTATION: (3, struct.pack("<H", orientation))}
        if form == "DNG":
            main[_DNG_VERSION] = (1, bytes([1, 4, 0, 0]))
        by_strip = {259: _long(6), 273: _long(tail_at), 279: _long(len(large))}
        by_offset = {513: _long(tail_at), 514: _long(len(large))}
        thumbnail = {259: _long(6), 513: _long(small_at), 514: _long(len(small))}
        if form == "CR2":  # nothing names the sensor's pixels, but that they are lossless
            chain = [main | by_strip, thumbnail, {259: _long(6), 273: _long(sensor_at), 279: _long(len(SENSOR))}]
        elif form == "ARW":
            chain = [main | by_offset | {259: _long(6)}, thumbnail, _of_sensor(sensor_at)]
        else:
            chain = [main, by_strip if form == "DNG" else by_offset, thumbnail, _of_sensor(sensor_at)]
        return tiff_of(*chain, mark=mark)

    return laid_out(len(laid_out(0))) + large + small + SENSOR


def _raf_bytes(large: bytes) -> bytes:
    head = b"FUJIFILMCCD-RAW 0201FF383501X-T1".ljust(84, b"\0")
    return head + struct.pack(">2I", 160, len(large)) + bytes(160 - 92) + large + bytes(64)


def _cr3_bytes(large: bytes, orientation: int) -> bytes:
    main = tiff_of({_MAKE: _text("Canon"), _ORIENTATION: (3, struct.pack("<H", orientation))})
    photo = tiff_of({36867: _text("2024:02:29 12:30:05")})
    about = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48") + box(b"CMT1", main) + box(b"CMT2", photo)
    small = jpeg_bytes(160, 120)
    inner = box(b"PRVW", bytes(12) + struct.pack(">I", len(small)) + small)
    preview = box(b"uuid", bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16") + bytes(8) + inner)

    def laid_out(at: int) -> bytes:
        tracks = _track(at, len(large)) + _track(at + len(large), len(SENSOR))
        return box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", box(b"uuid", about) + tracks) + preview

    return laid_out(len(laid_out(0)) + 8) + box(b"mdat", large + SENSOR)


def _track(at: int, size: int) -> bytes:
    sample = box(b"stsz", struct.pack(">4I", 0, size, 1, 0)) + box(b"co64", struct.pack(">2IQ", 0, 1, at))
    return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", sample))))


def box(kind: bytes, content: bytes) -> bytes:
    """ISO/IEC 14496-12, section 4.2."""
    return struct.pack(">I", 8 + len(content)) + kind + content
