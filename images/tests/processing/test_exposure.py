"""With which lens and how a picture was exposed: what the probe reads of whole files."""

import pytest
from PIL import ExifTags
from PIL.TiffImagePlugin import IFDRational

from images.processing import Limits, probe_in_child, wire
from images.processing.probe import probe
from images.processing.results import Exposure
from images.tests.pictures import jpeg_bytes
from images.tests.processing.test_origin import exif, xmp

Tag = ExifTags.Base
LENS_XMP = xmp('xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" aux:Lens="EF 50"')
WHOLE = {
    Tag.LensModel: "EF24-70mm f/2.8L II USM", Tag.FocalLength: IFDRational(350, 10),
    Tag.FNumber: IFDRational(28, 10), Tag.ExposureTime: IFDRational(1, 250), Tag.ISOSpeedRatings: 100,
}  # fmt: skip


def write(tmp_path, tags=(), **options):
    path = tmp_path / "upload"
    path.write_bytes(jpeg_bytes(exif=exif(photo=dict(tags)), **options))
    return path


def test_lens_and_exposure_are_read_in_the_child(tmp_path):
    probed = probe_in_child(write(tmp_path, WHOLE), Limits())
    assert probed.lens == "EF24-70mm f/2.8L II USM"
    assert probed.exposure == Exposure(focal_length_mm=35.0, aperture=2.8, seconds=0.004, iso=100)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, None),
        ({Tag.ISOSpeedRatings: 65535, Tag.RecommendedExposureIndex: 102400}, Exposure(iso=102400)),
        ({Tag.ISOSpeedRatings: (200, 0)}, Exposure(iso=200)),
        ({Tag.ExposureTime: IFDRational(1, 60)}, Exposure(seconds=0.01667)),
        ({Tag.ExposureTime: IFDRational(30, 1)}, Exposure(seconds=30.0)),
        ({Tag.ExposureTime: IFDRational(1, 0), Tag.FNumber: IFDRational(0, 0)}, None),
        ({Tag.FocalLength: IFDRational(0, 1), Tag.ISOSpeedRatings: 0}, None),
    ],
)
def test_values_that_make_no_sense_are_left_out(tmp_path, tags, expected):
    assert probe(write(tmp_path, tags), Limits()).exposure == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [({Tag.LensModel: "----"}, ""), ({Tag.LensModel: "a\n\x00b"}, "a"), ({Tag.LensModel: "x" * 300}, "x" * 100)],
)
def test_a_lens_is_a_name(tmp_path, tags, expected):
    assert probe(write(tmp_path, tags), Limits()).lens == expected


def test_xmp_names_the_lens_too(tmp_path):
    assert probe(write(tmp_path, xmp=LENS_XMP), Limits()).lens == "EF 50"


@pytest.mark.parametrize(
    "exposure",
    [
        {"iso": 1.5},
        {"iso": True},
        {"seconds": float("nan")},
        {"aperture": float("inf")},
        {"aperture": "2.8"},
        {"iso": -1},
    ],
)
def test_a_child_that_was_taken_over_cannot_answer_nonsense(exposure):
    fields = {"content_type": "image/jpeg", "width": 1, "height": 1, "taken": None, "camera": "", "lens": ""}
    nothing = dict.fromkeys(("focal_length_mm", "aperture", "seconds", "iso"))
    assert wire.probed(fields | {"exposure": nothing}).exposure == Exposure()
    with pytest.raises((ValueError, TypeError)):
        wire.probed(fields | {"exposure": nothing | exposure})
