"""A backup while the store runs, and its way back: the database first, the files second.

So every file that the copied rows name must still be there when its turn comes: while a backup is
taken, nothing leaves the storage. Rows, not folders, say what is copied, so a restored store knows
every file it has. Files never change under one name, so the next backup into the same folder
copies only what is new.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from images import locks
from images.integrity import DamagedFile, ExpectedFile, files_of, sound_bytes
from images.models import Image, ImageQuerySet, Status
from images.storage import identity
from images.storage.base import image_storage
from images.upkeep import database_dump
from imagestore.kit.batches import batches
from imagestore.kit.durable import rename_durably
from imagestore.kit.intervals import Every

# Longer than the database takes to dump. A backup that was killed holds back deletions that long.
LOCK_DURATION = timedelta(hours=1)
# While files are copied it is renewed this often (seconds).
EXTEND_LOCK_SECONDS = 60
# Images whose rows are read at once.
BATCH_IMAGES = 200
FILES = "files"

Progress = Callable[[int, int], None]


class Refused(Exception):
    """Not now, or not here: a sentence for the operator."""


class _DeletionsHeld:
    """Deletions, held back: while `keep` is called now and then, and does not raise Refused, no file went."""

    def __init__(self, lock: locks.Lock) -> None:
        self._lock, self._renewal = lock, Every(EXTEND_LOCK_SECONDS)

    def keep(self) -> None:
        if self._renewal.is_due():
            self.prove()

    def prove(self) -> None:
        if not self._lock.extend():
            raise Refused("The dump, or a file, took too long: files may have been deleted meanwhile.")


def backup(target: Path, progress: Progress) -> list[str]:
    """Copy everything to this folder; the names of files that were not there as they should have been, and why.

    What an earlier backup left there stays good until this one is. Raises Refused, and OSError when
    the storage, the database's program or the folder fails.
    """
    with locks.hold(locks.BACKUP, LOCK_DURATION) as lock, _for_its_owner_only():
        if lock is None:
            raise Refused("A backup is being taken, or one was killed less than an hour ago.")
        if image_storage().is_around(target):
            raise Refused("This folder is in the storage itself. Choose one on another disk.")
        identity.check()
        target.mkdir(parents=True, exist_ok=True)
        with database_dump.dump(target):
            hold = _DeletionsHeld(lock)
            hold.prove()
            named = Image.objects.exclude(status=Status.RECEIVING)
            lost = _for_each_file(named, lambda image, file: _fetch(file, target / FILES), progress, hold.keep)
            identity.check()
            hold.prove()
            # The files' bytes are on the disk; now their folders too, before a dump names them.
            os.sync()
    return lost


def restore(source: Path, progress: Progress) -> list[str]:
    """Fill an empty database and an empty storage; the names of files that the backup does not have.

    The marker comes last: a restore that was cut short is no store that starts. Raises Refused, OSError.
    """
    if database_dump.has_tables():
        raise Refused("The database is not empty.")
    if next(image_storage().listing(), None):
        raise Refused("The storage is not empty.")
    database_dump.load(source)
    locks.release_all()
    missing = _for_each_file(
        Image.objects.undeleted(), lambda image, file: _put_back(image, file, source / FILES), progress
    )
    identity.write()
    return missing


@contextmanager
def _for_its_owner_only() -> Iterator[None]:
    """Whatever file or folder is made in this block: it holds everybody's pictures."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _for_each_file(
    images: ImageQuerySet,
    work: Callable[[Image, ExpectedFile], None],
    progress: Progress,
    after_each: Callable[[], None] = lambda: None,
) -> list[str]:
    """Several at once; those that could not be copied, unless their image is being deleted."""
    lost, done, total = list[str](), 0, images.count()
    pool = ThreadPoolExecutor(settings.STORAGE_WORKERS, "copy")
    try:
        for batch in batches(images, BATCH_IMAGES):
            pairs = [(image, file) for image in batch for file in files_of(image)]
            for (image, _), wrong in zip(pairs, pool.map(lambda pair: _loss(work, *pair), pairs), strict=True):
                after_each()
                if wrong and image.status != Status.DOOMED:
                    lost.append(wrong)
            done += len(batch)
            progress(done, total)
    finally:
        # Whoever gives up does not wait for the rest of the batch.
        pool.shutdown(cancel_futures=True)
    return lost


def _loss(work: Callable[[Image, ExpectedFile], None], image: Image, file: ExpectedFile) -> str:
    """Empty, or the name of the file that was not, with what is wrong with one that is there."""
    try:
        work(image, file)
    except FileNotFoundError:
        return file.name
    except DamagedFile as wrong:
        return f"{file.name} ({wrong})"
    return ""


def _fetch(file: ExpectedFile, folder: Path) -> None:
    """Into the backup, whole and as it was stored or not at all, unless it has it already.

    One bad sector must not stop the backup of all else (DamagedFile); a full disk on its own side does.
    """
    final = folder / file.name
    if final.exists() and final.stat().st_size == file.size:
        return
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = final.with_name(f"{final.name}.part")
    try:
        with draft.open("wb") as out:
            out.writelines(sound_bytes(file))
        rename_durably(draft, final)
    finally:
        draft.unlink(missing_ok=True)


def _put_back(image: Image, file: ExpectedFile, folder: Path) -> None:
    variants = {variant["file"]: variant["content_type"] for variant in image.variants.values()}
    content_type = image.content_type if file.is_original else variants[Path(file.name).name]
    image_storage().store(folder / file.name, file.name, content_type)
