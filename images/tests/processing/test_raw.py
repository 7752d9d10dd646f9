"""RAW files show the JPEG that the camera put into them."""

import struct
from contextlib import suppress

import pytest
from PIL import Image, ImageChops, ImageStat

from images.processing import InvalidImage, Limits, TooManyPixels, UnsupportedFormat
from images.processing.probe import probe
from images.tests import pictures
from images.tests.pictures import jpeg_bytes, quarters, raw_bytes, saved, tiff_of

TYPES = {
    "DNG": "image/x-adobe-dng",
    "CR2": "image/x-canon-cr2",
    "CR3": "image/x-canon-cr3",
    "NEF": "image/x-nikon-nef",
    "ARW": "image/x-sony-arw",
    "RAF": "image/x-fuji-raf",
}


@pytest.mark.parametrize("form", TYPES)
def test_the_largest_preview_is_shown(processed, form):
    found, picture = processed(raw_bytes(form, saved(quarters(640, 480), "JPEG", quality=95)))
    assert (found.content_type, found.width, found.height) == (TYPES[form], 640, 480)
    difference = ImageChops.difference(picture.convert("RGB"), quarters(640, 480))
    assert max(ImageStat.Stat(difference).mean) < 3


@pytest.mark.parametrize("form", [form for form in TYPES if form != "RAF"])
def test_the_raws_orientation_turns_the_preview(processed, form):
    lying = quarters(480, 640).transpose(Image.Transpose.ROTATE_90)
    found, picture = processed(raw_bytes(form, saved(lying, "JPEG", quality=95), orientation=6))
    assert (found.width, found.height) == (480, 640)
    assert max(ImageStat.Stat(ImageChops.difference(picture.convert("RGB"), quarters(480, 640))).mean) < 3


def test_a_rafs_preview_tells_its_own_orientation(processed):
    found, _ = processed(raw_bytes("RAF", pictures.oriented_jpeg_bytes(8, 64, 48)))
    assert (found.width, found.height) == (64, 48)


def test_the_camera_and_time_come_from_the_raw(processed):
    assert processed(raw_bytes("NEF"))[0].camera == "NIKON CORPORATION"
    found, _ = processed(raw_bytes("CR3"))
    assert (found.camera, found.taken.clock) == ("Canon", "2024-02-29T12:30:05.000")


def test_a_tiff_of_a_camera_is_no_raw(processed):
    """Programs write the camera into the TIFFs that they export."""
    exif = Image.Exif()
    exif[271] = "NIKON CORPORATION"
    assert processed(saved(quarters(), "TIFF", exif=exif))[0].content_type == "image/tiff"


def test_a_raw_of_another_maker_is_unsupported(processed):
    with pytest.raises(UnsupportedFormat, match="a RAW picture of another maker, which we cannot"):
        processed(raw_bytes("NEF", make="PENTAX"))


# ---- Hostile files -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", TYPES)
@pytest.mark.parametrize("preview", [b"", b"\xff\xd8", pictures.SENSOR, b"\xff\xd8\xff\xe0\0\0" * 50_000])
def test_without_a_preview_the_reason_says_what_to_do(processed, form, preview):
    content = raw_bytes(form, preview)
    for small in (jpeg_bytes(16, 12), jpeg_bytes(160, 120)):
        content = content.replace(small, bytes(len(small)))
    with pytest.raises(UnsupportedFormat, match="Export it as a JPEG"):
        processed(content)


@pytest.mark.parametrize("form", TYPES)
def test_a_preview_behind_the_files_end_is_none(processed, form):
    content = raw_bytes(form, jpeg_bytes(640, 480, quality=95))
    with pytest.raises((UnsupportedFormat, InvalidImage)):
        processed(content[: content.index(b"\xff\xd8") + 20])


@pytest.mark.parametrize("form", TYPES)
def test_the_limits_of_a_jpeg_are_those_of_a_preview(processed, form):
    with pytest.raises(TooManyPixels):
        processed(raw_bytes(form, jpeg_bytes(640, 480)), Limits(max_pixels=100_000))
    with pytest.raises(InvalidImage):
        processed(raw_bytes(form, pictures.many_scans_jpeg_bytes(101, 640, 480)))


def test_directories_in_a_circle_end(processed):
    circle = bytearray(tiff_of({50706: (1, bytes(4))}))
    circle[-4:] = struct.pack("<I", 8)
    with pytest.raises(UnsupportedFormat):
        processed(bytes(circle))


def test_a_thousand_directories_below_one_are_not_all_read(processed):
    below = struct.pack("<1000I", *range(8, 1008))
    with pytest.raises((UnsupportedFormat, InvalidImage)):
        processed(tiff_of({50706: (1, bytes(4)), 330: (4, below)}))


def test_a_directory_of_too_many_entries_is_refused(processed):
    with pytest.raises(InvalidImage):
        processed(tiff_of({50706: (1, bytes(4))} | {tag: (4, bytes(4)) for tag in range(1001)}))


@pytest.mark.parametrize("form", ["DNG", "CR2", "NEF", "ARW", "CR3", "RAF"])
def test_damage_anywhere_ends_in_a_picture_or_a_reason(tmp_path, form):
    """Each byte of the structure set to each of three values."""
    whole = raw_bytes(form, jpeg_bytes(64, 48))
    path = tmp_path / "upload"
    for at in range(0, min(len(whole), 700), 3):
        for value in (0, 0x7F, 0xFF):
            path.write_bytes(whole[:at] + bytes([value]) * 3 + whole[at + 3 :])
            with suppress(UnsupportedFormat, InvalidImage, TooManyPixels):
                probe(path, Limits())
