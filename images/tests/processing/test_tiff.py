"""TIFF and BMP, honest and hostile."""

import struct
from io import BytesIO

import pytest
from PIL import Image

from images.processing import Damaged, InvalidImage, OverLimits, TooManyPixels, UnsupportedFormat
from images.tests import pictures
from images.tests.pictures import plain, quarters, saved, tiff_of
from images.tests.processing.helpers import assert_alike


@pytest.mark.parametrize(
    "compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma"]
)
def test_every_usual_compression_of_tiff(processed, compression):
    found, picture = processed(saved(quarters(300, 200), "TIFF", compression=compression))
    assert (found.content_type, found.width, found.height) == ("image/tiff", 300, 200)
    assert_alike(picture, quarters(300, 200))


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_a_fax_stays_black_and_white(processed, compression):
    page = plain(400, 300, 1, mode="1")
    page.paste(0, (0, 0, 200, 300))
    _, picture = processed(saved(page, "TIFF", compression=compression))
    assert [picture.getpixel((x, 150)) for x in (100, 300)] == [(0, 0, 0), (255, 255, 255)]


def test_a_big_tiff(processed):
    assert processed(saved(quarters(), "TIFF", big_tiff=True))[0].width == 64


def test_a_tiff_of_many_pages_shows_the_first(processed):
    pages = saved(quarters(), "TIFF", save_all=True, append_images=[plain(10, 10), plain(20, 20)])
    found, picture = processed(pages)
    assert (found.width, found.height) == (64, 48)
    assert_alike(picture, quarters())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_a_tiff_is_applied_once(processed, orientation):
    with Image.open(BytesIO(pictures.oriented_jpeg_bytes(orientation, 640, 480))) as stored:
        exif = Image.Exif()
        exif[274] = orientation
        content = saved(stored.convert("RGB"), "TIFF", exif=exif)
    found, picture = processed(content)
    assert (found.width, found.height) == (640, 480)
    assert_alike(picture, quarters(640, 480))


def test_the_camera_and_time_of_a_tiff(processed):
    exif = pictures.exif_bytes(make="Epson", model="Epson V800", taken="2024:02:29 12:30:05")
    found, _ = processed(saved(quarters(), "TIFF", exif=exif))
    assert (found.camera, found.taken.clock) == ("Epson V800", "2024-02-29T12:30:05.000")


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("L", 120, (120, 120, 120)),
        ("I;16", 120 * 257, (120, 120, 120)),
        ("I", 120 * 257, (120, 120, 120)),
        ("F", 0.5, (128, 128, 128)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
        ("LAB", (138, 208, 195), (254, 0, 0)),
        ("YCbCr", (76, 85, 255), (254, 0, 0)),
    ],
)
def test_the_colours_of_every_mode_of_tiff(processed, mode, color, expected):
    picture = plain(mode=mode, color=color)
    if mode in ("I", "F"):  # so that its brightest pixel tells what white is
        picture.paste(65535 if mode == "I" else 1.0, (0, 0, 8, 8))
    _, found = processed(saved(picture, "TIFF"))
    got = found.convert("RGB").getpixel((40, 30))
    assert max(abs(a - b) for a, b in zip(got, expected, strict=True)) <= 12, got


def test_the_alpha_of_a_tiff_stays(processed):
    _, picture = processed(saved(plain(mode="RGBA", color=(200, 0, 0, 100)), "TIFF"))
    assert round(picture.getpixel((20, 20))[3], -1) == 100


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_a_bmp(processed, mode):
    original = quarters(300, 200).quantize(16) if mode == "P" else quarters(300, 200, mode)
    found, picture = processed(saved(original, "BMP"))
    assert (found.content_type, found.width, found.height) == ("image/bmp", 300, 200)
    assert_alike(picture, original.convert("RGB"))


def rle_bmp_bytes(width, height, runs):
    """A grey BMP of 8 bits with run-length encoding: pairs of a length and a value (BI_RLE8)."""
    palette = b"".join(bytes([value, value, value, 0]) for value in range(256))
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    start = 14 + len(head) + len(palette)
    return struct.pack("<2sIHHI", b"BM", start + len(runs), 0, 0, start) + head + palette + runs


def test_a_run_length_bmp(processed):
    row = bytes([64, 200, 0, 0])
    _, picture = processed(rle_bmp_bytes(64, 48, row * 48 + b"\0\1"))
    assert abs(picture.getpixel((30, 20))[0] - 200) < 3


# ---- Hostile files -----------------------------------------------------------------------------


def tiff_that_claims(width, height, **more):
    """Header and one strip of hardly any bytes."""
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: 8} | more.get(
        "tags", {}
    )
    return tiff_of({tag: (4, struct.pack("<I", value)) for tag, value in tags.items()}, tail=bytes(64))


@pytest.mark.parametrize("content", [tiff_that_claims(20_000, 20_000), tiff_that_claims(2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_by_the_header(processed, content):
    with pytest.raises(TooManyPixels):
        processed(content)


def test_a_bmp_bomb_is_refused_by_the_header(processed):
    with pytest.raises(TooManyPixels):
        processed(rle_bmp_bytes(60_000, 60_000, b"\0\1"))


def test_no_pixels_is_invalid(processed):
    with pytest.raises(InvalidImage):
        processed(tiff_that_claims(0, 10))


@pytest.mark.parametrize("compression", [6, 32809, 34676, 34677, 34892, 12345])
def test_a_rare_compression_is_refused_and_the_reason_says_what_to_do(processed, compression):
    with pytest.raises(UnsupportedFormat, match="LZW or ZIP"):
        processed(tiff_that_claims(64, 48, tags={259: compression}))


def test_tags_that_share_their_bytes_are_refused(processed):
    """Pillow would copy the file once for each of them."""
    shared = {tag: (7, bytes(5)) for tag in range(60_000, 60_900)}
    content = bytearray(tiff_of({256: (4, struct.pack("<I", 8))} | shared, tail=bytes(100_000)))
    for at in range(8 + 2 + 12, 8 + 2 + 12 * 901, 12):
        content[at + 4 : at + 12] = struct.pack("<II", 100_000, 8)
    with pytest.raises(InvalidImage):
        processed(bytes(content))


@pytest.mark.parametrize("count", [10, 60_000])
def test_an_exif_directory_of_shared_bytes_is_refused(processed, count):
    """Pillow would copy them until the memory is full, which takes seconds."""
    tags = {256: 64, 257: 48, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 48, 279: 3072, 34665: 0}
    as_long = {tag: (4, struct.pack("<I", value)) for tag, value in tags.items()}
    at = len(tiff_of(as_long))
    entries = b"".join(struct.pack("<HHII", tag, 7, 100_000, 100) for tag in range(count))
    tail = struct.pack("<H", count) + entries + bytes(200_000)
    with pytest.raises(InvalidImage):
        processed(tiff_of(as_long | {34665: (4, struct.pack("<I", at))}, tail=tail))


def test_more_strips_than_any_picture_has_are_refused(processed):
    strips = 2**16 + 1
    many = {tag: (4, struct.pack(f"<{strips}I", *[8] * strips)) for tag in (273, 279)}
    tags = {
        tag: (4, struct.pack("<I", value)) for tag, value in {256: 1, 257: strips, 258: 8, 262: 1, 278: 1}.items()
    }
    with pytest.raises(InvalidImage):
        processed(tiff_of(tags | many))


@pytest.mark.parametrize("tile", [1, 2**20, 2**31 - 16])
def test_a_tile_far_larger_than_the_picture_ends_with_a_reason(processed, tile):
    tags = {259: 5, 322: tile, 323: tile, 324: 8, 325: 64}
    with pytest.raises((InvalidImage, Damaged, OverLimits)):
        processed(tiff_that_claims(64, 48, tags=tags))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits", None])
def test_a_truncated_tiff_is_never_half_a_picture(processed, compression):
    whole = saved(Image.effect_noise((300, 200), 90).convert("RGB"), "TIFF", compression=compression)
    with pytest.raises((InvalidImage, Damaged)):
        processed(whole[: len(whole) * 2 // 3])


def test_a_big_tiff_that_points_behind_all_files_is_invalid(processed):
    with pytest.raises(InvalidImage):
        processed(b"II+\0\x08\0\0\0" + b"\xff" * 32)


def test_words_that_begin_with_bm_are_no_picture(processed):
    with pytest.raises(UnsupportedFormat):
        processed(b"BMW, the story of a car, in many words.")
