"""Colour spaces that a file names by numbers or chunks, with the values that Chromium 156 shows."""

import struct
from io import BytesIO

import pytest
from PIL import Image, ImageCms, ImageStat

from images.processing import Limits, av1
from images.processing.cicp import space_of
from images.processing.colour import to_srgb
from images.processing.colour_source import space_in
from images.processing.formats import HEIC
from images.processing.render import render
from images.tests import pictures
from images.tests.corpus import CORPUS, needs_corpus
from images.tests.pictures import png_chunk


@pytest.fixture
def shown(tmp_path):
    """The largest size of these bytes."""

    def write_and_render(content):
        path = tmp_path / "upload"
        path.write_bytes(content)
        result = render(path, tmp_path, Limits())
        return Image.open(BytesIO((tmp_path / result.variants["large"].file).read_bytes())).convert("RGB")

    return write_and_render


def near(found, expected, within=3):
    assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) <= within, (found, expected)


def converted(color, primaries, transfer):
    return to_srgb(pictures.plain(color=color), space_of(primaries, transfer)).getpixel((0, 0))


# ---- Spaces without HDR ------------------------------------------------------------------------


@pytest.mark.parametrize(("primaries", "transfer"), [(12, 13), (9, 1), (1, 8), (5, 4)])
def test_white_stays_white(primaries, transfer):
    near(converted((255, 255, 255), primaries, transfer), (255, 255, 255), within=1)


@pytest.mark.parametrize(("primaries", "transfer"), [(1, 13), (2, 2), (1, 1), (77, 99)])
def test_ordinary_and_unknown_numbers_mean_srgb(primaries, transfer):
    assert space_of(primaries, transfer) is None


def test_a_linear_signal_is_light():
    """IEC 61966-2-1: half of the light is a signal of 188."""
    near(converted((128, 128, 128), 1, 8), (188, 188, 188), within=1)


# ---- HDR ---------------------------------------------------------------------------------------

PAPER_WHITE = {16: 148, 18: 191}
"""ITU-R BT.2408: 58 % of a PQ signal, 75 % of an HLG signal."""


@pytest.mark.parametrize("primaries", [1, 9])
@pytest.mark.parametrize("transfer", PAPER_WHITE)
def test_white_paper_leaves_a_fifth_of_the_signal_to_what_is_brighter(primaries, transfer):
    """0.6 of the light is a signal of 203."""
    near(converted((PAPER_WHITE[transfer],) * 3, primaries, transfer), (203, 203, 203))


@pytest.mark.parametrize(("transfer", "peak"), [(16, 192), (18, 255)])
def test_highlights_differ_up_to_a_thousand_nits(transfer, peak):
    steps = [PAPER_WHITE[transfer] + (peak - PAPER_WHITE[transfer]) * step // 4 for step in range(5)]
    shades = [converted((step,) * 3, 9, transfer)[1] for step in steps]
    assert sorted(set(shades)) == shades
    assert shades[-1] >= 248


@pytest.mark.parametrize("signal", [(190, 170, 150), (230, 200, 150), (255, 190, 180)])
def test_a_highlight_keeps_its_hue(signal):
    """Clipped per channel, an orange lamp turns yellow, then white. Here the ratios of its light stay."""
    red, green, blue = converted(signal, 1, 16)
    assert red > green > blue
    assert blue < 200


def test_light_above_a_thousand_nits_is_the_brightest_of_its_hue():
    red, green, blue = converted((255, 150, 150), 1, 16)
    assert red >= 254
    assert max(green, blue) < 100


# ---- PNG ---------------------------------------------------------------------------------------

COLOR = (200, 120, 90)
SRGB_POINTS = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
P3_POINTS = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


def gama(value):
    return png_chunk(b"gAMA", struct.pack(">I", value))


def chrm(points):
    return png_chunk(b"cHRM", struct.pack(">8I", *points))


def cicp(*numbers):
    return png_chunk(b"cICP", bytes(numbers))


def png_with(*chunks, color=COLOR, mode="RGB"):
    plain = (
        pictures.png_bytes(color=color)
        if mode == "RGB"
        else pictures.saved(pictures.plain(color=color, mode=mode), "PNG")
    )
    return plain[:33] + b"".join(chunks) + plain[33:]


P3_IN_SRGB = (213, 117, 84)
LINEAR_IN_SRGB = (229, 182, 160)


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([cicp(12, 13, 0, 1)], P3_IN_SRGB),
        ([cicp(1, 8, 0, 1)], LINEAR_IN_SRGB),
        ([gama(100_000)], LINEAR_IN_SRGB),
        ([gama(100_000), chrm(SRGB_POINTS)], LINEAR_IN_SRGB),
        ([gama(45_455), chrm(P3_POINTS)], P3_IN_SRGB),
        # The first that is there of cICP, sRGB and gAMA counts.
        ([cicp(1, 13, 0, 1), gama(100_000)], COLOR),
        ([png_chunk(b"sRGB", b"\0"), gama(100_000)], COLOR),
        ([cicp(2, 2, 0, 1), gama(100_000)], LINEAR_IN_SRGB),
        # What says nothing, or makes no sense.
        ([gama(45_455)], COLOR),
        ([gama(45_455), chrm(SRGB_POINTS)], COLOR),
        ([chrm(P3_POINTS)], COLOR),
        ([gama(0)], COLOR),
        ([gama(1)], COLOR),
        ([gama(2**31 - 1)], COLOR),
        ([gama(100_000), chrm([0] * 8)], COLOR),
        ([gama(100_000), chrm([2**31 - 1] * 8)], COLOR),
        ([gama(100_000), chrm([31270, 1, 64000, 1, 30000, 1, 15000, 1])], COLOR),
        ([cicp(9, 16, 0, 0)], COLOR),
        ([cicp(9, 16)], COLOR),
    ],
)
def test_the_colour_chunks_of_a_png(shown, chunks, expected):
    near(shown(png_with(*chunks)).getpixel((32, 24)), expected, within=4)


def test_a_profile_counts_before_gamma_and_behind_numbers(shown):
    with_profile = pictures.png_bytes(color=COLOR, icc_profile=space_of(12, 13))
    for chunks, expected in (([gama(100_000)], P3_IN_SRGB), ([cicp(1, 8, 0, 1)], LINEAR_IN_SRGB)):
        content = with_profile[:33] + b"".join(chunks) + with_profile[33:]
        near(shown(content).getpixel((32, 24)), expected, within=4)


@pytest.mark.parametrize(("mode", "color"), [("L", 128), ("LA", (128, 255)), ("I;16", 128 * 257)])
def test_gamma_counts_for_grey_too(shown, mode, color):
    near(shown(png_with(gama(100_000), color=color, mode=mode)).getpixel((32, 24)), (188, 188, 188))


# ---- AVIF and HEIC -----------------------------------------------------------------------------

P3_BY_NUMBER = {
    "color_primaries": 12,
    "transfer_characteristics": 13,
    "matrix_coefficients": 6,
    "full_range_flag": 1,
}


def p3_heic():
    return pictures.saved(pictures.plain(color=COLOR), "HEIF", quality=95, nclx_profile=P3_BY_NUMBER)


def test_numbers_behind_the_first_mebibyte_count(shown):
    """A `free` box before `meta`; the offsets of `iloc` move by its length."""
    content = p3_heic()
    filler = struct.pack(">I4s", 2 * 2**20, b"free") + bytes(2 * 2**20 - 8)
    ftyp_end = int.from_bytes(content[:4], "big")
    # Version 0, offsets, lengths and bases of 4 bytes, one item: its number, a reference to this file, its base.
    iloc = content.index(b"iloc") + 4
    assert content[iloc : iloc + 8] == bytes.fromhex("00000000 4440 0001")
    at = iloc + 8 + 2 + 2
    base = int.from_bytes(content[at : at + 4], "big") + len(filler)
    moved = content[:at] + struct.pack(">I", base) + content[at + 4 :]
    near(shown(moved[:ftyp_end] + filler + moved[ftyp_end:]).getpixel((32, 24)), P3_IN_SRGB, within=4)


def test_the_numbers_of_another_picture_in_the_file_do_not_count(shown):
    """Before the properties of the picture stands a box of the same bytes that no picture refers to."""
    content = p3_heic()
    stranger = struct.pack(">I4s", 27, b"skip") + struct.pack(">I8sHHHB", 19, b"colrnclx", 9, 16, 9, 128)
    ftyp_end = int.from_bytes(content[:4], "big")
    iloc = content.index(b"iloc") + 12
    base = int.from_bytes(content[iloc + 4 : iloc + 8], "big") + len(stranger)
    moved = content[: iloc + 4] + struct.pack(">I", base) + content[iloc + 8 :]
    near(shown(moved[:ftyp_end] + stranger + moved[ftyp_end:]).getpixel((32, 24)), P3_IN_SRGB, within=4)


@pytest.mark.parametrize("cut", [b"iprp", b"ipma", b"ipco", b"pitm", b"iloc"])
def test_broken_boxes_never_stop_the_search_for_colours(tmp_path, cut):
    content, path = p3_heic(), tmp_path / "upload"
    at = content.index(cut)
    for broken in (content[: at + 6], content[:at] + b"xxxx" + content[at + 4 :], content[: at + 4] + b"\xff" * 64):
        path.write_bytes(broken)
        assert space_in(path, HEIC, pictures.plain()) in (None, space_of(12, 13))


def bits(*fields):
    """The bytes of pairs of value and width, filled up with zeros."""
    text = "".join(f"{value:0{width}b}" for value, width in fields)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


SIZE = [(5, 4), (5, 4), (63, 6), (47, 6)]
DESCRIPTION = [(0, 1), (0, 1), (1, 1), (9, 8), (16, 8), (9, 8)]
STILL = [(0, 3), (1, 1), (1, 1), (0, 5), *SIZE, (0, 3), (0, 3), *DESCRIPTION]
"""AV1 specification, section 5.5: reduced_still_picture_header."""
FULL = [
    *[(0, 3), (0, 1), (0, 1)],
    *[(1, 1), (1, 32), (25, 32), (1, 1), (0b00101, 5), (1, 1), (9, 5), (1, 32), (4, 5), (4, 5)],
    *[(1, 1), (0, 5), (0, 12), (8, 5), (1, 1), (1, 1), (0, 21), (1, 1), (3, 4)],
    *[*SIZE, (1, 1), (0, 7), (0, 3), (0, 4), (1, 1), (0, 2), (0, 1), (1, 1), (0, 1), (0, 1), (6, 3), (0, 3)],
    *DESCRIPTION,
]
"""With everything that may stand before the colours: timing, decoder model, tier, display delay, order hint."""


def unit(kind, content):
    return bytes([kind << 3 | 2, len(content)]) + content


@pytest.mark.parametrize("header", [STILL, FULL], ids=["still", "full"])
def test_the_numbers_of_an_av1_sequence_header(header):
    units = unit(2, b"") + unit(1, bits(*header)) + unit(6, b"pixels")
    assert av1.colour_numbers(units) == (9, 16)


def test_an_av1_stream_without_numbers_has_none():
    without = [*STILL[: -len(DESCRIPTION)], (0, 1), (0, 1), (0, 1)]
    assert av1.colour_numbers(unit(1, bits(*without))) is None
    assert av1.colour_numbers(b"") is None
    assert av1.colour_numbers(b"\xff" * 64) is None


# ---- Files that people reported ----------------------------------------------------------------

REPORTED = {
    "n22e_cicp_pq2020.png": (112, 118, 28),
    "n22f_cicp_p3.png": (119, 125, 77),
    "n22a_gama_1.0.png": (170, 177, 152),
    "tests__data__kodim03_grayscale_gamma1.6.png": (129, 130, 130),
    "tests__data__seine_hdr_srgb.avif": (157, 159, 156),
    "tests__data__colors_text_wcg_sdr_rec2020.avif": (185, 173, 100),
    "a30b_seinehdr_nocolr.avif": (157, 159, 156),
}
"""The mean of all pixels as Chromium 156 shows them."""


@needs_corpus
@pytest.mark.parametrize("name", REPORTED)
def test_reported_files_have_the_colours_of_a_browser(shown, name):
    picture = shown((CORPUS / "reported" / name).read_bytes())
    near(ImageStat.Stat(picture).mean, REPORTED[name], within=6)


@needs_corpus
def test_a_reported_hdr_sky_is_not_clipped(shown):
    picture = shown((CORPUS / "reported" / "tests__data__seine_hdr_srgb.avif").read_bytes())
    white = sum(min(pixel) >= 254 for pixel in picture.get_flattened_data())
    assert white / (picture.width * picture.height) < 0.01


# ---- Profiles that say sRGB ------------------------------------------------------------------


def test_a_profile_that_is_srgb_by_another_name_costs_no_conversion(shown, monkeypatch):
    converted = []
    apply = ImageCms.applyTransform
    monkeypatch.setattr(
        ImageCms, "applyTransform", lambda picture, *a: converted.append(picture.size) or apply(picture, *a)
    )
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    size = (64, 48)
    shown(pictures.jpeg_bytes(*size, icc_profile=srgb))
    assert size not in converted
    shown(pictures.jpeg_bytes(*size, icc_profile=space_of(12, 13)))
    assert size in converted
