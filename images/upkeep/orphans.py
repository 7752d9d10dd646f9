"""Files in storage that no row names: found, and put aside, never removed.

Rows come before their bytes and go after them, so a file without a row is nobody's on its way in
or out: something outside made it, or a restored database is older than the files.
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
# Images whose files are held in memory, and asked for with one question.
BATCH_IMAGES = 200
# Strangers may lie in one folder by the million; of an image there are a handful.
FOLDER_BATCH_FILES = 1000
# How long moving one file may take; nobody makes sizes of its image meanwhile.
MOVE_LEASE = timedelta(minutes=2)

_FOLDER = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/(?P<id>[0-9a-f]{32})/")

Folder = tuple[str, list[Entry]]


def find_orphans(whole: Callable[[int], None], *, older_than: timedelta) -> Iterator[Entry]:
    """What no row names, among all that is stored and older than this.

    Calls `whole` with the key of each image whose files are all there with their right sizes.
    """
    oldest = timezone.now() - older_than
    folders = _folders()
    while batch := list(islice(folders, BATCH_IMAGES)):
        images = _images([folder for folder, _ in batch])
        for folder, entries in batch:
            image = images.get(folder)
            if image and _all_there(image, entries):
                whole(image.pk)
            for entry in entries:
                if not _is_named(entry, image) and entry.modified <= oldest and _still_unknown(entry):
                    yield entry


def defect_of(entry: Entry) -> Defect:
    return Defect(Kind.UNKNOWN_FILE, entry.name, f"{entry.size} bytes, of {entry.modified:%Y-%m-%d}")


def quarantine(entry: Entry, folder: str) -> Defect:
    """Moved to this folder of the quarantine, unless a row has come to name it. Raises NotOurStorage."""
    found = defect_of(entry)
    identity.check()
    with _holding_image_of(entry) as token:
        if not _still_unknown(entry, holder=token):
            return replace(found, done="it is in use now, and was left alone")
        image_storage().rename(entry.name, f"{folder}/{entry.name}")
    return replace(found, done=f"it is now in {folder}")


def quarantine_folder() -> str:
    """One for each run, so that nothing that lies there is ever overwritten."""
    return f"{QUARANTINE}/{timezone.now():%Y-%m-%d-%H%M%S}-{uuid4().hex[:4]}"


def _folders() -> Iterator[Folder]:
    """The files of one folder, or a part of them, at a time; the marker and the quarantine are the store's own."""
    named = (entry for entry in image_storage().listing() if not _is_own(entry.name))
    for folder, entries in groupby(named, lambda entry: entry.name.rpartition("/")[0]):
        while part := list(islice(entries, FOLDER_BATCH_FILES)):
            yield folder, part


def _is_own(name: str) -> bool:
    return name == identity.NAME or name.startswith(f"{QUARANTINE}/")


def _images(folders: list[str]) -> dict[str, Any]:
    """The images that live in these folders, each with `at_work`: does somebody hold a lease on it?"""
    ids = [found for folder in folders if (found := _id_in(f"{folder}/"))]
    images = Image.objects.filter(public_id__in=ids).annotate(at_work=leased())
    return {image.storage_prefix: image for image in images}


def _id_in(name: str) -> UUID | None:
    match = _FOLDER.match(name)
    return UUID(match["id"]) if match else None


def _all_there(image: Image, entries: list[Entry]) -> bool:
    sizes = {entry.name: entry.size for entry in entries}
    return all(sizes.get(file.name) == file.size for file in files_of(image))


def _is_named(entry: Entry, image: Any, holder: UUID | None = None) -> bool:
    """By its row; what is on its way in or out, or being made, is that of whoever is at work on it."""
    if image is None:
        return False
    if image.status not in (Status.READY, Status.FAILED) or (image.at_work and image.lease_token != holder):
        return True
    return entry.name in {file.name for file in files_of(image)}


def _still_unknown(entry: Entry, holder: UUID | None = None) -> bool:
    """By a fresh row, and the file is still there: an image deleted meanwhile takes its files along."""
    folder = entry.name.rpartition("/")[0]
    named = _is_named(entry, _images([folder]).get(folder), holder)
    return not named and image_storage().has(entry.name)


@contextmanager
def _holding_image_of(entry: Entry) -> Iterator[UUID | None]:
    """If it lies in an image's folder: no worker makes sizes there while it is moved."""
    ids = [named for named in [_id_in(entry.name)] if named]
    image = Image.objects.filter(public_id__in=ids)
    token = lifecycle.lease(image.filter(status__in=[Status.READY, Status.FAILED]), MOVE_LEASE)
    try:
        yield token
    finally:
        lifecycle.release(lifecycle.held(image, token))
