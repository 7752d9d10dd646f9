"""JPEG XL, honest and hostile."""

import random

import numpy
import pytest
from PIL import Image

from images.processing import (
    Crashed,
    Damaged,
    InvalidImage,
    Limits,
    OverLimits,
    TooManyPixels,
    UnsupportedFormat,
    probe_in_child,
    render_in_child,
)
from images.processing import jxl as jxl_module
from images.processing.decoding import open_picture
from images.tests import pictures
from images.tests.pictures import jxl_bytes, plain, png_chunk, quarters
from images.tests.processing.helpers import assert_alike

pyjpegxl = pytest.importorskip("pyjpegxl", reason="has no build for this processor")

# One colour of 64 × 48 px: (200, 10, 20), written by cjxl 0.7 from a PNG, said to be in BT.2100 with PQ.
PQ = bytes.fromhex("ff0acb041090478f381c00000000020802010064004b188b1500d41f6330fe2f1001002041bf002001e49ee01d10")
# The same, said to be linear light.
LINEAR = bytes.fromhex("ff0acb4040d1220802010064004b188b1500d41f6330fe2f1001002041bf002001e49ee01d10")
# Three frames: red, green, blue.
ANIMATION = bytes.fromhex(
    "ff0acb040158505c1208082005000070004b188b1500d41363307e2e2001802059030020a57f00413f9a82c81f08082005000068004b188b15"
    "001c3ec6e0f8bf8004000004fe028004fefd8e6ee6000808204500004c004b188b15805dfcff021200b4940a007817f903"
)
CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n" + pictures.box(b"ftyp", b"jxl \0\0\0\0jxl ")


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_picture(processed, mode, lossless):
    original = quarters(300, 200, mode)
    found, picture = processed(jxl_bytes(original, lossless=lossless))
    assert (found.content_type, found.width, found.height) == ("image/jxl", 300, 200)
    assert_alike(picture, original.convert("RGB"))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_stays(processed, mode):
    original = quarters(300, 200).convert(mode)
    original.putalpha(100)
    _, picture = processed(jxl_bytes(original, lossless=True))
    assert picture.convert("RGBA").getpixel((20, 20))[3] in range(98, 103)


def test_a_picture_of_16_bits(processed):
    content = pyjpegxl.encode_from_numpy(numpy.full((48, 64, 1), 120 * 257, "uint16"), lossless=True)
    assert processed(content)[1].convert("RGB").getpixel((9, 9)) == (120, 120, 120)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_repacked_jpeg_is_upright_and_keeps_its_camera(processed, orientation):
    jpeg = pictures.oriented_jpeg_bytes(orientation, 640, 480)
    found, picture = processed(pyjpegxl.jpeg_to_jxl(jpeg))
    assert (found.width, found.height) == (640, 480)
    assert_alike(picture, quarters(640, 480))


def test_the_camera_and_time_of_its_exif(processed):
    exif = pictures.exif_bytes(make="Epson", model="Epson V800", taken="2024:02:29 12:30:05")
    found, _ = processed(pyjpegxl.jpeg_to_jxl(pictures.jpeg_bytes(exif=exif)))
    assert (found.camera, found.taken.clock) == ("Epson V800", "2024-02-29T12:30:05.000")


def test_a_codestream_in_pieces(processed):
    whole = jxl_bytes(quarters(), lossless=True)
    first, last = whole[:40], whole[40:]
    pieces = pictures.box(b"jxlp", b"\0\0\0\0" + first) + pictures.box(b"jxlp", b"\x80\0\0\1" + last)
    assert_alike(processed(CONTAINER + pieces)[1], quarters())


def test_its_colour_profile_counts(processed):
    _, picture = processed(LINEAR)
    red, green, blue = picture.convert("RGB").getpixel((9, 9))
    # IEC 61966-2-1: light of 200, 10 and 20 of 255.
    assert (abs(red - 228), abs(green - 56), abs(blue - 79)) <= (3, 3, 3)


def test_hdr_is_toned_down(processed):
    """The same pixels as a PNG that names the same space."""
    png = pictures.saved(plain(color=(200, 10, 20)), "PNG")
    chunk = png_chunk(b"cICP", bytes([9, 16, 0, 1]))
    _, expected = processed(png[:33] + chunk + png[33:])
    _, picture = processed(PQ)
    assert_alike(picture, expected.convert("RGB"))


@pytest.mark.parametrize(
    "content",
    [
        ANIMATION,
        CONTAINER + pictures.box(b"jxlc", ANIMATION),
        CONTAINER
        + pictures.box(b"jxlp", b"\0\0\0\0" + ANIMATION[:2])
        + pictures.box(b"jxlp", b"\x80\0\0\1" + ANIMATION[2:]),
    ],
)
def test_an_animation_is_refused_by_name(processed, content):
    with pytest.raises(UnsupportedFormat, match="animated JPEG XL"):
        processed(content)


def test_without_its_decoder_it_is_refused_by_name(processed, monkeypatch):
    monkeypatch.setattr(jxl_module, "_libjxl", None)
    with pytest.raises(UnsupportedFormat, match="no decoder"):
        processed(jxl_bytes())


@pytest.mark.parametrize(
    "content",
    [
        CONTAINER,
        CONTAINER + pictures.box(b"free", b"") * 5000 + pictures.box(b"jxlc", ANIMATION),
        CONTAINER + pictures.box(b"jxlc", b"no codestream"),
        ANIMATION[:3],
    ],
)
def test_a_file_whose_codestream_is_not_found_is_invalid(processed, content):
    with pytest.raises(InvalidImage):
        processed(content)


# ---- Hostile files -----------------------------------------------------------------------------


def header_of(width, height):
    """ISO/IEC 18181-1, D.2 and D.3: sizes of 30 bits, then metadata by default."""
    bits = "0" + "11" + f"{height - 1:030b}"[::-1] + "000" + "11" + f"{width - 1:030b}"[::-1] + "1"
    return b"\xff\x0a" + int(bits[::-1], 2).to_bytes(16, "little") + bytes(64)


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (2**30, 2**30), (2**30, 1)])
def test_too_many_pixels_are_refused_by_the_header(processed, width, height):
    with pytest.raises((TooManyPixels, InvalidImage)):
        processed(header_of(width, height))


def test_no_pixel_is_decoded_to_probe(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(jxl_bytes(quarters())[:60])
    with open_picture(path, Limits()) as (picture, _):
        assert picture.size == (64, 48)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("lossless", [False, True])
def test_a_truncated_one_is_never_half_a_picture(processed, share, lossless):
    noise = Image.effect_noise((600, 400), 90).convert("RGB")
    whole = jxl_bytes(noise, lossless=lossless)
    with pytest.raises((InvalidImage, Damaged)):
        processed(whole[: int(len(whole) * share)])


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_changed_ends_with_a_picture_or_a_reason(tmp_path, seed):
    chance = random.Random(seed)
    picture = quarters(200, 120) if seed % 2 else Image.effect_noise((200, 120), 60).convert("RGBA")
    content = bytearray(jxl_bytes(picture, lossless=bool(seed % 3)))
    for _ in range(chance.randint(1, 12)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path = tmp_path / "upload"
    path.write_bytes(content)
    limits = Limits(cpu_seconds=10, wall_seconds=60)
    try:
        probe_in_child(path, limits)
        render_in_child(path, tmp_path, limits)
    except (UnsupportedFormat, InvalidImage, TooManyPixels, Damaged, OverLimits):
        pass
    except Crashed:
        pytest.fail("the child died")
