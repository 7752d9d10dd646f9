"""A file that is no picture is refused with a reason, and nothing of it is stored."""

import pytest

from images.processing.sizes import SIZES
from images.tests.corpus import CORPUS, needs_corpus
from images.tests.pictures import (
    jpeg_bytes,
    many_chunks_png_bytes,
    many_scans_jpeg_bytes,
    plain,
    png_bytes,
    raw_bytes,
    saved,
)
from tests.bad_input.samples import HTML, SVG, assert_problem, bmp_that_claims, bomb, png_that_claims
from tests.people import Person

SMALL = jpeg_bytes(16, 12)
FILES = {
    "an empty file": (b"", 415, "unsupported_format"),
    "one byte": (b"\xff", 415, "unsupported_format"),
    "text named .jpg": (b"Dear store, this is no picture.\n" * 50, 415, "unsupported_format"),
    "SVG": (SVG, 415, "unsupported_format"),
    "HTML": (HTML, 415, "unsupported_format"),
    "PDF": (b"%PDF-1.7\n1 0 obj\n", 415, "unsupported_format"),
    "a TIFF that claims a circle of directories": (b"II*\0\x08\0\0\0\0\0\x08\0\0\0", 400, "invalid_image"),
    "a BMP of 3.6 billion pixels": (bmp_that_claims(60_000, 60_000), 413, "too_many_pixels"),
    "a RAW file without a preview": (
        raw_bytes("DNG", b"").replace(SMALL, bytes(len(SMALL))),
        415,
        "unsupported_format",
    ),
    "ICO": (saved(plain(64, 64), "ICO"), 415, "unsupported_format"),
    "JPEG 2000": (saved(plain(), "JPEG2000"), 415, "unsupported_format"),
    "zeros": (bytes(4096), 415, "unsupported_format"),
    "the beginning of a JPEG alone": (b"\xff\xd8\xff\xe0\x00\x10JFIF", 400, "invalid_image"),
    "the beginning of a PNG alone": (png_bytes()[:20], 400, "invalid_image"),
    "a JPEG of 101 scans": (many_scans_jpeg_bytes(101), 400, "invalid_image"),
    "a PNG whose header takes seconds to read": (many_chunks_png_bytes(1_500_000), 400, "invalid_image"),
    "a PNG without pixels": (png_that_claims(0, 0, b""), 400, "invalid_image"),
    "a PNG of 900 million pixels": (bomb(), 413, "too_many_pixels"),
    "a PNG that claims 4 billion pixels": (png_that_claims(65_535, 65_535, b"\0"), 413, "too_many_pixels"),
}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("what", FILES)
def test_what_is_no_picture_is_refused(alice: Person, album: str, what: str) -> None:
    content, status, code = FILES[what]
    assert_problem(alice.upload(album, content, "photo.jpg"), status, code)


@needs_corpus
@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("gen__empty.jpg", 415, "unsupported_format"),
        ("gen__html.png", 415, "unsupported_format"),
        ("gen__svg_as.jpg", 415, "unsupported_format"),
        ("gen__xss.svg", 415, "unsupported_format"),
        ("gen__billion_laughs.svg", 415, "unsupported_format"),
        ("gen__bomb_1bit_30000x30000.png", 413, "too_many_pixels"),
        ("gen__dims_2147483647.png", 413, "too_many_pixels"),
        ("gen__dims_zero.png", 400, "invalid_image"),
        ("gen__webp_16383.webp", 413, "too_many_pixels"),
        ("gen__magic_only.jpg", 400, "invalid_image"),
        ("fuzzdb__lottapixel.jpg", 413, "too_many_pixels"),
        ("lychee__pdf.pdf", 415, "unsupported_format"),
        ("image__Bad_height.bmp", 413, "too_many_pixels"),
    ],
)
def test_hostile_files_of_the_corpus_are_refused(
    alice: Person, album: str, name: str, status: int, code: str
) -> None:
    assert_problem(alice.upload(album, (CORPUS / "hostile" / name).read_bytes(), name), status, code)


def test_a_picture_cut_in_half_ends_failed_with_a_reason(alice: Person, album: str) -> None:
    whole = saved(plain(1200, 900).effect_spread(40), "JPEG", quality=95)
    image = alice.upload(album, whole[: len(whole) // 2]).json()
    [failed] = alice.finished(album, [image["id"]])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "damaged")
    assert len(failed["error"]["detail"]) > 10
    assert failed["variants"] == dict.fromkeys(SIZES)
    answer = alice.get(f"images/{image['id']}/file/?size=thumb", expect=409)
    assert (answer.json()["code"], "Retry-After" in answer.headers) == ("not_ready", False)
    alice.delete(f"images/{image['id']}/?permanent=true", expect=204)
