"""What is transparent where Pillow alone would show a colour; and the colours of tiny pictures."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from images.processing import Limits
from images.processing.render import render
from images.processing.sizes import SIZES, longest_side
from images.tests import pictures
from images.tests.corpus import CORPUS, needs_corpus

CANVAS, BOX = (320, 200), (50, 60, 150, 140)


@pytest.fixture
def shown(tmp_path):
    """The largest size of a picture with these bytes, and its content type."""

    def write_and_render(content):
        path = tmp_path / "upload"
        path.write_bytes(content)
        variant = render(path, tmp_path, Limits()).variants["large"]
        return Image.open(BytesIO((tmp_path / variant.file).read_bytes())), variant.content_type

    return write_and_render


def small_frame_gif(canvas=CANVAS, box=BOX, **options):
    """A GIF whose only frame covers a part of its canvas."""
    frame = pictures.gif_bytes(box[2] - box[0], box[3] - box[1], **options)
    at = frame.index(b",", 13 + 3 * (2 << (frame[10] & 7)))
    return (
        frame[:6]
        + struct.pack("<HH", *canvas)
        + frame[10 : at + 1]
        + struct.pack("<HH", *box[:2])
        + frame[at + 5 :]
    )


def small_frame_webp(canvas=CANVAS, box=BOX, frames=1):
    """An animated WebP without the flag of alpha, whose frames cover a part of its canvas."""
    picture = pictures.webp_bytes(box[2] - box[0], box[3] - box[1])[12:]
    place = (box[0] // 2, box[1] // 2, box[2] - box[0] - 1, box[3] - box[1] - 1, 100)
    frame = b"".join(value.to_bytes(3, "little") for value in place) + b"\0" + picture
    head = b"\2\0\0\0" + b"".join((side - 1).to_bytes(3, "little") for side in canvas)
    chunks = riff(b"VP8X", head) + riff(b"ANIM", bytes(6)) + riff(b"ANMF", frame) * frames
    return riff(b"RIFF", b"WEBP" + chunks)


def riff(kind, content):
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


@pytest.mark.parametrize(
    "content",
    [small_frame_gif(), small_frame_gif(colors=[pictures.RED] * 2), small_frame_webp(), small_frame_webp(frames=2)],
)
def test_a_canvas_that_the_first_frame_leaves_uncovered_is_transparent(shown, content):
    picture, content_type = shown(content)
    assert (picture.size, content_type) == (CANVAS, "image/webp")
    alpha = picture.convert("RGBA").getchannel("A")
    inside = [(60, 70), (140, 130)]
    outside = [(5, 5), (40, 100), (160, 100), (100, 50), (100, 150), (319, 199)]
    assert [alpha.getpixel(at) for at in inside + outside] == [255] * 2 + [0] * 6
    assert (
        max(abs(a - b) for a, b in zip(picture.convert("RGB").getpixel((100, 100)), pictures.RED, strict=True)) < 8
    )


@pytest.mark.parametrize("content", [pictures.gif_bytes(*CANVAS), small_frame_webp(box=(0, 0, *CANVAS))])
def test_a_frame_that_covers_its_canvas_stays_opaque(shown, content):
    assert shown(content)[1] == "image/jpeg"


def png(bits, colour_type, rows, transparent):
    """A PNG of 64 px a row; `rows` are bytes, `transparent` is the content of tRNS."""
    header = struct.pack(">IIBBBBB", 64, len(rows), bits, colour_type, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = [(b"IHDR", header), (b"tRNS", transparent), (b"IDAT", data), (b"IEND", b"")]
    written = [struct.pack(">I", len(c)) + kind + c + struct.pack(">I", zlib.crc32(kind + c)) for kind, c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


@pytest.mark.parametrize(
    ("bits", "colour_type", "pixel", "other", "transparent"),
    [
        (2, 0, "10", "11", struct.pack(">H", 2)),
        (4, 0, "1000", "1001", struct.pack(">H", 8)),
        (8, 0, "10001000", "00001000", struct.pack(">H", 0x88)),
        (1, 0, "1", "0", struct.pack(">H", 1)),
        (8, 2, "00001000" * 3, "10001000" * 3, struct.pack(">3H", 8, 8, 8)),
        (16, 2, "0001001000110100" * 3, "1001001000110100" * 3, struct.pack(">3H", *[0x1234] * 3)),
    ],
)
def test_the_transparent_value_of_a_png_counts_in_the_bits_of_its_pixels(
    shown, bits, colour_type, pixel, other, transparent
):
    clear, opaque = (int(text * 64, 2).to_bytes(len(text) * 8, "big") for text in (pixel, other))
    picture, content_type = shown(png(bits, colour_type, [clear] * 32 + [opaque] * 32, transparent))
    assert content_type == "image/webp"
    assert [picture.getpixel((30, row))[3] for row in (10, 50)] == [0, 255]


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("side", [16, 48, 256])
def test_a_tiny_picture_keeps_its_colours(shown, mode, side):
    """A red line of one px on blue would turn violet where colours are halved."""
    icon = pictures.plain(side, side, pictures.BLUE).convert(mode)
    icon.paste(pictures.RED, (side // 2, 0, side // 2 + 1, side))
    if mode == "RGBA":
        icon.putpixel((0, 0), (0, 0, 0, 0))
    picture, _ = shown(pictures.saved(icon, "PNG"))
    for x, colour in ((side // 2, pictures.RED), (side // 2 - 1, pictures.BLUE)):
        got = picture.convert("RGB").getpixel((x, side // 2))
        assert max(abs(a - b) for a, b in zip(got, colour, strict=True)) < 12


def test_only_a_panorama_may_be_longer_than_its_size():
    for size, px in SIZES.items():
        assert longest_side(size, (4000, 3000)) == longest_side(size, (1000, 4000)) == px
        assert longest_side(size, (8000, 1000)) == 2 * px
        assert longest_side(size, (1, 100_000)) == 4 * px


@needs_corpus
@pytest.mark.parametrize(
    ("file", "clear", "covered"),
    [
        ("tests__gif__animated_gif_reader__small_frame_big_canvas.gif", (0, 0), (8, 8)),
        ("tests__test-images__gif-test-suite__missing-pixels.gif", (1, 1), (0, 0)),
        ("g15b_small_frame.gif", (5, 5), (100, 100)),
        ("w14c_anim_offset.webp", (5, 5), (60, 50)),
    ],
)
def test_what_others_reported_is_transparent(shown, file, clear, covered):
    picture, _ = shown((CORPUS / "reported" / file).read_bytes())
    assert [picture.getpixel(at)[3] for at in (clear, covered)] == [0, 255]


@needs_corpus
def test_the_red_of_a_reported_icon_stays_red(shown):
    content = (CORPUS / "reported" / "examples__scaleup__tinycross.png").read_bytes()
    original, (picture, _) = Image.open(BytesIO(content)).convert("RGB"), shown(content)
    red = [(x, y) for x in range(16) for y in range(16) if original.getpixel((x, y)) == (255, 0, 0)]
    assert red
    for at in red:
        got = picture.convert("RGB").getpixel(at)
        assert max(abs(a - b) for a, b in zip(got, (255, 0, 0), strict=True)) < 16
