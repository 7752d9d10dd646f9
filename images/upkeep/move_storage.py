"""Copies all files to the storage of NEW_STORAGE_URL while the server runs, then makes that one the store's.

Originals are compared with the SHA-256 of their rows on the way, sizes with their CRC-32. Sizes are copied, because
to make them again takes far more time. A run copies what the new storage lacks, so the next one goes on after any
end. It removes there what no row names any more. The identity file comes last: no server starts before that.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.storage import storages

from images.integrity import DamagedFile, ExpectedFile, files_of, sound_bytes
from images.models import Image, ImageQuerySet, Status
from images.storage import identity
from images.storage.base import ImageStorage
from images.storage.scratch import work_folder
from images.upkeep.orphans import image_id_in
from images.upkeep.verify import Bits
from imagestore.kit.batches import batches

# Images whose rows are read by one query.
BATCH_IMAGES = 200
# What the identity file is called in a storage that is being filled.
FILLING = f"{identity.NAME}.filling"

Progress = Callable[[int, int], None]


class Refused(Exception):
    """The storage cannot be moved now, or not there. The message is a sentence for the operator."""


@dataclass
class Report:
    copied: int = 0
    removed: int = 0
    lost: list[str] = field(default_factory=list)
    """Files that are missing or damaged in the old storage, with how."""


def new_storage() -> ImageStorage:
    """Raises Refused without NEW_STORAGE_URL."""
    if "new" not in settings.STORAGES:
        raise Refused("Set NEW_STORAGE_URL to the storage that the files shall go to.")
    storage = storages["new"]
    assert isinstance(storage, ImageStorage)
    return storage


def copy_all(target: ImageStorage, progress: Progress = lambda done, total: None) -> Report:
    """Copy what `target` lacks, and remove there what is deleted. Raises Refused, OSError."""
    identity.check()
    _take(target)
    report, complete = Report(), Bits()
    report.removed = _survey(target, complete)
    images = _movable()
    done, total = 0, images.count()
    with ThreadPoolExecutor(settings.STORAGE_WORKERS, "move") as pool:
        for batch in batches(images, BATCH_IMAGES):
            lacking = [image for image in batch if image.pk not in complete]
            for losses in pool.map(lambda image: _copy(image, target), lacking):
                report.lost += losses
            # Not losses, if the old storage was unmounted meanwhile.
            identity.check()
            report.copied, done = report.copied + len(lacking), done + len(batch)
            progress(done, total)
    return report


def count_lacking(target: ImageStorage) -> int:
    """How many images a run would copy. Writes nothing."""
    complete = Bits()
    for image, sizes in _images_in(target):
        if image is not None and _is_complete(image, sizes):
            complete.add(image.pk)
    return sum(image.pk not in complete for batch in batches(_movable(), BATCH_IMAGES) for image in batch)


def finish(target: ImageStorage) -> None:
    """Make `target` the storage of this store. Call when no server runs, and `copy_all` has lost nothing.

    Raises Refused when an image is not there whole.
    """
    if lacking := count_lacking(target):
        raise Refused(f"{lacking} images have come or changed meanwhile: stop the server, and run this again.")
    target.rename(FILLING, identity.NAME)


def _movable() -> ImageQuerySet:
    images: ImageQuerySet = Image.objects.exclude(status__in=[Status.RECEIVING, Status.DOOMED])
    return images


def _take(target: ImageStorage) -> None:
    """Mark an empty storage as being filled by this store, or make sure that it is."""
    if identity.is_ours(target, identity.NAME):
        raise Refused("NEW_STORAGE_URL is this store's storage already: set STORAGE_URL to it.")
    if target.has(identity.NAME):
        raise Refused("NEW_STORAGE_URL is the storage of another store.")
    if target.has(FILLING):
        if not identity.is_ours(target, FILLING):
            raise Refused("Another store is being moved to NEW_STORAGE_URL.")
        return
    if next(target.listing(), None):
        raise Refused("NEW_STORAGE_URL is not empty.")
    identity.write_into(target, FILLING)


def _survey(target: ImageStorage, complete: Bits) -> int:
    """Mark the images that `target` has whole; remove files that no row names. Returns of how many images."""
    removed = 0
    for image, sizes in _images_in(target):
        folder = next(iter(sizes)).rpartition("/")[0]
        if image is None or image.status == Status.DOOMED:
            removed += len(target.delete_folders({folder: None}))
        elif sizes.keys() - (named := {file.name for file in files_of(image)}):
            target.delete_others(folder, {Path(name).name for name in named})
            removed += 1
        if image is not None and _is_complete(image, sizes):
            complete.add(image.pk)
    return removed


def _images_in(target: ImageStorage) -> Iterator[tuple[Image | None, dict[str, int]]]:
    """Each folder of an image in `target`: its row, if there is one, and the sizes of its files by name."""
    folders = groupby(target.listing(), lambda entry: image_id_in(entry.name))
    found = ((key, {entry.name: entry.size for entry in entries}) for key, entries in folders)
    of_images = ((key, sizes) for key, sizes in found if key)
    while batch := list(islice(of_images, BATCH_IMAGES)):
        images: dict[UUID, Image] = Image.objects.in_bulk([key for key, _ in batch], field_name="public_id")
        for key, sizes in batch:
            yield images.get(key), sizes


def _is_complete(image: Image, sizes: dict[str, int]) -> bool:
    return all(sizes.get(file.name) == file.size for file in files_of(image))


def _copy(image: Image, target: ImageStorage) -> list[str]:
    """Copy the files of an image. Returns the lost ones, unless it was deleted or made again meanwhile."""
    lost = [f"{file.name}: {loss}" for file in files_of(image) if (loss := _copy_file(image, file, target))]
    fresh = Image.objects.filter(pk=image.pk).first() if lost else None
    unchanged = fresh is not None and fresh.status != Status.DOOMED and files_of(fresh) == files_of(image)
    return lost if unchanged else []


def _copy_file(image: Image, file: ExpectedFile, target: ImageStorage) -> str:
    """Returns how the file is lost, or "". Raises OSError when `target` fails."""
    with work_folder() as folder:
        draft = folder / "draft"
        try:
            with draft.open("wb") as out:
                out.writelines(sound_bytes(file))
        except FileNotFoundError:
            return "missing"
        except DamagedFile as error:
            return str(error)
        target.store(draft, file.name, _content_type(image, file))
    return ""


def _content_type(image: Image, file: ExpectedFile) -> str:
    types = {variant["file"]: variant["content_type"] for variant in image.variants.values()}
    return image.content_type if file.is_original else str(types[Path(file.name).name])
