"""Which album each file goes to, and which sidecars belong to it.

Reads names, and the titles of Takeout's albums.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from images.importing import sidecars, takeout
from images.importing.report import Report
from images.importing.sidecars import Sidecar, Unreadable
from images.importing.titles import shorten, title_of, title_of_name
from images.importing.walk import Folder, walk

MOVING_PART = "moving part of a photo"
LISTS_OF_GOOGLE = "lists of Google's about the export"


@dataclass(frozen=True)
class PlannedFile:
    path: Path
    sidecars: list[Sidecar]


@dataclass(frozen=True)
class PlannedAlbum:
    """`is_year` marks a year folder of Takeout, whose files may be in another album already."""

    title: str
    files: list[PlannedFile]
    is_year: bool = False


def plan(top: str, report: Report, *, is_takeout: bool) -> list[PlannedAlbum]:
    """The albums that have files, year folders last. What belongs to no album, the report has."""
    folders = walk(top, report)
    if is_takeout:
        return sorted(_takeout_albums(top, folders, report), key=lambda album: album.is_year)
    return [album for album in (_album(top, folder, report) for folder in folders) if album.files]


def _album(top: str, folder: Folder, report: Report) -> PlannedAlbum:
    xmp = sidecars.pair(folder.files)
    _note_lone_sidecars(folder, set(filter(sidecars.is_xmp, folder.files)) - set(xmp.values()), report)
    names = [name for name in folder.files if not sidecars.is_xmp(name)]
    return PlannedAlbum(title_of(top, folder.parts), [_file(folder, name, xmp, {}) for name in names])


def _file(folder: Folder, name: str, xmp: dict[str, str], jsons: dict[str, str]) -> PlannedFile:
    at = Path(folder.path)
    beside = [Sidecar(at / xmp[name], sidecars.read_xmp)] if name in xmp else []
    if name in jsons:
        beside.append(Sidecar(at / jsons[name], takeout.read_json))
    return PlannedFile(at / name, beside)


def _note_lone_sidecars(folder: Folder, names: Iterable[str], report: Report) -> None:
    for name in sorted(names):
        report.leave_out(str(Path(folder.path) / name), "sidecar without its picture")


# ---- Google Takeout --------------------------------------------------------------------------


def _takeout_albums(top: str, folders: Iterable[Folder], report: Report) -> Iterator[PlannedAlbum]:
    folder_of_title: dict[str, str] = {}
    for folder in folders:
        xmp, jsons = sidecars.pair(folder.files), takeout.pair(folder.files)
        title = _title_from_json(folder, set(jsons.values()), report)
        _note_lone_sidecars(folder, set(filter(sidecars.is_xmp, folder.files)) - set(xmp.values()), report)
        names = _without_moving_parts(folder, report)
        if not names:
            continue
        own_name = title_of_name(folder.parts[-1]) if folder.parts else title_of(top, ())
        # Two albums of one title have folders of two names: `Paris` and `Paris(1)`.
        if folder_of_title.setdefault(title or own_name, own_name) != own_name:
            title = own_name
        files = [_file(folder, name, xmp, jsons) for name in names]
        is_year = takeout.is_year_folder(own_name) and title in ("", own_name)
        yield PlannedAlbum(shorten(title or own_name), files, is_year)


def _without_moving_parts(folder: Folder, report: Report) -> list[str]:
    moving = takeout.moving_parts(folder.files)
    for name in sorted(moving):
        report.leave_out(str(Path(folder.path) / name), MOVING_PART, "The store takes no videos.")
    beside = (takeout.is_json, sidecars.is_xmp, takeout.is_list_of_google, moving.__contains__)
    return [name for name in folder.files if not any(is_beside(name) for is_beside in beside)]


def _title_from_json(folder: Folder, paired: set[str], report: Report) -> str:
    """The album's title, from the JSON that describes no file; "" without one."""
    found = ""
    for name in folder.files:
        if takeout.is_list_of_google(name):
            report.skipped[LISTS_OF_GOOGLE] += 1
        elif takeout.is_json(name) and name not in paired:
            title = _read_title(Path(folder.path) / name, report)
            found = found or title
    return found


def _read_title(path: Path, report: Report) -> str:
    try:
        title = takeout.album_title(sidecars.content_of(path))
    except (Unreadable, OSError) as error:
        report.leave_out(str(path), "sidecar cannot be read", str(error))
        return ""
    if title is None:
        report.leave_out(
            str(path), "sidecar without its picture", "Is the picture in another archive of the export?"
        )
    return title or ""
