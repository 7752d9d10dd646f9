"""A backup while the store runs, and its way back: the database first, the files second.

So every file that the copied rows name must still be there when its turn comes: while a backup is
taken, nothing leaves the storage. Rows, not folders, say what is copied, so a restored store knows
every file it has. Files never change under one name, so the next backup into the same folder
copies only what is new.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from images import marker, runner
from images.inspection import Expected, files_of
from images.models import Image, ImageQuerySet, Status
from images.records import Runner
from images.storage import image_storage
from imagestore import dump

# Longer than the database takes to dump; renewed while files are copied. A backup that was killed
# holds back deletions that long.
HOLD = timedelta(hours=1)
# Images between two looks at the database.
BATCH = 200
FILES = "files"

Progress = Callable[[int, int], None]


class Refused(Exception):
    """Not now, or not here: a sentence for the operator."""


class _Unreadable(Exception):
    """The storage does not give this file."""


def backup(target: Path, progress: Progress) -> list[str]:
    """Copy everything to this folder; the names of files that should have been there and were not.

    Raises Refused, and OSError when the storage, the database's program or the folder fails.
    """
    with runner.turn(runner.BACKUP, HOLD) as turn:
        if turn is None:
            raise Refused("A backup is being taken, or one was killed less than an hour ago.")
        marker.check()
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        dump.dump(target)

        def go_on(done: int, total: int) -> None:
            if not turn.renew():
                raise Refused("The database took too long to dump: files may have been deleted meanwhile.")
            progress(done, total)

        go_on(0, 0)
        named = Image.objects.exclude(status=Status.RECEIVING)
        missing = _for_each_file(named, lambda image, file: _fetch(file, target / FILES), go_on)
        marker.check()
    os.sync()
    return missing


def restore(source: Path, progress: Progress) -> list[str]:
    """Fill an empty database and an empty storage; the names of files that the backup does not have.

    The marker comes last: a restore that was cut short is no store that starts. Raises Refused, OSError.
    """
    if dump.has_tables():
        raise Refused("The database is not empty.")
    if next(image_storage().listing(), None):
        raise Refused("The storage is not empty.")
    dump.load(source)
    # The backup itself was being taken when its rows were copied.
    Runner.objects.update(token=None, leased_until=None)
    missing = _for_each_file(
        Image.objects.kept(), lambda image, file: _put_back(image, file, source / FILES), progress
    )
    marker.write()
    return missing


def _for_each_file(images: ImageQuerySet, work: Callable[[Image, Expected], None], progress: Progress) -> list[str]:
    """Several at once; the names of those that are not there, unless their image is being deleted."""
    missing, done, last, total = list[str](), 0, 0, images.count()
    with ThreadPoolExecutor(settings.STORAGE_WORKERS, "copy") as pool:
        while batch := list(images.filter(pk__gt=last).order_by("pk")[:BATCH]):
            pairs = [(image, file) for image in batch for file in files_of(image)]
            there = pool.map(lambda pair: _was_there(work, *pair), pairs)
            missing += [
                file.name
                for (image, file), found in zip(pairs, there, strict=True)
                if not found and image.status != Status.DOOMED
            ]
            done, last = done + len(batch), batch[-1].pk
            progress(done, total)
    return missing


def _was_there(work: Callable[[Image, Expected], None], image: Image, file: Expected) -> bool:
    try:
        work(image, file)
    except (FileNotFoundError, _Unreadable):
        return False
    return True


def _fetch(file: Expected, folder: Path) -> None:
    """Into the backup, whole or not at all, unless it has it already."""
    final = folder / file.name
    if final.exists() and final.stat().st_size == file.size:
        return
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = final.with_name(f"{final.name}.part")
    with draft.open("wb") as out:
        out.writelines(_stored(file.name))
    draft.rename(final)


def _stored(name: str) -> Iterator[bytes]:
    """One bad sector must not stop the backup of all else; a full disk on its own side does."""
    try:
        with closing(image_storage().open_stored(name)) as opened:
            yield from opened.chunks(range(opened.size))
    except OSError as error:
        raise _Unreadable from error


def _put_back(image: Image, file: Expected, folder: Path) -> None:
    variants = {variant["file"]: variant["content_type"] for variant in image.variants.values()}
    content_type = image.content_type if file.is_original else variants[Path(file.name).name]
    image_storage().store(folder / file.name, file.name, content_type)
