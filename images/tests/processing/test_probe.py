import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from images.processing import InvalidImage, Limits, Probed, TooManyPixels, UnsupportedFormat
from images.processing.probe import probe
from images.tests import pictures

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
        (
            pictures.saved(pictures.plain(), "MPO", save_all=True, append_images=[pictures.plain()]),
            "image/jpeg",
        ),
    ],
)
def test_the_type_is_told_by_content(probed, content, content_type):
    assert probed(content) == Probed(content_type, 64, 48, None, "")


@pytest.mark.parametrize("form", ["TIFF", "BMP", "ICO", "JPEG2000", "PPM", "PCX", "TGA", "DDS"])
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


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_header(width, height):
    ihdr = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + ihdr + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(0, 10), (10, 0)])
def test_no_pixels_is_invalid(probed, size):
    with pytest.raises(InvalidImage):
        probed(png_header(*size))


@pytest.mark.parametrize("size", [(10_001, 10_000), (14_000, 14_000), (60_000, 60_000)])
def test_too_many_pixels_are_refused_by_the_header(probed, size):
    with pytest.raises(TooManyPixels):
        probed(png_header(*size))


def test_the_limit_itself_is_allowed(probed):
    assert probed(png_header(10_000, 10_000)).width == 10_000


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
    late = plain[:-12] + chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")) + plain[-12:]
    assert [probed(early).width, probed(late).width] == [48, 48]


@pytest.mark.parametrize(
    ("taken", "offset", "iso"),
    [
        ("2024:02:29 12:30:05", "", "2024-02-29T12:30:05+00:00"),
        ("2024:02:29 12:30:05", "+05:30", "2024-02-29T12:30:05+05:30"),
        ("2024:02:29 12:30:05", "-08:00", "2024-02-29T12:30:05-08:00"),
        ("2024:02:29 12:30:05", "+99:99", "2024-02-29T12:30:05+00:00"),
        ("2023:02:29 12:30:05", "", None),
        ("0000:00:00 00:00:00", "", None),
        ("9999:12:31 23:59:59", "", None),
        ("yesterday", "", None),
    ],
)
def test_the_time_of_the_camera(probed, taken, offset, iso):
    exif = pictures.exif_bytes(taken=taken, offset=offset)
    assert probed(pictures.jpeg_bytes(exif=exif)).taken_at == iso


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS R5", "Canon EOS R5"),
        ("NIKON", "Z 6", "NIKON Z 6"),
        ("", "Pixel\x07 8\n", "Pixel 8"),
        ("Evil\0hidden", "", "Evil"),
        ("x" * 500, "", "x" * 100),
    ],
)
def test_the_camera_is_clean_text(probed, make, model, camera):
    assert probed(pictures.jpeg_bytes(exif=pictures.exif_bytes(make=make, model=model))).camera == camera


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
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000)))
    plain = pictures.png_bytes()
    with pytest.raises(InvalidImage):
        probed(plain[:33] + bomb + plain[33:])


def test_the_package_is_free_of_django():
    check = "import sys, images.processing, images.processing.forkserver; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0
