"""Folders become albums: what is stored, what is not, and when a run stops."""

import os
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError

from albums.models import Album
from images.importing import importer
from images.models import Image
from images.services import delete_images
from images.storage import identity
from images.tests.helpers import colours, in_staging, lose, original_bytes, stored, user
from images.tests.importing.trees import albums_of, imported, left_out, tree
from images.tests.pictures import exif_bytes, jpeg_bytes
from images.uploads import probing, staging
from tests.seaweed import on_s3

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice():
    return user()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(importer, "RETRY_PAUSES_SECONDS", ())


def test_names_that_are_not_utf8_stop_nothing(alice, tmp_path):
    first, second, third = colours(3)
    top = tree(tmp_path / "top", {b"a\xff/b\xe9.jpg": first, "Rose\u0301/c\u0301.jpg": second, "z/d.jpg": third})
    report = imported(alice, top)
    assert (report.stored, report.exit_code) == (3, 0)
    assert albums_of(alice) == {"a\u00ff": ["b\u00e9.jpg"], "Ros\u00e9": ["\u0107.jpg"], "z": ["d.jpg"]}


def test_titles_that_a_database_counts_as_equal_are_albums_of_their_own(alice, tmp_path):
    names = ["Rose", "Rosé", "foto", "Foto", "\U0001f600", "\U0001f389"]
    top = tree(tmp_path / "top", {f"{name}/a.jpg": jpeg_bytes() for name in names})
    for stored_now in (6, 0):
        assert imported(alice, top).stored == stored_now
        assert albums_of(alice) == {name: ["a.jpg"] for name in names}


def test_a_bad_file_stops_nothing_and_is_listed(alice, tmp_path, settings, monkeypatch):
    settings.MAX_UPLOAD_BYTES = 5000
    files = {"a.jpg": jpeg_bytes(), "film.mp4": b"\0\0\0\x18ftypmp42" + bytes(300), "empty.jpg": b""}
    files |= {"cut.jpg": jpeg_bytes()[:40], "long.jpg": jpeg_bytes() + bytes(5000), "texts/only.txt": b"x"}
    top = tree(
        tmp_path / "top", {**files, "z.jpg": jpeg_bytes(color=(9, 9, 9)), "secret.jpg": b"x", "odd.jpg": b"x"}
    )
    begins_as_picture = probing.begins_as_picture

    def fail(path):
        if path.name == "secret.jpg":
            raise PermissionError(13, "Permission denied", str(path))
        if path.name == "odd.jpg":
            raise ZeroDivisionError
        return begins_as_picture(path)

    monkeypatch.setattr(importer, "begins_as_picture", fail)
    report = imported(alice, top)
    not_picture = "not a picture we can read"
    assert left_out(report, top) == {
        "film.mp4": not_picture,
        "empty.jpg": not_picture,
        "cut.jpg": "this picture cannot be read",
        "long.jpg": "the file is too large",
        "texts/only.txt": not_picture,
        "secret.jpg": "file cannot be read",
        "odd.jpg": "an error of ours",
    }
    assert (report.stored, report.exit_code, report.stopped) == (2, 1, "")
    # A folder of texts makes no album.
    assert albums_of(alice) == {"top": ["a.jpg", "z.jpg"]}
    assert in_staging() == []


def test_an_import_leaves_out_what_needs_one_album_too_many(alice, settings, tmp_path):
    settings.MAX_ALBUMS = 1
    top = tree(tmp_path / "top", {f"{number}/{number}.jpg": content for number, content in enumerate(colours(2))})
    report = imported(alice, top)
    assert [one.reason for one in report.left_out] == ["no room left"]
    assert Album.objects.count() == 1


def test_a_full_quota_is_no_outage(alice, tmp_path):
    alice.quota_bytes = 700
    alice.save()
    top = tree(tmp_path / "top", {f"{number}.jpg": content for number, content in enumerate(colours(15))})
    report = imported(alice, top)
    assert {one.reason for one in report.left_out} == {"no room left"}
    assert (report.stored + len(report.left_out), report.exit_code) == (15, 1)


def test_a_second_run_stores_nothing_and_puts_back_what_was_lost(alice, tmp_path):
    top = tree(tmp_path / "top", {f"{number}.jpg": content for number, content in enumerate(colours(3))})
    imported(alice, top)
    first, second, _ = Image.objects.order_by("name")
    lose(first.original_file)
    delete_images(alice, Image.objects.filter(pk=second.pk))
    report = imported(alice, top)
    assert (report.stored, report.known, report.exit_code) == (0, 3, 0)
    assert original_bytes(first) == (top / "0.jpg").read_bytes()
    assert albums_of(alice) == {"top": ["0.jpg", "1.jpg", "2.jpg"]}
    assert Image.objects.living().count() == 3


# ---- Outages ---------------------------------------------------------------------------------


def pictures(tmp_path, count=200):
    content = jpeg_bytes()
    return tree(tmp_path / "top", {f"{number:03}.jpg": content + str(number).encode() for number in range(count)})


@pytest.mark.skipif(on_s3(), reason="takes the folder away")
def test_a_run_stops_when_the_storage_goes(alice, tmp_path, settings, monkeypatch):
    top, receive = pictures(tmp_path), importer.receive
    settings.STORAGE_WORKERS = 2

    def go_then_receive(album, staged, **known):
        if staged.name >= "005.jpg":
            lose(identity.NAME)
        return receive(album, staged, **known)

    monkeypatch.setattr(importer, "receive", go_then_receive)
    report = imported(alice, top)
    assert report.exit_code == 2
    assert "image-store" in report.stopped
    assert report.stored >= 4
    # Those that were under way, at most.
    assert len(report.left_out) <= 3
    assert report.stored + len(report.left_out) + report.untried == 200
    assert f"not tried: {report.untried}" in report.counts()


def test_a_run_does_not_begin_on_a_storage_that_is_not_ours(alice, tmp_path):
    lose(identity.NAME)
    with pytest.raises(OSError, match="image-store"):
        imported(alice, pictures(tmp_path, 1))
    assert (stored(), Album.objects.count()) == (set(), 0)


def test_a_run_stops_after_ten_files_that_find_no_place(alice, tmp_path, settings):
    settings.STAGING_MIN_FREE_BYTES = 10**18
    report = imported(alice, pictures(tmp_path))
    assert (report.exit_code, report.stored) == (2, 0)
    assert 10 <= len(report.left_out) <= 10 + settings.STORAGE_WORKERS
    assert {one.reason for one in report.left_out} == {"the image storage is not available"}


def test_a_file_is_tried_again_after_a_moment_without_the_database(alice, tmp_path, monkeypatch):
    monkeypatch.setattr(importer, "RETRY_PAUSES_SECONDS", (0,))
    receive, failed = importer.receive, []

    def fail_once(album, staged, **known):
        if staged.name not in failed:
            failed.append(staged.name)
            raise OperationalError(2006, "Server has gone away")
        return receive(album, staged, **known)

    monkeypatch.setattr(importer, "receive", fail_once)
    report = imported(alice, pictures(tmp_path, 5))
    assert (report.stored, report.exit_code, len(failed)) == (5, 0, 5)


def test_a_staging_that_cannot_be_written_is_not_the_fault_of_the_file(alice, tmp_path, monkeypatch):
    def fail():
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(staging, "scratch_folder", fail)
    report = imported(alice, pictures(tmp_path, 1))
    assert [one.reason for one in report.left_out] == ["the image storage is not available"]


def test_an_interrupted_run_reports_what_it_did(alice, tmp_path, settings):
    settings.STORAGE_WORKERS = 1

    def interrupt(done, total):
        if done == 3:
            raise KeyboardInterrupt

    report = importer.import_folder(alice, pictures(tmp_path), interrupt)
    assert (report.exit_code, report.stored, report.untried) == (2, 3, 197)
    assert Image.objects.count() < 10


# ---- Sidecars --------------------------------------------------------------------------------


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    b'xmp:Rating="5" exif:DateTimeOriginal="2014-03-02T10:11:12.345+02:00"/></rdf:RDF></x:xmpmeta>'
)


def test_a_sidecar_dates_a_picture_that_has_no_date(alice, tmp_path):
    dated = jpeg_bytes(exif=exif_bytes(taken="2001:02:03 04:05:06"))
    files = {
        "a.jpg": jpeg_bytes(),
        "a.jpg.xmp": XMP,
        "b.jpg": dated,
        "b.xmp": XMP,
        "c.jpg": jpeg_bytes(color=(1, 2, 3)),
    }
    report = imported(alice, tree(tmp_path / "top", files))
    assert (report.stored, report.sidecars, report.exit_code) == (3, 2, 0)
    first, second, third = Image.objects.order_by("name")
    assert first.taken_at.isoformat() == "2014-03-02T10:11:12.345000+00:00"
    assert (first.taken_offset_minutes, first.taken_from) == (120, "sidecar")
    assert first.sorted_at == first.taken_at
    assert second.taken_at.isoformat() == "2001-02-03T04:05:06+00:00"
    assert (first.favourite, second.favourite, third.favourite, third.taken_from) == (True, True, False, "file")


def test_a_sidecar_that_cannot_be_read_is_listed_and_its_picture_stored(alice, tmp_path):
    files = {"a.jpg": jpeg_bytes(), "a.xmp": b"<broken", "lone.xmp": XMP}
    top = tree(tmp_path / "top", files)
    report = imported(alice, top)
    assert (report.stored, report.sidecars, report.exit_code) == (1, 0, 1)
    assert left_out(report, top) == {"a.xmp": "sidecar cannot be read", "lone.xmp": "sidecar without its picture"}


# ---- The command -----------------------------------------------------------------------------


def test_the_command_prints_names_that_a_terminal_must_not_see(alice, tmp_path):
    top = tree(tmp_path / "top", {b"a\xff\x1b[31m\n.txt": b"x"})
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("import_folder", alice.email, top, stdout=out, stderr=err)
    assert end.value.code == 1
    assert os.path.basename(str(top)) + r"/a\udcff\x1b[31m\n.txt: not a picture we can read." in err.getvalue()  # noqa: PTH119
    assert len(err.getvalue().splitlines()) == 1
