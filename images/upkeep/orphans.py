"""Orphans: files in storage that no row names. They are moved to the quarantine, never removed.

A row is inserted before its files are stored, and deleted after they are removed. So an orphan
comes from outside, or the database was restored from an old backup.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import groupby, islice
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from images import lifecycle
from images.integrity import Defect, Kind, files_of
from images.models import Image, Status, leased
from images.storage import identity
from images.storage.base import Entry, image_storage

QUARANTINE = "quarantine"
# Folders whose files are held in memory, and whose images are read by one query.
BATCH_IMAGES = 200
# An image has a handful of files, but a folder of unknown files may have millions.
FOLDER_BATCH_FILES = 1000
# Moving one file may take so long. Meanwhile no worker renders the image in whose folder it lies.
MOVE_LEASE = timedelta(minutes=2)

_FOLDER = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/(?P<id>[0-9a-f]{32})/")

Folder = tuple[str, list[Entry]]


def find_orphans(mark_complete: Callable[[int], None], *, older_than: timedelta) -> Iterator[Entry]:
    """All files older than this that no row names.

    Calls `mark_complete` with the key of each image whose files are all there, with the right sizes.
    """
    modified_before = timezone.now() - older_than
    folders = _folders()
    while batch := list(islice(folders, BATCH_IMAGES)):
        images = _images([folder for folder, _ in batch])
        for folder, entries in batch:
            image = images.get(folder)
            if image and _is_complete(image, entries):
                mark_complete(image.pk)
            for entry in entries:
                if not _is_named(entry, image) and entry.modified <= modified_before and _is_still_orphan(entry):
                    yield entry


def defect_of(entry: Entry) -> Defect:
    return Defect(Kind.UNKNOWN_FILE, entry.name, f"{entry.size} bytes, of {entry.modified:%Y-%m-%d}")


def quarantine(entry: Entry, folder: str) -> Defect:
    """Move an orphan to this folder, unless a row names it by now. Raises NotOurStorage, OSError."""
    defect = defect_of(entry)
    identity.check()
    with _lease_image_of(entry) as token:
        if not _is_still_orphan(entry, holder=token):
            return replace(defect, done="it is in use now, and was left alone")
        image_storage().rename(entry.name, f"{folder}/{entry.name}")
    return replace(defect, done=f"it is now in {folder}")


def quarantine_folder() -> str:
    """A new folder for each run, so that no run overwrites files of another."""
    return f"{QUARANTINE}/{timezone.now():%Y-%m-%d-%H%M%S}-{uuid4().hex[:4]}"


def _folders() -> Iterator[Folder]:
    """Each folder with its files, at most FOLDER_BATCH_FILES at once."""
    files = (entry for entry in image_storage().listing() if not _is_reserved(entry.name))
    for folder, entries in groupby(files, lambda entry: entry.name.rpartition("/")[0]):
        while batch := list(islice(entries, FOLDER_BATCH_FILES)):
            yield folder, batch


def _is_reserved(name: str) -> bool:
    """The identity file, and files in the quarantine: no row names them, but they are no orphans."""
    return name == identity.NAME or name.startswith(f"{QUARANTINE}/")


def _images(folders: list[str]) -> dict[str, Any]:
    """The images of these folders, by folder; `is_leased` tells whether a worker holds the image."""
    ids = [public_id for folder in folders if (public_id := image_id_in(f"{folder}/"))]
    images = Image.objects.filter(public_id__in=ids).annotate(is_leased=leased())
    return {image.storage_prefix: image for image in images}


def image_id_in(name: str) -> UUID | None:
    match = _FOLDER.match(name)
    return UUID(match["id"]) if match else None


def _is_complete(image: Image, entries: list[Entry]) -> bool:
    sizes = {entry.name: entry.size for entry in entries}
    return all(sizes.get(file.name) == file.size for file in files_of(image))


def _is_named(entry: Entry, image: Any, holder: UUID | None = None) -> bool:
    """True when the image's row names the file, or a worker other than `holder` may be about to write its name."""
    if image is None:
        return False
    if image.status not in (Status.READY, Status.FAILED) or (image.is_leased and image.lease_token != holder):
        return True
    return entry.name in {file.name for file in files_of(image)}


def _is_still_orphan(entry: Entry, holder: UUID | None = None) -> bool:
    """Checks with a fresh row, and that the file exists: a deletion may have removed it since the listing."""
    folder = entry.name.rpartition("/")[0]
    named = _is_named(entry, _images([folder]).get(folder), holder)
    return not named and image_storage().has(entry.name)


@contextmanager
def _lease_image_of(entry: Entry) -> Iterator[UUID | None]:
    """If the file lies in an image's folder, lease that image, so that no worker renders it meanwhile."""
    ids = [public_id for public_id in [image_id_in(entry.name)] if public_id]
    image = Image.objects.filter(public_id__in=ids)
    token = lifecycle.lease(image.filter(status__in=[Status.READY, Status.FAILED]), MOVE_LEASE)
    try:
        yield token
    finally:
        lifecycle.release(lifecycle.held(image, token))
