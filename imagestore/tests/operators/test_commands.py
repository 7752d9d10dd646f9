"""What operators type."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from albums.models import Album
from images.models import Image
from images.tests.helpers import colours, in_staging, user
from images.tests.pictures import png_bytes

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


def run(*args, **options):
    out, err = StringIO(), StringIO()
    call_command(*args, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def albums_of(owner):
    rows = Album.objects.owned_by(owner).order_by("title")
    return {album.title: sorted(album.images.values_list("name", flat=True)) for album in rows}


def test_folders_become_albums_and_a_bad_file_stops_nothing(folder):
    alice = user()
    out, err = run("import_folder", "Alice@Example.org", folder)
    assert albums_of(alice) == {"Iceland / Day 1": ["c.jpg"], "Pictures": ["a.jpg", "b.jpg"]}
    assert out.strip() == "3 imported, 1 refused"
    assert "notes.txt: " in err
    assert in_staging() == []


def test_importing_again_changes_nothing(folder):
    alice = user()
    run("import_folder", alice.email, folder)
    before = list(Image.objects.values_list("pk", flat=True))
    out, _ = run("import_folder", alice.email, folder)
    assert out.strip() == "1 refused, 3 there already"
    assert list(Image.objects.values_list("pk", flat=True)) == before
    assert Album.objects.count() == 2


def test_a_dry_run_says_what_would_come_and_does_nothing(folder):
    alice = user()
    out, _ = run("import_folder", alice.email, folder, dry_run=True)
    assert out.splitlines() == ["Iceland / Day 1: 1 files to look at", "Pictures: 3 files to look at"]
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
        "staging files removed: 0",
        "expired logins removed: 0",
        "sums set right: 0",
        "originals scrubbed: 0",
    ]
