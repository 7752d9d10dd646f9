"""What operators type."""

import os
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError

from albums.models import Album
from images.models import Image
from images.tests.helpers import colours, in_staging, user
from images.tests.pictures import exif_bytes, jpeg_bytes, png_bytes
from imagestore.tests.operators.helpers import run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path):
    """Two pictures and a text at the top, one picture in a sub-folder, and what is not meant."""
    top = tmp_path / "Pictures"
    (top / "Iceland" / "Day 1").mkdir(parents=True)
    first, second, third = colours(3)
    (top / "a.jpg").write_bytes(first)
    (top / "b.jpg").write_bytes(second)
    (top / "notes.txt").write_text("text")
    (top / "Iceland" / "Day 1" / "c.jpg").write_bytes(third)
    (top / ".hidden.jpg").write_bytes(png_bytes())
    (top / "link.jpg").symlink_to(top / "a.jpg")
    return top


def albums_of(owner):
    rows = Album.objects.owned_by(owner).order_by("title")
    return {album.title: sorted(album.images.values_list("name", flat=True)) for album in rows}


def test_folders_become_albums_and_a_bad_file_stops_nothing(folder):
    alice = user()
    out, err = run("import_folder", "Alice@Example.org", folder, ends=1)
    assert albums_of(alice) == {"Iceland / Day 1": ["c.jpg"], "Pictures": ["a.jpg", "b.jpg"]}
    assert out.splitlines()[:3] == ["stored: 3", "there already: 0", "read from sidecars: 0"]
    assert "not stored: 2" in out.splitlines()
    assert "notes.txt: " in err
    assert ".hidden.jpg: hidden" in err
    assert in_staging() == []


def test_importing_again_changes_nothing(folder):
    alice = user()
    run("import_folder", alice.email, folder, ends=1)
    before = list(Image.objects.values_list("pk", flat=True))
    out, _ = run("import_folder", alice.email, folder, ends=1)
    assert out.splitlines()[:2] == ["stored: 0", "there already: 3"]
    assert list(Image.objects.values_list("pk", flat=True)) == before
    assert Album.objects.count() == 2


def test_only_a_picture_without_a_date_gets_the_time_of_its_file(tmp_path):
    scanned = datetime(2012, 3, 4, 5, 6, 7, tzinfo=UTC).timestamp()
    camera = exif_bytes(taken="2001:02:03 04:05:06")
    day = exif_bytes(taken="1965:01:01")
    red, green, blue, grey = colours(4)
    in_folder = {
        "scan.jpg": (red, scanned + 0.25),
        "photo.jpg": (jpeg_bytes(exif=camera), scanned),
        "slide.jpg": (jpeg_bytes(exif=day), scanned),
        "epoch.jpg": (green, 0),
        "zip.jpg": (blue, datetime(1980, 1, 1, tzinfo=UTC).timestamp()),
        "future.jpg": (grey, datetime(2999, 1, 1, tzinfo=UTC).timestamp()),
    }
    top = tmp_path / "top"
    top.mkdir()
    for name, (content, file_time) in in_folder.items():
        (top / name).write_bytes(content)
        os.utime(top / name, (file_time, file_time))
    run("import_folder", user().email, top)
    rows = {image.name: image for image in Image.objects.all()}
    assert {
        name: (str(image.taken_clock), image.taken_offset, image.taken_from) for name, image in rows.items()
    } == {
        "scan.jpg": ("2012-03-04 05:06:07.250000", "+00:00", "file"),
        "photo.jpg": ("2001-02-03 04:05:06", None, "camera"),
        "slide.jpg": ("1965-01-01 00:00:00", None, "day"),
        "epoch.jpg": ("None", None, ""),
        "zip.jpg": ("None", None, ""),
        "future.jpg": ("None", None, ""),
    }
    assert rows["scan.jpg"].sorted_at == rows["scan.jpg"].taken_at
    assert rows["epoch.jpg"].sorted_at == rows["epoch.jpg"].created_at


def test_a_dry_run_says_what_would_come_and_does_nothing(folder):
    alice = user()
    out, _ = run("import_folder", alice.email, folder, dry_run=True, ends=1)
    assert out.splitlines()[:2] == ["Pictures: 3 files to look at", "Iceland / Day 1: 1 files to look at"]
    assert "  hidden: 1" in out.splitlines()
    assert (albums_of(alice), Image.objects.count()) == ({}, 0)


def test_an_unknown_user_or_folder_is_said_plainly(folder):
    alice = user()
    with pytest.raises(CommandError, match=r"no user bob@example\.org"):
        run("import_folder", "bob@example.org", folder)
    with pytest.raises(CommandError, match="is not a folder"):
        run("import_folder", alice.email, folder / "nowhere")


def test_reconcile_reports_what_it_finished():
    out, _ = run("reconcile")
    assert out.splitlines() == [
        "receptions given up: 0",
        "trash past its days: 0",
        "images removed: 0",
        "expired uploads ended: 0",
        "staging files removed: 0",
        "expired logins removed: 0",
        "expired mails removed: 0",
        "old findings removed: 0",
        "needless purges of the CDN removed: 0",
        "sums set right: 0",
        "words written again: 0",
        "originals scrubbed: 0",
    ]
