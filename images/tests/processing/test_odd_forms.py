"""Files of odd forms that browsers show, and kinds of files that are refused by their name."""

import pytest
from PIL import Image, ImageChops, ImageStat

from images.processing import InvalidImage, Limits, UnsupportedFormat
from images.processing.cicp import space_of
from images.processing.colour import to_srgb
from images.processing.probe import probe
from images.processing.render import render
from images.tests import avif_forms, pictures
from images.tests.corpus import CORPUS, needs_corpus

LIMITS = Limits()


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "upload"
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def shown(written, tmp_path):
    """The largest size of a picture with these bytes."""

    def render_and_open(content):
        file = render(written(content), tmp_path, LIMITS).variants["large"].file
        with Image.open(tmp_path / file) as picture:
            return picture.copy()

    return render_and_open


def likeness(picture, other):
    """The mean difference of all bands, 0 to 255."""
    return max(ImageStat.Stat(ImageChops.difference(picture, other)).mean)


# ---- Segments of a JPEG ---------------------------------------------------------------------

IDENTIFIERS = {
    0xE0: [b"JFIF\0\1\1\1\0\1\0\1\0\0", b"JFXX\0\x13"],
    0xE1: [b"Exif\0\0II*\0\x08\0\0\0\0\0", b"http://ns.adobe.com/xap/1.0/\0<x/>"],
    0xE2: [b"ICC_PROFILE\0\1\1profile", b"MPF\0MM\0*\0\0\0\x08\0\0", b"FPXR\0\0"],
    0xED: [b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\x10\0\x48\0\0\0\1\0\1"],
    0xEE: [b"Adobe\0\x64\0\0\0\0\1"],
}
CUT = [
    (marker, body[:length])
    for marker, bodies in IDENTIFIERS.items()
    for body in bodies
    for length in range(len(body))
]


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_no_segment_is_too_short_to_show_the_picture(written, mode):
    jpeg = pictures.saved(pictures.quarters(mode=mode), "JPEG")
    refused = []
    for marker, body in CUT:
        try:
            probe(written(pictures.with_segment(jpeg, marker, body)), LIMITS)
        except InvalidImage:
            refused.append((marker, body))
    assert refused == []


@pytest.mark.parametrize(("marker", "body"), [(0xE0, b"JFIF\0"), (0xEE, b"Adobe"), (0xE2, b"ICC_PROFILE\0\1")])
def test_a_short_segment_changes_no_colour(shown, marker, body):
    jpeg = pictures.saved(pictures.quarters(), "JPEG")
    assert likeness(shown(pictures.with_segment(jpeg, marker, body)), shown(jpeg)) == 0


def test_a_short_profile_beside_a_whole_one_is_left_out(written):
    jpeg = pictures.with_segment(pictures.jpeg_bytes(icc_profile=b"x" * 3000), 0xE2, b"ICC_PROFILE\0\2\2")
    assert probe(written(jpeg), LIMITS).width == 64


# ---- Headers of an AVIF ---------------------------------------------------------------------


def test_an_avif_with_an_association_box_for_each_item_is_shown(shown):
    avif = avif_forms.translucent_avif_bytes()
    odd = avif_forms.with_two_association_boxes(avif)
    assert odd.count(b"ipma") == 2
    assert likeness(shown(odd), shown(avif)) == 0


@pytest.mark.parametrize("make", [avif_forms.translucent_avif_bytes, pictures.avif_bytes])
def test_an_avif_with_a_short_header_is_shown(shown, make):
    avif = make()
    assert likeness(shown(avif_forms.with_short_header(avif)), shown(avif)) == 0


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_short_header_turns_the_picture(shown, orientation):
    stored = pictures.stored(pictures.quarters(800, 600), orientation)
    avif = pictures.saved(stored, "AVIF", quality=90, speed=10)
    picture = shown(avif_forms.with_short_header(avif, orientation=orientation))
    assert likeness(picture.convert("RGB"), pictures.quarters(800, 600)) < 4


def test_a_short_header_tells_the_colours(shown):
    display_p3, bt601 = (12, 13), 6
    red = pictures.saved(pictures.plain(color=(200, 40, 40)), "AVIF", quality=90, speed=10)
    picture = shown(avif_forms.with_short_header(red, colours=(*display_p3, bt601)))
    expected = to_srgb(pictures.plain(color=(200, 40, 40)), space_of(*display_p3))
    assert likeness(picture, expected) < 3 < likeness(shown(red), expected)


def test_a_short_header_tells_the_camera(written):
    exif = pictures.exif_bytes(make="Canon").removeprefix(b"Exif\0\0")
    assert probe(written(avif_forms.with_short_header(pictures.avif_bytes(), exif=exif)), LIMITS).camera == "Canon"


def test_a_short_header_that_is_cut_or_hostile_is_invalid(written):
    whole = avif_forms.with_short_header(avif_forms.translucent_avif_bytes())
    for end in range(20, len(whole), 7):
        content = whole[:end]
        content = content[:16] + (end - 16).to_bytes(4, "big") + content[20:]
        with pytest.raises((InvalidImage, UnsupportedFormat)):
            probe(written(content), LIMITS)


# ---- Kinds that are refused by name ---------------------------------------------------------


@pytest.mark.parametrize(
    ("marker", "bits", "name"),
    [
        (0xC1, 12, "a JPEG of 12 bits"),
        (0xC2, 12, "a JPEG of 12 bits"),
        (0xC3, 16, "a lossless JPEG of 16 bits"),
        (0xC5, 8, "a JPEG of the hierarchical kind"),
        (0xF7, 8, "a JPEG-LS picture"),
    ],
)
def test_a_jpeg_of_a_kind_that_we_do_not_read_is_unsupported(written, marker, bits, name):
    with pytest.raises(UnsupportedFormat, match=name):
        probe(written(pictures.with_frame(pictures.jpeg_bytes(), marker, bits)), LIMITS)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"IIU\0\x18\0\0\0", "a RAW picture of Panasonic (RW2)"),
        (b"8BPS\0\1", "a Photoshop document"),
        (b"%PDF-1.7", "a PDF document"),
        (b"<?xml version='1.0'?><svg/>", "an SVG drawing"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video (MP4)"),
        (b"\0\0\0\x14ftypqt  \0\0\2\0qt  ", "a video (QuickTime)"),
        (b"\0\0\0\x18ftypjp2 \0\0\0\0jp2 ", "a JPEG 2000 picture"),
        (b"\x1aE\xdf\xa3", "a video (Matroska or WebM)"),
        (b"RIFF\0\0\0\0AVI LIST", "a video (AVI)"),
    ],
)
def test_a_refusal_calls_the_file_by_its_name(written, head, name):
    with pytest.raises(UnsupportedFormat) as refused:
        probe(written(head), LIMITS)
    assert refused.value.detail.startswith(f"This file is {name}, which we cannot read. We take JPEG")


@needs_corpus
@pytest.mark.parametrize(
    ("file", "size"),
    [
        ("jfif-bogus-empty-jfif-segment.jpg", (942, 714)),
        ("q01_jfif_len7.jpg", (640, 480)),
        ("q02_adobe_short.jpg", (640, 480)),
        ("plum-blossom-small.profile0.8bpc.yuv420.alpha-full.avif", (128, 128)),
        ("tests__data__simple_osm_tile_alpha.avif", (256, 256)),
        ("h16b_exif6_no_irot.heic", (480, 640)),
    ],
)
def test_what_others_reported_is_shown(tmp_path, file, size):
    rendered = render(CORPUS / "reported" / file, tmp_path, LIMITS)
    assert (rendered.width, rendered.height) == size
