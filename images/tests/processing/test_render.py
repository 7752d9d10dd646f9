import base64
from io import BytesIO
from itertools import product

import pytest
from PIL import ExifTags, Image, ImageChops, ImageStat, PngImagePlugin

from images.processing import Damaged, InvalidImage, Limits, TooManyPixels
from images.processing.cicp import space_of
from images.processing.render import render
from images.processing.sizes import RENDER_VERSION, SIZES
from images.tests import pictures

LIMITS = Limits()
CANARY = b"CANARY-7f3a"


@pytest.fixture
def rendered(tmp_path):
    """Render these bytes; the result, and a function that opens a variant by name."""

    def write_and_render(content, limits=LIMITS):
        path = tmp_path / "upload"
        path.write_bytes(content)
        result = render(path, tmp_path, limits)
        return result, lambda name: Image.open(BytesIO((tmp_path / result.variants[name].file).read_bytes()))

    return write_and_render


def sizes(result):
    return {name: (v.width, v.height) for name, v in result.variants.items()}


def near(picture, color, at=None, within=6):
    got = picture.convert("RGB").getpixel(at or (picture.width // 2, picture.height // 2))
    assert max(abs(a - b) for a, b in zip(got, color, strict=True)) <= within, (got, color)


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ((4000, 3000), [(320, 240), (640, 480), (1280, 960), (2048, 1536)]),
        ((3000, 2000), [(320, 213), (640, 427), (1280, 853), (2048, 1365)]),
        ((2000, 3000), [(213, 320), (427, 640), (853, 1280), (1365, 2048)]),
        ((4000, 1000), [(320, 80), (640, 160), (1280, 320), (2048, 512)]),
        # Panoramas: the shorter side is a quarter of a size's px, the longer one at most four times as long.
        ((8192, 1024), [(640, 80), (1280, 160), (2560, 320), (4096, 512)]),
        ((1000, 15000), [(80, 1200), (160, 2400), (320, 4800), (512, 7680)]),
        ((1000, 10), [(1000, 10)] * 4),
        ((9000, 1), [(1280, 1), (2560, 1), (5120, 1), (8192, 1)]),
        ((1, 1), [(1, 1)] * 4),
    ],
)
@pytest.mark.parametrize("make", [pictures.jpeg_bytes, pictures.png_bytes])
def test_the_sizes(rendered, make, original, expected):
    result, opened = rendered(make(*original))
    shrunk_by_decoder = {(4000, 3000): (2000, 1500), (4000, 1000): (2000, 500), (1000, 15000): (500, 7500)}
    if make is pictures.jpeg_bytes and original in shrunk_by_decoder:
        expected = [*expected[:3], shrunk_by_decoder[original]]  # a JPEG's own shrink may fall short by 5 %
    assert list(sizes(result).values()) == expected
    assert [opened(name).size for name in SIZES] == expected
    assert (result.width, result.height) == original


def test_equal_sizes_share_a_file(rendered, tmp_path):
    result, _ = rendered(pictures.jpeg_bytes(700, 500))
    files = [v.file for v in result.variants.values()]
    names = ["thumb", "small", "medium", "medium"]
    assert files == [f"{name}.v{RENDER_VERSION}.jpg" for name in names]
    assert {p.name for p in tmp_path.iterdir()} == {*files, "upload"}


def test_the_bytes_are_those_of_the_file(rendered, tmp_path):
    result, _ = rendered(pictures.jpeg_bytes())
    assert result.variants["thumb"].bytes == (tmp_path / f"thumb.v{RENDER_VERSION}.jpg").stat().st_size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_eight_orientations_look_alike(rendered, orientation):
    result, opened = rendered(pictures.oriented_jpeg_bytes(orientation, 800, 600))
    difference = ImageChops.difference(opened("large").convert("RGB"), pictures.quarters(800, 600))
    assert sizes(result)["large"] == (800, 600)
    assert max(ImageStat.Stat(difference).mean) < 3


@pytest.mark.parametrize("form", ["AVIF", "HEIF", "WEBP", "PNG"])
def test_a_rotation_is_applied_once_in_every_format(rendered, form):
    sideways = pictures.quarters(800, 600).transpose(Image.Transpose.ROTATE_90)
    exif = pictures.exif_bytes(orientation=6)
    _, opened = rendered(pictures.saved(sideways, form, exif=exif, quality=90))
    difference = ImageChops.difference(opened("large").convert("RGB"), pictures.quarters(800, 600))
    assert max(ImageStat.Stat(difference).mean) < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_that_only_exif_turns_is_upright(rendered, orientation):
    """pillow_heif tells of the same orientation where boxes turn the picture, and where only Exif does."""
    heic = pictures.oriented_heic_bytes(orientation, 800, 600)
    for content in (heic, pictures.only_exif_turns(heic)):
        result, opened = rendered(content)
        difference = ImageChops.difference(opened("large").convert("RGB"), pictures.quarters(800, 600))
        assert sizes(result)["large"] == (800, 600)
        assert max(ImageStat.Stat(difference).mean) < 4
    assert (heic != content) == (orientation != 1)


def test_an_orientation_in_xmp_alone_turns_no_heic(rendered):
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    content = pictures.only_exif_turns(pictures.heic_bytes(800, 600, xmp=xmp))
    result, _ = rendered(content)
    assert b"tiff:Orientation" in content
    assert sizes(result)["large"] == (800, 600)


def test_alpha_stays_and_makes_a_webp(rendered):
    result, opened = rendered(pictures.alpha_png_bytes(alpha=100))
    picture = opened("large")
    assert {v.content_type for v in result.variants.values()} == {"image/webp"}
    assert [round(picture.getpixel((x, 20))[3], -1) for x in (10, 50)] == [260, 100]


def test_alpha_that_hides_nothing_is_dropped(rendered):
    result, _ = rendered(pictures.alpha_png_bytes(alpha=255))
    assert result.variants["large"].content_type == "image/jpeg"


@pytest.mark.parametrize(
    ("picture", "options"),
    [
        (pictures.plain(color=0, mode="L"), {"transparency": 0}),
        (pictures.plain(), {"transparency": pictures.RED}),
        (pictures.plain(mode="P", color=3), {"transparency": 3}),
        (pictures.plain(mode="1", color=0), {"transparency": 0}),
        (pictures.plain(mode="LA", color=(9, 0)), {}),
        (pictures.plain(mode="I;16", color=65535), {"transparency": 65535}),
    ],
    ids=lambda value: getattr(value, "mode", None),
)
def test_every_kind_of_transparency_stays(rendered, picture, options):
    _, opened = rendered(pictures.saved(picture, "PNG", **options))
    assert opened("large").getextrema()[-1] == (0, 0)


def test_16_bit_grey_is_scaled_not_clipped(rendered):
    _, opened = rendered(pictures.grey16_png_bytes(value=40_000))
    near(opened("large"), (156, 156, 156), within=2)


def test_one_bit_stays_black_and_white(rendered):
    _, opened = rendered(pictures.saved(pictures.plain(mode="1", color=1), "PNG"))
    near(opened("large"), (255, 255, 255), within=2)


def test_cmyk_looks_as_its_colours(rendered):
    _, opened = rendered(pictures.cmyk_jpeg_bytes(400, 400))
    near(opened("large"), pictures.RED, at=(100, 100), within=8)
    near(opened("large"), pictures.WHITE, at=(300, 300), within=8)


def p3_to_srgb(color):
    """Display P3 to sRGB by the matrix of CSS Color 4, section 10.12; the curve is the same."""
    light = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in color)]
    matrix = ((1.2249, -0.2249, 0.0), (-0.0420, 1.0420, 0.0), (-0.0197, -0.0786, 1.0983))
    out = [max(0.0, min(1.0, sum(m * v for m, v in zip(row, light, strict=True)))) for row in matrix]
    return [round(255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055)) for v in out]


P3_COLOR = (200, 120, 90)


@pytest.fixture(scope="session")
def p3_icc():
    return space_of(12, 13)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_display_p3_becomes_srgb(rendered, p3_icc, form):
    p3 = pictures.plain(color=P3_COLOR)
    _, opened = rendered(pictures.saved(p3, form, quality=95, icc_profile=p3_icc))
    near(opened("large"), p3_to_srgb(P3_COLOR), within=4)
    assert max(abs(a - b) for a, b in zip(p3_to_srgb(P3_COLOR), P3_COLOR, strict=True)) > 8


def test_display_p3_by_number_becomes_srgb(rendered):
    p3 = pictures.plain(color=P3_COLOR)
    options = {
        "color_primaries": 12,
        "transfer_characteristics": 13,
        "matrix_coefficients": 6,
        "full_range_flag": 1,
    }
    _, opened = rendered(pictures.saved(p3, "HEIF", quality=95, nclx_profile=options))
    near(opened("large"), p3_to_srgb(P3_COLOR), within=4)


@pytest.mark.parametrize("profile", [b"", b"nonsense", b"\0" * 3000])
def test_a_broken_profile_is_ignored(rendered, profile):
    _, opened = rendered(pictures.jpeg_bytes(icc_profile=profile))
    near(opened("large"), pictures.RED)


def test_an_animation_shows_its_first_frame(rendered):
    _, opened = rendered(pictures.gif_bytes(colors=[pictures.GREEN, pictures.BLUE, pictures.RED]))
    near(opened("large"), pictures.GREEN)
    assert getattr(opened("large"), "n_frames", 1) == 1


def with_canaries(form, picture):
    """The picture with the canary in all metadata that its format can hold."""
    text = CANARY.decode()
    exif = pictures.exif_bytes(make=text, description=text, gps=True)
    options = {"exif": exif, "xmp": b"<x:xmpmeta>" + CANARY + b"</x:xmpmeta>"}
    if form == "PNG":
        png = PngImagePlugin.PngInfo()
        png.add_text("Comment", text)
        png.add_itxt("XML:com.adobe.xmp", text)
        options = {"exif": exif, "pnginfo": png}
    if form == "GIF":
        options = {}
    if form in ("JPEG", "GIF"):
        options["comment"] = CANARY
    return pictures.saved(picture, form, **options) + CANARY


@pytest.mark.parametrize(
    ("form", "mode"),
    [("JPEG", "RGB"), *product(["PNG", "GIF", "WEBP", "AVIF", "HEIF"], ["RGB", "RGBA"])],
)
def test_no_metadata_survives(rendered, tmp_path, form, mode):
    picture = pictures.plain(400, 300, mode=mode, color=(0, 0, 0, 0) if mode == "RGBA" else pictures.RED)
    content = with_canaries(form, picture)
    result, opened = rendered(content)
    assert content.count(CANARY) >= 2
    for name, variant in result.variants.items():
        left = (tmp_path / variant.file).read_bytes()
        found = opened(name)
        assert CANARY not in left
        assert not any(word in left for word in (b"Exif", b"ICC_PROFILE", b"http", b"xmp"))
        assert not found.getexif()
        assert not {"exif", "comment", "icc_profile", "xmp"} & set(found.info)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        *[("JPEG", Damaged), ("PNG", Damaged), ("GIF", Damaged), ("HEIF", Damaged)],
        # Their decoders see the end of the file at once, so the probe refuses it already.
        *[("WEBP", InvalidImage), ("AVIF", InvalidImage)],
    ],
)
def test_a_truncated_file_is_never_half_a_picture(rendered, form, error):
    noise = Image.effect_noise((300, 200), 90).convert("RGB")
    whole = pictures.saved(noise, form)
    with pytest.raises(error):
        rendered(whole[: len(whole) * 2 // 3])


def test_the_pixel_limit_counts_before_decoding(rendered):
    with pytest.raises(TooManyPixels):
        rendered(pictures.png_bytes(101, 100), Limits(max_pixels=10_000))


@pytest.mark.parametrize(
    "content", [pictures.jpeg_bytes(), pictures.alpha_png_bytes(), pictures.jpeg_bytes(900, 1)]
)
def test_the_placeholder_is_a_thumbhash(rendered, content):
    result, _ = rendered(content)
    assert 5 <= len(base64.b64decode(result.placeholder, validate=True)) <= 30


def test_a_location_is_nowhere_in_the_variants(rendered, tmp_path):
    result, opened = rendered(pictures.jpeg_bytes(exif=pictures.exif_bytes(gps=True)))
    assert dict(opened("large").getexif().get_ifd(ExifTags.IFD.GPSInfo)) == {}
    with Image.open(BytesIO((tmp_path / result.variants["thumb"].file).read_bytes())) as picture:
        assert "exif" not in picture.info
