"""Walks through a folder tree. What it does not hand on, it notes in the report: nothing is left out unseen."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from images.importing import rubbish
from images.importing.report import Report

LINKS = "links to what is imported anyway"


@dataclass(frozen=True)
class Folder:
    """`parts` are the names from the top down to it, as the file system has them; of the top itself, none."""

    path: str
    parts: tuple[str, ...]
    files: list[str]


def walk(top: str, report: Report) -> Iterator[Folder]:
    """Each folder with its regular files, sorted by name."""
    real_top, waiting = os.path.realpath(top), [Folder(top, (), [])]
    while waiting:
        folder, folders = waiting.pop(), []
        for entry in _entries(folder.path, report):
            kind = _kind(entry, real_top, report)
            if kind == "file":
                folder.files.append(entry.name)
            elif kind == "folder":
                folders.append(Folder(entry.path, (*folder.parts, entry.name), []))
        waiting += reversed(folders)
        yield folder


def _entries(path: str, report: Report) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(path) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        report.leave_out(path, "folder cannot be read", error.strerror or "")
        return []


def _kind(entry: "os.DirEntry[str]", real_top: str, report: Report) -> str:
    """`file` or `folder`; "" when the report has it."""
    try:
        if entry.is_symlink():
            return _link(entry, real_top, report)
        is_folder, is_file = entry.is_dir(follow_symlinks=False), entry.is_file(follow_symlinks=False)
    except OSError as error:
        report.leave_out(entry.path, "file cannot be read", error.strerror or "")
        return ""
    if skipped := rubbish.kind_of_folder(entry.name) if is_folder else rubbish.kind_of_file(entry.name):
        report.skipped[skipped] += 1
    elif entry.name.startswith("."):
        report.leave_out(entry.path, "hidden", "Its name begins with a dot. Rename it if it is a picture of yours.")
    elif not (is_folder or is_file):
        report.leave_out(entry.path, "not a file", "A device, socket or pipe.")
    else:
        return "folder" if is_folder else "file"
    return ""


def _link(entry: "os.DirEntry[str]", real_top: str, report: Report) -> str:
    """No link is followed. What it leads to inside the tree is imported by its own name."""
    # Not Path.resolve, which raises on a circle.
    target = Path(os.path.realpath(entry.path))
    if target.is_relative_to(real_top) and not target.is_symlink() and target.exists():
        report.skipped[LINKS] += 1
    else:
        report.leave_out(entry.path, "link", "It leads out of the folder, in a circle, or nowhere.")
    return ""
