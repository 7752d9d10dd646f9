"""Google Takeout: which JSON describes which picture, and what becomes of albums and years."""

import json
from datetime import datetime

import pytest

from images.importing import takeout
from images.importing.importer import IN_TRASH
from images.importing.plan import LISTS_OF_GOOGLE, MOVING_PART
from images.importing.sidecars import Unreadable
from images.models import Image
from images.tests.helpers import colours, user
from images.tests.importing.trees import albums_of, imported, left_out, tree
from images.tests.pictures import jpeg_bytes
from images.uploads.known import Known
from images.uploads.taken import from_sidecar


def clock(*numbers: int) -> datetime:
    return datetime(*numbers)  # noqa: DTZ001


EMOJI = "\U0001f600" * 23
LONG = "Urlaub in Knaufspesch in der Schneifel (38)"


@pytest.mark.parametrize(
    ("picture", "sidecar"),
    [
        ("IMG_1234.jpg", "IMG_1234.jpg.json"),
        ("IMG_1234.jpg", "IMG_1234.jpg.supplemental-metadata.json"),
        ("Screenshot_20231027_123303_Facebook.jpg", "Screenshot_20231027_123303_Facebook.jpg.supple.json"),
        ("PXL_20240101_123456789.PORTRAIT-01.COVER.jpg", "PXL_20240101_123456789.PORTRAIT-01.COVER.jpg.s.json"),
        ("PXL_20240101_123456789.PORTRAIT-01.COVERS.jpg", "PXL_20240101_123456789.PORTRAIT-01.COVERS.jpg..json"),
        (f"{LONG}.JPG", f"{LONG}.JP.json"),
        ("a" * 47 + ".jpg", "a" * 46 + ".json"),
        (EMOJI + ".jpg", EMOJI + ".json"),
        ("IMG_1234(1).jpg", "IMG_1234.jpg(1).json"),
        ("IMG_1234(1).jpg", "IMG_1234.jpg.supplemental-metadata(1).json"),
        ("IMG_20170803_115431469_HDR_PANO(2).jpg", "IMG_20170803_115431469_HDR_PANO.jpg.supplement(2).json"),
        ("IMG(1).jpg", "IMG(1).jpg.json"),
        ("IMG_1234-edited.jpg", "IMG_1234.jpg.json"),
        ("IMG_1234-bearbeitet.jpg", "IMG_1234.jpg.supplemental-metadata.json"),
        ("IMG_1234-edited(1).jpg", "IMG_1234.jpg(1).json"),
        ("IMG_1234(1)-edited.jpg", "IMG_1234.jpg(1).json"),
        ("a" * 43 + "-edi.jpg", "a" * 43 + ".jp.json"),
        ("without ending.jpg", "without ending.json"),
    ],
)
def test_a_picture_finds_its_json(picture, sidecar):
    others = ["IMG_1.jpg.json", "IMG_12345.jpg.json", "metadata.json", "IMG_1234.png.json", "IMG_1234(7).jpg"]
    assert takeout.pair([picture, sidecar, *others])[picture] == sidecar


def test_numbered_pictures_do_not_share():
    names = ["a.jpg", "a(1).jpg", "a(2).jpg", "a.jpg.json", "a.jpg(1).json", "b.jpg", "ab.jpg"]
    assert takeout.pair(names) == {"a.jpg": "a.jpg.json", "a(1).jpg": "a.jpg(1).json"}


def test_the_json_of_a_picture():
    content = {
        "title": "IMG_1234.jpg",
        "description": "Rose\u0301 \ud800\u0000",
        "photoTakenTime": {"timestamp": "1546300800", "formatted": "01.01.2019"},
        "favorited": True,
    }
    known = Known(from_sidecar(clock(2019, 1, 1), 0), "Ros\u00e9", favourite=True)
    assert takeout.read_json(json.dumps(content).encode()) == known
    assert takeout.read_json(b'{"photoTakenTime": {"timestamp": "-86400"}}').taken == from_sidecar(
        clock(1969, 12, 31), 0
    )


@pytest.mark.parametrize("timestamp", [None, "x", "9" * 12, "0"])
def test_a_moment_that_makes_no_sense_is_none(timestamp):
    for moment in ({"timestamp": timestamp}, timestamp, {}):
        content = {"photoTakenTime": moment, "description": 7, "favorited": "yes"}
        assert takeout.read_json(json.dumps(content).encode()) == Known()


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"7", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"]
)
def test_what_is_no_json_of_a_takeout(content):
    for read in (takeout.read_json, takeout.album_title):
        with pytest.raises(Unreadable):
            read(content)


def test_year_folders_in_some_languages():
    years = ["Photos from 2019", "Fotos von 2019", "Photos de 2019", "Foto's uit 1998", "Zdjęcia z 2019"]
    assert [takeout.is_year_folder(name) for name in years] == [True] * 5
    others = ["Photos from Iceland", "2019", "Holiday in 2019", "Photos from 20190", "Photos from 2019 and 2020"]
    assert [takeout.is_year_folder(name) for name in others] == [False] * 5


def test_moving_parts_are_videos_beside_a_picture_of_their_name():
    names = ["a.HEIC", "a.MP4", "a.HEIC.json", "b.MP4", "c.MP.jpg", "c.MP", "d.jpg"]
    assert takeout.moving_parts(names) == {"a.MP4", "c.MP"}


# ---- A whole export --------------------------------------------------------------------------


def described(seconds: int, **more: object) -> bytes:
    return json.dumps({"title": "x", "photoTakenTime": {"timestamp": str(seconds)}, **more}).encode()


@pytest.fixture
def export(tmp_path):
    first, second, third, fourth, fifth, sixth = colours(6)
    google = "Takeout/Google Fotos"
    return tree(
        tmp_path / "export",
        {
            "Takeout/archive_browser.html": b"<html>",
            f"{google}/Island/Metadaten.json": b'{"title": "Island & Gro\xc3\x9fes"}',
            f"{google}/Island/IMG_1.jpg": first,
            f"{google}/Island/IMG_1.jpg.supplemental-metadata.json": described(1546300800, favorited=True),
            f"{google}/Island(1)/Metadaten.json": b'{"title": "Island & Gro\xc3\x9fes"}',
            f"{google}/Island(1)/IMG_9.jpg": sixth,
            f"{google}/Fotos von 2019/IMG_1.jpg": first,
            f"{google}/Fotos von 2019/IMG_1.jpg.supplemental-metadata.json": described(1546300800, favorited=True),
            f"{google}/Fotos von 2019/IMG_1(1).jpg": second,
            f"{google}/Fotos von 2019/IMG_1.jpg(1).json": described(1546387200, description="Zwei"),
            f"{google}/Fotos von 2019/IMG_1(1)-bearbeitet.jpg": third,
            f"{google}/Fotos von 2019/live.jpg": fourth,
            f"{google}/Fotos von 2019/live.MP4": b"\0\0\0\x18ftypmp42",
            f"{google}/Fotos von 2019/gone.jpg": fifth,
            f"{google}/Fotos von 2019/gone.jpg.json": described(1546300800, trashed=True),
            f"{google}/Fotos von 2019/elsewhere.jpg.json": described(1546300800),
            f"{google}/user-generated-memory-titles.json": b"{}",
        },
    )


@pytest.mark.django_db(transaction=True)
def test_a_takeout_becomes_albums_and_each_picture_is_stored_once(export):
    alice = user()
    for stored, known in ((5, 1), (0, 6)):
        report = imported(alice, export, is_takeout=True)
        assert (report.stored, report.known, report.exit_code) == (stored, known, 1)
        assert albums_of(alice) == {
            "Island & Großes": ["IMG_1.jpg"],
            "Island(1)": ["IMG_9.jpg"],
            "Fotos von 2019": ["IMG_1(1)-bearbeitet.jpg", "IMG_1(1).jpg", "live.jpg"],
        }
        assert dict(report.skipped) == {IN_TRASH: 1, LISTS_OF_GOOGLE: 2}
        assert left_out(report, export / "Takeout/Google Fotos/Fotos von 2019") == {
            "live.MP4": MOVING_PART,
            "elsewhere.jpg.json": "sidecar without its picture",
        }
    rows = {image.name: image for image in Image.objects.all()}
    days = {name: image.taken_at.day if image.taken_from == "sidecar" else None for name, image in rows.items()}
    assert days == {
        "IMG_1.jpg": 1,
        "IMG_1(1).jpg": 2,
        "IMG_1(1)-bearbeitet.jpg": 2,
        "live.jpg": None,
        "IMG_9.jpg": None,
    }
    assert [name for name, image in rows.items() if image.favourite] == ["IMG_1.jpg"]
    assert {name for name, image in rows.items() if image.caption == "Zwei"} == {
        "IMG_1(1).jpg",
        "IMG_1(1)-bearbeitet.jpg",
    }


@pytest.mark.django_db(transaction=True)
def test_parts_of_an_export_that_were_unpacked_apart_fill_one_album(tmp_path):
    first, second = colours(2)
    parts = {f"part {number}/Paris/{number}.jpg": content for number, content in enumerate((first, second))}
    report = imported(
        user(),
        tree(tmp_path / "top", {**parts, "part 0/Paris/metadata.json": b'{"title": "Paris"}'}),
        is_takeout=True,
    )
    assert (report.stored, report.exit_code) == (2, 0)
    assert albums_of(Image.objects.first().owner) == {"Paris": ["0.jpg", "1.jpg"]}


@pytest.mark.django_db(transaction=True)
def test_without_the_option_a_json_is_listed_as_what_it_is(tmp_path):
    top = tree(tmp_path / "top", {"a.jpg": jpeg_bytes(), "a.jpg.json": described(1546300800)})
    report = imported(user(), top)
    assert left_out(report, top) == {"a.jpg.json": "not a picture we can read"}
    assert Image.objects.get().taken_from == "file"
