"""Folder trees made of a table: path (text or bytes) -> content."""

import os
from pathlib import Path

from albums.models import Album
from images.importing.importer import import_folder
from images.importing.report import Report


def tree(top: Path, files: dict[str | bytes, bytes]) -> Path:
    for name, content in files.items():
        path = os.path.join(os.fsencode(top), os.fsencode(name))  # noqa: PTH118
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(content)
    top.mkdir(exist_ok=True)
    return top


def imported(owner, top: Path, **options: bool) -> Report:
    return import_folder(owner, top, lambda done, total: None, **options)


def albums_of(owner) -> dict[str, list[str]]:
    """Title -> the names of its images. Two albums of one title fail."""
    rows = list(Album.objects.owned_by(owner))
    albums = {album.title: sorted(album.images.values_list("name", flat=True)) for album in rows}
    assert len(albums) == len(rows)
    return albums


def left_out(report: Report, top: Path) -> dict[str, str]:
    """Path below the top -> reason."""
    return {str(Path(one.path).relative_to(top)): one.reason for one in report.left_out}
