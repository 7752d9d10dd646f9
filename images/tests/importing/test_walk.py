"""What a walk hands on, and that it notes all else."""

import os
from pathlib import Path

import pytest

from images.importing import walk as walking
from images.importing.report import Report
from images.importing.rubbish import kind_of_file, kind_of_folder
from images.importing.titles import shorten, title_of
from images.importing.walk import LINKS, walk
from images.tests.importing.trees import left_out, tree


def walked(top: Path) -> tuple[dict[str, list[str]], Report]:
    report = Report()
    folders = {"/".join(folder.parts): folder.files for folder in walk(str(top), report) if folder.files}
    return folders, report


def test_known_rubbish_is_skipped_and_counted(tmp_path):
    rubbish = [
        "@eaDir/a.jpg/SYNOFILE_THUMB_M.jpg", "b/@eaDir/x.jpg", ".thumbnails/1.jpg", "__MACOSX/._a.jpg",
        "#recycle/a.jpg", "$RECYCLE.BIN/S-1/a.jpg", "lost+found/1", ".Trash-1000/files/a.jpg",
        "System Volume Information/x", "Thumbs.db", "b/thumbs.db",
        ".DS_Store", "._a.jpg", ".picasa.ini", "desktop.ini", ".@__thumb/a.jpg",
    ]  # fmt: skip
    folders, report = walked(tree(tmp_path / "top", dict.fromkeys(["a.jpg", *rubbish], b"x")))
    assert (folders, report.left_out, report.exit_code) == ({"": ["a.jpg"]}, [], 0)
    assert report.skipped.total() == len(rubbish)
    assert (report.skipped["@eaDir"], report.skipped["._…"], report.skipped[".trash-…"]) == (2, 1, 1)


def test_a_name_that_only_looks_like_rubbish_is_kept():
    assert [kind_of_folder(name) for name in ("Recycled art", "thumbnails", "eaDir", "Cache", "MACOSX")] == [""] * 5
    assert [kind_of_file(name) for name in ("Thumbs.db.jpg", "desktop.jpg", "_a.jpg")] == [""] * 3


def test_whatever_else_is_left_out_is_listed_and_the_run_does_not_end_with_0(tmp_path):
    top = tree(tmp_path / "top", {"a.jpg": b"x", ".mine.jpg": b"x", ".mine/b.jpg": b"x"})
    (tmp_path / "outside.jpg").write_bytes(b"x")
    (top / "out.jpg").symlink_to(tmp_path / "outside.jpg")
    (top / "up").symlink_to(tmp_path)
    (top / "broken").symlink_to("nothing")
    (top / "circle").symlink_to("circle")
    os.mkfifo(top / "pipe")
    folders, report = walked(top)
    assert folders == {"": ["a.jpg"]}
    links = dict.fromkeys(["out.jpg", "up", "broken", "circle"], "link")
    assert left_out(report, top) == {".mine.jpg": "hidden", ".mine": "hidden", "pipe": "not a file", **links}
    assert report.exit_code == 1


def test_a_link_to_what_is_imported_anyway_is_no_loss(tmp_path):
    top = tree(tmp_path / "top", {"a.jpg": b"x", "b/c.jpg": b"x"})
    (top / "also.jpg").symlink_to("a.jpg")
    (top / "b" / "loop").symlink_to(top)
    folders, report = walked(top)
    assert folders == {"": ["a.jpg"], "b": ["c.jpg"]}
    assert (dict(report.skipped), report.exit_code) == ({LINKS: 2}, 0)


def test_a_folder_that_cannot_be_read_is_listed(tmp_path, monkeypatch):
    top = tree(tmp_path / "top", {"a.jpg": b"x", "secret/b.jpg": b"x", "z/c.jpg": b"x"})
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(walking.os, "scandir", refuse)
    folders, report = walked(top)
    assert folders == {"": ["a.jpg"], "z": ["c.jpg"]}
    assert left_out(report, top) == {"secret": "folder cannot be read"}
    assert report.exit_code == 1


def test_a_folder_deeper_than_a_path_may_be_is_listed(tmp_path):
    top = tree(tmp_path / "top", {"a.jpg": b"x"})
    here, name = os.open(top, os.O_RDONLY), "d" * 250
    for _ in range(17):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    folders, report = walked(top)
    assert folders == {"": ["a.jpg"]}
    assert [one.reason for one in report.left_out] == ["folder cannot be read"]


# ---- Titles ----------------------------------------------------------------------------------


def test_titles_are_the_names_below_the_top_or_its_own():
    assert title_of("/pictures/2019", ()) == "2019"
    assert title_of("/pictures/2019", ("Iceland", "Day 1")) == "Iceland / Day 1"
    assert title_of("/", ("Ros\u0065\u0301",)) == "Ros\u00e9"
    assert title_of("/", ("a\tb\nc\x1b[31m",)) == "a b c[31m"
    assert title_of("/", ("\x01",)) == "untitled"


def test_a_name_that_is_not_utf8_becomes_text():
    assert title_of("/", (os.fsdecode(b"Ros\xe9"),)) == "Ros\u00e9"
    assert title_of("/", (os.fsdecode(b"\x81\xff"),)) == "\ufffd\u00ff"


def test_deep_folders_keep_titles_of_their_own():
    deep = ["very deep " * 4] * 6
    first, second = (title_of("/", [*top, *deep, "Day 1"]) for top in (("a",), ("b",)))
    assert first != second
    assert (len(first), len(second)) == (200, 200)
    assert first == title_of("/", ["a", *deep, "Day 1"])
    assert first.rpartition(" (")[0].endswith("very deep / Day 1")
    assert shorten("x" * 200) == "x" * 200


@pytest.mark.parametrize("name", ["Thumbs.db", "THUMBS.DB"])
def test_the_case_of_rubbish_does_not_matter(name):
    assert kind_of_file(name) == name
