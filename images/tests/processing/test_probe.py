import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from images.processing import InvalidImage, Limits, Probed, TooManyPixels, UnsupportedFormat, png
from images.processing.probe import probe
from images.tests import pictures
from images.tests.pictures import png_chunk

LIMITS = Limits()
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def probed(tmp_path):
    def write_and_probe(content, limits=LIMITS):
        path = tmp_path / "upload"
        path.write_bytes(content)
        return probe(path, limits)

    return write_and_probe


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (pictures.jpeg_bytes(), "image/jpeg"),
        (pictures.png_bytes(), "image/png"),
        (pictures.gif_bytes(), "image/gif"),
        (pictures.webp_bytes(), "image/webp"),
        (pictures.avif_bytes(), "image/avif"),
        (pictures.heic_bytes(), "image/heic"),
        (pictures.saved(pictures.plain(), "TIFF"), "image/tiff"),
        (pictures.saved(pictures.plain(), "BMP"), "image/bmp"),
        (
            pictures.saved(pictures.plain(), "MPO", save_all=True, append_images=[pictures.plain()]),
            "image/jpeg",
        ),
    ],
)
def test_the_type_is_told_by_content(probed, content, content_type):
    assert probed(content) == Probed(content_type, 64, 48, None, "")


@pytest.mark.parametrize("form", ["ICO", "JPEG2000", "PPM", "PCX", "TGA", "DDS"])
def test_other_formats_are_unsupported(probed, form):
    with pytest.raises(UnsupportedFormat):
        probed(pictures.saved(pictures.plain(), form))


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"8BPS\0\1", b"%PDF-1.7"]
)
def test_what_is_no_picture_is_unsupported(probed, content):
    with pytest.raises(UnsupportedFormat):
        probed(content)


@pytest.mark.parametrize("make", [pictures.jpeg_bytes, pictures.png_bytes, pictures.webp_bytes])
def test_a_broken_header_is_invalid(probed, make):
    with pytest.raises(InvalidImage):
        probed(make()[:14])


def png_header(width, height):
    ihdr = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + ihdr + png_chunk(b"IDAT", zlib.compress(b"")) + png_chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(0, 10), (10, 0)])
def test_no_pixels_is_invalid(probed, size):
    with pytest.raises(InvalidImage):
        probed(png_header(*size))


@pytest.mark.parametrize("size", [(22_001, 10_000), (20_000, 20_000), (60_000, 60_000)])
def test_too_many_pixels_are_refused_by_the_header(probed, size):
    with pytest.raises(TooManyPixels):
        probed(png_header(*size))


def test_the_limit_itself_is_allowed(probed):
    assert probed(png_header(22_000, 10_000)).width == 22_000


def claiming(content, kind, at, side):
    """The picture with another size, `at` bytes behind the beginning of this box or marker."""
    start = content.index(kind) + at
    return content[:start] + side + content[start + len(side) :]


def jpeg_of(side):
    return claiming(pictures.jpeg_bytes(), b"\xff\xc0", 5, struct.pack(">HH", side, side))


def gif_of(side):
    return claiming(pictures.gif_bytes(), b"GIF8", 6, struct.pack("<HH", side, side))


def webp_of(side):
    return claiming(pictures.webp_bytes(), b"\x9d\x01\x2a", 3, struct.pack("<HH", side, side))


def avif_of(side):
    return claiming(pictures.avif_bytes(), b"ispe", 8, struct.pack(">II", side, side))


def heic_of(side):
    return claiming(pictures.heic_bytes(64, 64), b"ispe", 8, struct.pack(">II", side, side))


def heic_with_alpha_of(side):
    content = pictures.saved(pictures.plain(64, 64, (*pictures.RED, 9), "RGBA"), "HEIF")
    return content.replace(struct.pack(">II", 64, 64), struct.pack(">II", side, side))


@pytest.mark.parametrize(
    ("make", "side"),
    [
        *[(jpeg_of, 14_832), (gif_of, 14_832), (heic_of, 14_832)],
        *[(webp_of, 10_000), (avif_of, 10_000), (heic_with_alpha_of, 10_000)],
    ],
)
def test_each_format_has_the_pixels_that_its_memory_allows(probed, make, side):
    """Cameras of 108 and 200 megapixels write JPEG, and HEIC of 8 bits without alpha."""
    assert probed(make(side)).width == side
    with pytest.raises(TooManyPixels, match="megapixels that we take of this format"):
        probed(make(side + 1))


def test_a_gif_bomb_is_refused_by_the_header(probed):
    bomb = bytearray(pictures.gif_bytes())
    bomb[6:10] = struct.pack("<HH", 65535, 65535)
    with pytest.raises(TooManyPixels):
        probed(bytes(bomb))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_upright_picture(probed, orientation):
    found = probed(pictures.oriented_jpeg_bytes(orientation, 64, 48))
    assert (found.width, found.height) == (64, 48)


def test_orientation_in_a_png_counts_before_and_after_the_pixels(probed):
    exif = pictures.exif_bytes(orientation=6)
    early = pictures.png_bytes(exif=exif)
    plain = pictures.png_bytes()
    late = plain[:-12] + png_chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")) + plain[-12:]
    assert [probed(early).width, probed(late).width] == [48, 48]


def raw_profile(name, content):
    """As ImageMagick writes it."""
    digits = content.hex()
    lines = [digits[at : at + 72] for at in range(0, len(digits), 72)]
    return f"\n{name}\n{len(content):8}\n{chr(10).join(lines)}\n".encode()


RAW = raw_profile("exif", pictures.exif_bytes(orientation=6, make="Canon"))


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        png_chunk(b"tEXt", b"Raw profile type exif\0" + RAW),
        png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(RAW)),
        png_chunk(b"zTXt", b"Raw profile type APP1\0\0" + zlib.compress(RAW)),
        png_chunk(b"iTXt", b"Raw profile type exif\0\0\0en\0\0" + RAW),
        png_chunk(b"iTXt", b"Raw profile type exif\0\1\0\0\0" + zlib.compress(RAW)),
    ],
)
def test_a_png_may_have_its_exif_as_text(probed, text, behind):
    plain = pictures.png_bytes()
    at = -12 if behind else 33
    found = probed(plain[:at] + text + plain[at:])
    assert (found.width, found.height, found.camera) == (48, 64, "Canon")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n" * 1_000_000,
        b"\nexif\n 8\nno digits\n",
        b"\nexif\n many\n4578\n",
        raw_profile("xmp", b"<x:xmpmeta/>"),
        raw_profile("exif", bytes(2_000_000)),
    ],
    ids=["empty", "empty lines", "no digits", "no length", "XMP", "too long"],
)
def test_a_text_that_is_no_exif_is_ignored(probed, text):
    plain = pictures.png_bytes()
    content = png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))
    assert probed(plain[:-12] + content + plain[-12:]) == Probed("image/png", 64, 48, None, "")


def test_broken_exif_is_ignored(probed):
    found = probed(pictures.jpeg_bytes(exif=b"Exif\0\0MM\0*\xff\xff\xff\xff garbage"))
    assert found == Probed("image/jpeg", 64, 48, None, "")


def test_a_giant_exif_is_ignored(probed):
    exif = pictures.exif_bytes(make="Canon", description="x" * 2_000_000)
    assert probed(pictures.png_bytes(exif=exif)) == Probed("image/png", 64, 48, None, "")


def test_many_frames_cost_nothing(probed):
    frames = [(shade, 0, 0) for shade in range(200)]
    assert probed(pictures.gif_bytes(colors=frames)).width == 64


def test_a_text_bomb_is_refused_or_dropped(probed):
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000)))
    plain = pictures.png_bytes()
    with pytest.raises(InvalidImage):
        probed(plain[:33] + bomb + plain[33:])


def test_the_package_is_free_of_django():
    check = "import sys, images.processing, images.processing.forkserver; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("behind", [False, True])
def test_a_png_of_too_many_chunks_is_refused(probed, monkeypatch, behind):
    """Those before the pixels cost the probe its time, those behind them the render."""
    monkeypatch.setattr(png, "MAX_CHUNKS", 1000)
    # The head and the pixels are chunks, too.
    assert probed(pictures.many_chunks_png_bytes(998, behind=behind)).width == 1
    with pytest.raises(InvalidImage, match="Save it as a new PNG"):
        probed(pictures.many_chunks_png_bytes(999, behind=behind))


def test_chunks_behind_the_end_of_a_png_are_not_counted(probed, monkeypatch):
    monkeypatch.setattr(png, "MAX_CHUNKS", 10)
    content = pictures.many_chunks_png_bytes(0)
    assert probed(content + pictures.many_chunks_png_bytes(500)).width == 1
