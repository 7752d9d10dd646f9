"""Compares rows and storage both ways: proof that no file is lost, and none is unknown.

First, does a row name each file in storage? Then, is each file there that a row names? Every defect
is checked twice, because images are uploaded and deleted meanwhile. Memory holds one batch, and one
bit for each image whose files were all listed with the right sizes: the second pass skips those.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from images import integrity, services
from images.integrity import Defect, Kind, files_of, find_defects
from images.models import Finding, Image, LastRun
from images.storage import identity
from images.upkeep import orphans
from imagestore.kit.batches import batches
from imagestore.kit.problems import Problem

# Images checked between two database queries.
BATCH_IMAGES = 200

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """How `verify` works."""

    checksums: bool = False
    """Read every byte; otherwise compare only sizes."""
    repair: bool = False
    """Move unknown files to the quarantine, and render lost variants again."""
    older_than: timedelta = timedelta(days=1)
    """Ignore younger unknown files."""


class Bits:
    """A set of row keys, one bit each."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, key: int) -> None:
        index = key // 8
        if index >= len(self._bytes):
            self._bytes.extend(bytes(index + 1 - len(self._bytes)))
        self._bytes[index] |= 1 << key % 8

    def __contains__(self, key: int) -> bool:
        index = key // 8
        return index < len(self._bytes) and bool(self._bytes[index] & 1 << key % 8)


def verify(options: Options, progress: Progress = lambda done, total: None) -> Iterator[Defect]:
    """Every missing, damaged and unknown file. Each is also recorded as a finding for the admin.

    Raises NotOurStorage, and OSError when the storage does not answer. Either may come in the middle:
    then the remaining files have not been checked.
    """
    identity.check()
    if options.repair and not identity.holds_originals():
        raise identity.NotOurStorage(
            "None of the newest originals is there. Nothing is repaired in such a storage."
        )
    begun, defects = timezone.now(), 0
    for defect in _compare_both_ways(options, progress):
        integrity.record(defect)
        defects += 1
        yield defect
    _resolve_others(options, begun)
    LastRun.objects.note(LastRun.VERIFY, losses=defects)


def _compare_both_ways(options: Options, progress: Progress) -> Iterator[Defect]:
    complete, folder = Bits(), orphans.quarantine_folder()
    for entry in orphans.find_orphans(complete.add, older_than=options.older_than):
        yield orphans.quarantine(entry, folder) if options.repair else orphans.defect_of(entry)
    yield from _find_defects(options, complete, progress)


def _find_defects(options: Options, complete: Bits, progress: Progress) -> Iterator[Defect]:
    images = Image.objects.undeleted().order_by("pk")
    total, done = images.count(), 0
    with ThreadPoolExecutor(settings.STORAGE_WORKERS, "verify") as pool:
        for batch in batches(images, BATCH_IMAGES):
            suspects = [image for image in batch if options.checksums or image.pk not in complete]
            checks = pool.map(lambda image: find_defects(files_of(image), read=options.checksums), suspects)
            for image, suspected in zip(suspects, checks, strict=True):
                if suspected:
                    yield from _confirm_and_repair(image, options)
            done += len(batch)
            progress(done, total)


def _confirm_and_repair(image: Image, options: Options) -> Iterator[Defect]:
    defects = integrity.confirm(image, read=options.checksums)
    done = _requeue(image) if defects and options.repair else ""
    for defect in defects:
        is_variant = defect.kind in (Kind.MISSING_VARIANT, Kind.DAMAGED_VARIANT)
        yield replace(defect, done=done if is_variant else "")


def _requeue(image: Image) -> str:
    """Render the image again if its original is sound. Returns what was done; old variants stay until then."""
    if integrity.confirm(image, read=True, only_original=True):
        return "it cannot be made again from this original"
    try:
        services.process_again(image)
    except Problem:
        return "it is being made"
    return "the server makes it again"


def _resolve_others(options: Options, begun: datetime) -> None:
    """Resolve the findings that this run has not seen again. Without checksums it could not see damage."""
    others = Finding.objects.unresolved().filter(seen_at__lt=begun)
    if not options.checksums:
        others = others.exclude(kind__in=[Kind.DAMAGED_ORIGINAL, Kind.DAMAGED_VARIANT])
    others.resolve()
