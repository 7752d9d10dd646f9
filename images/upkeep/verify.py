"""Proof that nothing is lost and nothing is unknown: rows and storage compared, both ways.

First everything in storage: is there a row that names it? Then every row: is all that it names
there? Memory holds one batch, and one bit for each row whose files were all listed with their right
sizes; those are not asked for again. Nothing is believed at the first look, because images come
and go meanwhile.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from images import integrity, services
from images.integrity import Defect, Kind, files_of, find_defects
from images.models import Finding, Image
from images.storage import identity
from images.upkeep import orphans
from imagestore.kit.batches import batches
from imagestore.kit.problems import Problem

# Images looked at between two questions to the database.
BATCH_IMAGES = 200

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Order:
    """What to do: read every byte or compare sizes; repair or only tell; how young a stranger may be."""

    checksums: bool = False
    repair: bool = False
    older_than: timedelta = timedelta(days=1)


class Bits:
    """A set of row keys, one bit each."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, key: int) -> None:
        place = key // 8
        if place >= len(self._bytes):
            self._bytes.extend(bytes(place + 1 - len(self._bytes)))
        self._bytes[place] |= 1 << key % 8

    def __contains__(self, key: int) -> bool:
        place = key // 8
        return place < len(self._bytes) and bool(self._bytes[place] & 1 << key % 8)


def verify(order: Order, progress: Progress = lambda done, total: None) -> Iterator[Defect]:
    """Every file that is not as it should be, kept for the admin too.

    Raises NotOurStorage, before or in the middle, and OSError when the storage does not answer:
    then nothing is known about the rest.
    """
    identity.check()
    if order.repair and not identity.holds_originals():
        raise identity.NotOurStorage(
            "None of the newest originals is there. Nothing is repaired in such a storage."
        )
    begun = timezone.now()
    whole = Bits()
    for found in _both_ways(order, whole, progress):
        integrity.record(found)
        yield found
    _resolve_others(order, begun)


def _both_ways(order: Order, whole: Bits, progress: Progress) -> Iterator[Defect]:
    folder = orphans.quarantine_folder()
    for entry in orphans.find_orphans(whole.add, older_than=order.older_than):
        yield orphans.quarantine(entry, folder) if order.repair else orphans.defect_of(entry)
    yield from _wrong_images(order, whole, progress)


def _wrong_images(order: Order, whole: Bits, progress: Progress) -> Iterator[Defect]:
    images = Image.objects.undeleted().order_by("pk")
    total, done = images.count(), 0
    with ThreadPoolExecutor(settings.STORAGE_WORKERS, "verify") as pool:
        for batch in batches(images, BATCH_IMAGES):
            suspects = [image for image in batch if order.checksums or image.pk not in whole]
            looks = pool.map(lambda image: find_defects(files_of(image), read=order.checksums), suspects)
            for image, first_look in zip(suspects, looks, strict=True):
                if first_look:
                    yield from _judge(image, order)
            done += len(batch)
            progress(done, total)


def _judge(image: Image, order: Order) -> Iterator[Defect]:
    found = integrity.confirm(image, read=order.checksums)
    done = _requeue(image) if found and order.repair else ""
    for each in found:
        of_variant = each.kind in (Kind.MISSING_VARIANT, Kind.DAMAGED_VARIANT)
        yield replace(each, done=done if of_variant else "")


def _requeue(image: Image) -> str:
    """Back to the queue, which keeps what is there until it is made anew; only from a sound original."""
    if integrity.confirm(image, read=True, only_original=True):
        return "it cannot be made again from this original"
    try:
        services.process_again(image)
    except Problem:
        return "it is being made"
    return "it is made again"


def _resolve_others(order: Order, begun: datetime) -> None:
    """What was found before, and not by this run. Without checksums, damage is not looked for."""
    others = Finding.objects.unresolved().filter(seen_at__lt=begun)
    if not order.checksums:
        others = others.exclude(kind__in=[Kind.DAMAGED_ORIGINAL, Kind.DAMAGED_VARIANT])
    others.resolve()
