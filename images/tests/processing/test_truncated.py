"""JPEGs without their end: shown as far as they can be read, marked, and never taken for whole."""

import random
from io import BytesIO

import pytest
from PIL import Image

from images.processing import Damaged, Limits
from images.processing.render import render
from images.processing.truncated import readable_share
from images.tests import pictures
from images.tests.corpus import CORPUS, needs_corpus

END = b"\xff\xd9"
KINDS = {
    "baseline": ("RGB", {}),
    "full colour": ("RGB", {"subsampling": 0}),
    "grey": ("L", {}),
    "CMYK": ("CMYK", {}),
    "restarts": ("RGB", {"restart_marker_blocks": 7}),
}


def noise(size=(640, 480)):
    """Each row has about as many bytes as any other. The same in each run, unlike that of Pillow."""
    return Image.frombytes("L", size, random.Random(1).randbytes(size[0] * size[1]))


def noisy(kind="baseline", size=(640, 480)):
    mode, options = KINDS[kind]
    return pictures.saved(noise(size).convert(mode), "JPEG", quality=85, **options)


def progressive():
    return pictures.saved(noise().convert("RGB"), "JPEG", progressive=True)


@pytest.fixture
def rendered(tmp_path):
    def write_and_render(content):
        path = tmp_path / "upload"
        path.write_bytes(content)
        return render(path, tmp_path, Limits())

    return write_and_render


def shortened(content, share):
    return content[: int(len(content) * share)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.97, 0.93])
def test_the_rows_that_the_decoder_produces_are_counted(kind, share):
    assert abs(readable_share(shortened(noisy(kind), share)) - share) < 0.035


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_that_lacks_its_last_rows_is_shown_and_marked(rendered, kind):
    result = rendered(shortened(noisy(kind), 0.96))
    assert (result.width, result.height, result.damage.code) == (640, 480, "truncated")
    assert result.damage.detail in {
        f"Part of this picture is missing: {percent} % of it can be read." for percent in range(91, 97)
    }


@pytest.mark.parametrize("make", [noisy, progressive])
def test_a_jpeg_that_lacks_its_end_alone_is_shown_whole_and_marked(rendered, tmp_path, make):
    whole = make()
    assert whole.endswith(END)
    result = rendered(whole[:-2])
    assert result.damage.detail.startswith("The end of this file is missing")
    cut = (tmp_path / result.variants["large"].file).read_bytes()
    assert rendered(whole).damage is None
    assert (tmp_path / result.variants["large"].file).read_bytes() == cut


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.85, 0.5, 0.1])
def test_below_ninety_percent_it_fails_and_says_how_much_there_is(rendered, kind, share):
    with pytest.raises(Damaged, match=r"only \d+ % of it can be read"):
        rendered(shortened(noisy(kind), share))


@pytest.mark.parametrize("kind", KINDS)
def test_an_end_behind_half_a_picture_does_not_make_it_whole(rendered, kind):
    with pytest.raises(Damaged):
        rendered(shortened(noisy(kind), 0.5) + END)
    assert rendered(shortened(noisy(kind), 0.96) + END).damage.code == "truncated"


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_in_place_of_the_rest_are_no_pixels(rendered, kind):
    whole = noisy(kind)
    cut = shortened(whole, 0.96)
    assert rendered(cut.ljust(len(whole), b"\0")).damage.code == "truncated"
    cut = shortened(whole, 0.5)
    with pytest.raises(Damaged):
        rendered(cut.ljust(len(whole), b"\0"))


def test_of_a_progressive_jpeg_only_a_part_of_the_last_pass_may_be_missing(rendered):
    whole = progressive()
    passes = [at for at in range(len(whole)) if whole[at : at + 2] == b"\xff\xda"]
    assert rendered(whole[: passes[-1] + 500]).damage.code == "truncated"
    for at in passes[1:]:
        with pytest.raises(Damaged):
            rendered(whole[:at])


@pytest.mark.parametrize(
    "content",
    [
        pictures.jpeg_bytes(640, 480),
        pictures.jpeg_bytes(640, 480, progressive=True),
        pictures.jpeg_bytes(640, 480) + bytes(2000),
        pictures.jpeg_bytes(1, 1),
        pictures.saved(pictures.plain(300, 9), "MPO", save_all=True, append_images=[pictures.plain()]),
        pictures.many_scans_jpeg_bytes(100),
    ],
)
def test_a_whole_picture_of_one_colour_has_no_mark(rendered, content):
    assert rendered(content).damage is None


def test_the_colours_of_what_can_be_read_are_right(rendered, tmp_path):
    content = pictures.saved(
        pictures.quarters(640, 480), "JPEG", quality=95, exif=pictures.exif_bytes(orientation=3)
    )
    result = rendered(content[:-20])
    with Image.open(BytesIO((tmp_path / result.variants["large"].file).read_bytes())) as picture:
        assert max(abs(a - b) for a, b in zip(picture.getpixel((100, 400)), pictures.GREEN, strict=True)) < 8


@needs_corpus
@pytest.mark.parametrize(
    ("file", "size"), [("m01_no_eoi.jpg", (640, 480)), ("photoprism-thumb-broken.jpg", (705, 725))]
)
def test_what_others_reported_is_shown_with_a_mark(tmp_path, file, size):
    result = render(CORPUS / "reported" / file, tmp_path, Limits())
    assert (result.width, result.height, result.damage.code) == (*size, "truncated")
