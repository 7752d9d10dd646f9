"""Names in an archive can be saved on Windows, macOS and Linux, side by side, and lead nowhere else."""

import pytest

from images.delivery.file_names import UniqueNames, name_in_archive, portable, save_as

EMOJI = "\U0001f30a"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sea.jpg", "sea.jpg"),
        ("海 ☀ é.jpg", "海 ☀ é.jpg"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\evil.jpg", "_.._evil.jpg"),
        ("/absolute.jpg", "_absolute.jpg"),
        ("C:evil.jpg", "C_evil.jpg"),
        ('a<b>c:d"e|f?g*h.jpg', "a_b_c_d_e_f_g_h.jpg"),
        ("a\x00b\nc.jpg", "a_b_c.jpg"),
        ("trailing dots...", "trailing dots"),
        ("trailing space ", "trailing space"),
        (".hidden.jpg", "hidden.jpg"),
        ("...", "image"),
        ("", "image"),
        ("CON.jpg", "CON_.jpg"),
        ("nul", "nul_"),
        ("Aux .jpg", "Aux_ .jpg"),
        ("lpt9.tar.gz", "lpt9_.tar.gz"),
        ("COM¹.jpg", "COM¹_.jpg"),
        ("console.jpg", "console.jpg"),
        ("com10.jpg", "com10.jpg"),
        (EMOJI * 255, EMOJI * 63),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
    ],
)
def test_a_name_can_be_saved_everywhere(name: str, expected: str) -> None:
    assert portable(name) == expected
    assert portable(expected) == expected


@pytest.mark.parametrize(
    ("name", "file", "in_archive", "alone"),
    [
        ("IMG_1.HEIC", "original.heic", "IMG_1.HEIC", "IMG_1.HEIC"),
        ("IMG_1.HEIC", "large.v2.jpg", "IMG_1.jpg", "IMG_1-large.jpg"),
        ("logo.png", "thumb.v2.webp", "logo.webp", "logo-thumb.webp"),
        ("sea", "original.jpg", "sea.jpg", "sea.jpg"),
        ("sea.php", "original.jpg", "sea.jpg", "sea.jpg"),
        ("a/b.jpg", "large.v2.jpg", "a_b.jpg", "a/b-large.jpg"),
    ],
)
def test_the_ending_is_that_of_the_bytes(name: str, file: str, in_archive: str, alone: str) -> None:
    assert name_in_archive(name, file) == in_archive
    assert save_as(name, file) == alone


def numbered(*names: str) -> list[str]:
    unique = UniqueNames()
    return [unique.unique(name) for name in names]


def test_equal_names_are_numbered_whatever_their_case() -> None:
    assert numbered("a.jpg", "A.JPG", "a.jpg", "b.jpg") == ["a.jpg", "A (2).JPG", "a (3).jpg", "b.jpg"]
    assert numbered("straße.jpg", "STRASSE.jpg") == ["straße.jpg", "STRASSE (2).jpg"]
    assert numbered("e\u0301.jpg", "\xe9.jpg") == ["e\u0301.jpg", "\xe9 (2).jpg"]


def test_a_number_that_is_taken_is_passed_over() -> None:
    assert numbered("a (2).jpg", "a.jpg", "a.jpg", "a (2).jpg") == [
        "a (2).jpg",
        "a.jpg",
        "a (3).jpg",
        "a (2) (2).jpg",
    ]
    assert numbered("a", "a") == ["a", "a (2)"]


def test_long_names_stay_different_and_short_enough() -> None:
    names = numbered(*[portable(EMOJI * 255 + ".jpg")] * 12)
    assert len(set(names)) == 12
    assert all(len(name.encode()) <= 255 and name.endswith(".jpg") for name in names)


def test_a_hundred_thousand_equal_names_are_numbered_at_once() -> None:
    names = numbered(*["IMG.jpg"] * 100_000)
    assert (len(set(names)), names[-1]) == (100_000, "IMG (100000).jpg")
