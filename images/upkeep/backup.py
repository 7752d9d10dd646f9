"""Backup of a running store, and restore: first the database, then the files that its rows name.

No file may be removed while a backup is taken: it may be named by a row that is copied already.
Only files that a row names are copied, so a restored store has no unknown files. A file never
changes under one name, so the next backup into the same folder copies only new files.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from images import locks
from images.integrity import DamagedFile, ExpectedFile, files_of, sound_bytes
from images.models import Image, ImageQuerySet, LastRun, Status, Upload
from images.storage import identity
from images.storage.base import image_storage
from images.upkeep import database_dump
from images.uploads import resumable
from imagestore.kit.batches import batches
from imagestore.kit.databases import as_migrator
from imagestore.kit.durable import rename_durably
from imagestore.kit.intervals import Every

# Must be longer than a dump of the database takes. After a backup was killed, deletions wait until this lease ends.
BACKUP_LEASE = timedelta(hours=1)
# How often the lease is extended while files are copied.
EXTEND_LOCK_SECONDS = 60
# Images whose rows are read by one query.
BATCH_IMAGES = 200
FILES = "files"

Progress = Callable[[int, int], None]


class Refused(Exception):
    """The backup or restore cannot be done now, or here. The message is a sentence for the operator."""


class _DeletionHold:
    """Makes deletions wait during a backup. Call `renew` after each file, and `prove` at the end."""

    def __init__(self, lock: locks.Lock) -> None:
        self._lock, self._interval = lock, Every(EXTEND_LOCK_SECONDS)

    def renew(self) -> None:
        if self._interval.is_due():
            self.prove()

    def prove(self) -> None:
        """Extend the lease. Raises Refused when it had ended: files may have been deleted since."""
        if not self._lock.extend():
            raise Refused("The dump, or a file, took too long: files may have been deleted meanwhile.")


def backup(target: Path, progress: Progress) -> list[str]:
    """Copy the database and all files to this folder. Returns the names of missing and damaged files.

    An earlier backup in the folder stays usable until this one is complete. Raises Refused, and
    OSError when the storage, the database's program or the folder fails.
    """
    with locks.hold(locks.BACKUP, BACKUP_LEASE) as lock, _private_umask():
        if lock is None:
            raise Refused("A backup is being taken, or one was killed less than an hour ago.")
        if image_storage().is_around(target):
            raise Refused("This folder is in the storage itself. Choose one on another disk.")
        identity.check()
        target.mkdir(parents=True, exist_ok=True)
        with database_dump.dump(target):
            hold = _DeletionHold(lock)
            hold.prove()
            images = Image.objects.exclude(status=Status.RECEIVING)
            lost = _for_each_file(images, lambda image, file: _fetch(file, target / FILES), progress, hold.renew)
            identity.check()
            hold.prove()
            # Make the folders durable too, before the dump that names their files gets its name.
            os.sync()
        LastRun.objects.note(LastRun.BACKUP, losses=len(lost))
    return lost


def restore(source: Path, progress: Progress) -> list[str]:
    """Fill an empty database and an empty storage from a backup. Returns the names of files it does not have.

    The identity file is written last, so that a server refuses to start after an unfinished restore.
    Raises Refused and OSError.
    """
    # First, because SQLite makes an empty file of a database that is asked.
    dump_file = database_dump.file_in(source)
    if not dump_file.exists():
        raise Refused(f"{source} is no backup that this database can take: it has no {dump_file.name}.")
    if database_dump.has_tables():
        raise Refused("The database is not empty.")
    if next(image_storage().listing(), None):
        raise Refused("The storage is not empty.")
    with as_migrator():
        database_dump.load(source)
    # The backup may be of an older version.
    call_command("migrate", interactive=False, verbosity=0)
    locks.release_all()
    # Their bytes are in no backup.
    for upload in Upload.objects.open().select_related("owner"):
        resumable.end(upload)
    missing = _for_each_file(
        Image.objects.undeleted(), lambda image, file: _put_back(image, file, source / FILES), progress
    )
    identity.write()
    return missing


@contextmanager
def _private_umask() -> Iterator[None]:
    """Files and folders created in this block are readable only for the user who takes the backup."""
    umask_before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(umask_before)


def _for_each_file(
    images: ImageQuerySet,
    work: Callable[[Image, ExpectedFile], None],
    progress: Progress,
    after_each: Callable[[], None] = lambda: None,
) -> list[str]:
    """Call `work` for all files, several in parallel. Returns the missing and damaged files.

    It does not return those of doomed images: deletion may have removed some before the backup began.
    """
    lost, done, total = list[str](), 0, images.count()
    pool = ThreadPoolExecutor(settings.STORAGE_WORKERS, "copy")
    try:
        for batch in batches(images, BATCH_IMAGES):
            pairs = [(image, file) for image in batch for file in files_of(image)]
            losses = pool.map(lambda pair: _name_if_lost(work, *pair), pairs)
            for (image, _), loss in zip(pairs, losses, strict=True):
                after_each()
                if loss and image.status != Status.DOOMED:
                    lost.append(loss)
            done += len(batch)
            progress(done, total)
    finally:
        # After an error, do not copy the rest of the batch.
        pool.shutdown(cancel_futures=True)
    return lost


def _name_if_lost(work: Callable[[Image, ExpectedFile], None], image: Image, file: ExpectedFile) -> str:
    """Call `work`. Returns "" after success, else the file's name, and how it is damaged."""
    try:
        work(image, file)
    except FileNotFoundError:
        return file.name
    except DamagedFile as error:
        return f"{file.name} ({error})"
    return ""


def _fetch(file: ExpectedFile, folder: Path) -> None:
    """Copy a file into the backup, unless the backup has it. The copy is complete and sound, or it is not made.

    Raises DamagedFile for a file that the storage cannot read: the backup goes on. Raises OSError when
    the backup's own disk fails: the backup ends.
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
