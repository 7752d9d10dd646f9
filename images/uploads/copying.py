"""Copies images into another album: the same bytes received again, from the storage instead of from a client.

A copy has its own row, its own files and its own share of the quota, as an upload has. A batch at a time goes the
way of an upload: rows as RECEIVING, then originals, then rows as PENDING. A process that dies on it leaves
receptions, which reconcile gives up.
"""

import logging
from collections.abc import Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import time_ns

from django.conf import settings
from django.utils import timezone

from accounts.models import User, id_for
from accounts.services import lock_owner
from albums.models import Album
from images import lifecycle, ordering, wakeups
from images.deletion.removal import remove_if_deleted
from images.deletion.trash import restore_images
from images.models import Image, ImageWord, Status
from images.storage import identity
from images.storage.base import image_storage
from images.totals import add_to_album, count_months, take_bytes
from images.uploads import reception
from imagestore.kit.database import retry_transaction
from imagestore.kit.problems import Problem, not_found, storage_unavailable
from imagestore.kit.search import add_words

logger = logging.getLogger(__name__)

# So many originals are copied within one lease.
BATCH_IMAGES = 100
# What a copy has of its source. Times of upload, sizes and status are its own.
_COPIED = (
    "owner_id", "name", "caption", "bytes", "sha256", "crc32", "content_type", "width", "height", "rotation",
    "taken_at", "taken_offset_minutes", "taken_from", "camera", "lens", "exposure", "favourite", "verified_at",
)  # fmt: skip


@dataclass(frozen=True)
class Copied:
    """The image of the target album that has these bytes; `created` is False when it was there before."""

    image: Image
    created: bool


Outcome = Copied | Problem


def copy(sources: Sequence[Image], album: Album) -> list[Outcome]:
    """Copy living images of the album's owner into it. Each has an outcome, in the order of `sources`."""
    # Of two sources with the same bytes the album gets one.
    first_of = {source.sha256: source for source in reversed(sources)}
    different = [source for source in sources if first_of[source.sha256] is source]
    outcomes: dict[str, Outcome] = {}
    for start in range(0, len(different), BATCH_IMAGES):
        outcomes |= _copy_batch(different[start : start + BATCH_IMAGES], album)
    return [_seen_from(source, first_of[source.sha256], outcomes[source.sha256]) for source in sources]


def _seen_from(source: Image, first: Image, outcome: Outcome) -> Outcome:
    return Copied(outcome.image, created=False) if isinstance(outcome, Copied) and source is not first else outcome


def _copy_batch(sources: Sequence[Image], album: Album) -> dict[str, Outcome]:
    """SHA-256 -> outcome."""
    try:
        refused, begun = _begin(sources, album)
    except Problem as problem:
        return {source.sha256: problem for source in sources}
    failed: dict[str, Outcome] = {}
    try:
        failed |= _store_originals(begun)
        stored = [image for _, image in begun if image.sha256 not in failed]
        try:
            _publish(stored, album)
        except Problem as problem:
            refused |= {image.sha256: problem for image in stored}
    finally:
        _give_up_unpublished([image for _, image in begun], failed)
    wakeups.work_waits.set()
    there = _by_hash(sources, album, living=True)
    created = {image.public_id for _, image in begun}
    found = {sha256: Copied(image, image.public_id in created) for sha256, image in there.items()}
    gone = {source.sha256: not_found() for source in sources}
    return {**gone, **refused, **failed, **found}


@retry_transaction
def _begin(sources: Sequence[Image], album: Album) -> tuple[dict[str, Outcome], list[tuple[Image, Image]]]:
    """Insert RECEIVING rows, and take their bytes from the quota. Returns who is refused, and sources with copies.

    What the album has needs no copy; from its trash it is restored. Raises Problem `not_found` when it is gone.
    """
    lock_owner(album.owner)
    if not Album.objects.living().filter(pk=album.pk).exists():
        raise not_found()
    there = _by_hash(sources, album, living=False)
    if in_trash := [image.pk for image in there.values() if image.trashed_at]:
        restore_images(album.owner, Image.objects.filter(pk__in=in_trash))
    free_bytes = User.objects.get(pk=album.owner_id).free_bytes
    begun: list[tuple[Image, Image]] = []
    too_much, size = [], 0
    for source in sources:
        if source.sha256 in there:
            continue
        if free_bytes is not None and size + source.bytes > free_bytes:
            too_much.append(source)
            continue
        size += source.bytes
        begun.append((source, _row(source, album, len(begun))))
    if begun and not take_bytes(album.owner, size):
        raise not_found()  # the account is gone
    images = [image for _, image in begun]
    lifecycle.receive_many(images, reception.RECEPTION_LEASE)
    add_words(ImageWord, images)
    problem = reception.quota_exceeded(album.owner) if too_much else None
    return {source.sha256: problem for source in too_much if problem}, begun


def _row(source: Image, album: Album, number: int) -> Image:
    now = timezone.now()
    copied = {name: getattr(source, name) for name in _COPIED}
    place = {"position": time_ns() + ordering.GAP * number, "sorted_at": source.taken_at or now, "created_at": now}
    return Image(public_id=id_for(album.owner), album=album, **copied, **place)


def _store_originals(begun: Sequence[tuple[Image, Image]]) -> dict[str, Problem]:
    """SHA-256 -> why this original could not be stored."""
    storage = image_storage()

    def store(pair: tuple[Image, Image]) -> OSError | None:
        source, image = pair
        try:
            storage.copy(source.original_file, image.original_file, image.content_type)
        except OSError as error:
            logger.warning("image %s could not be copied: %s", source.public_id, error)
            return error
        return None

    try:
        with identity.require_mounted(), ThreadPoolExecutor(settings.STORAGE_WORKERS, "copy") as pool:
            errors = list(pool.map(store, begun))
    except OSError as error:
        errors = [error] * len(begun)
    pairs = zip(begun, errors, strict=True)
    return {image.sha256: storage_unavailable(error) for (_, image), error in pairs if error}


@retry_transaction
def _publish(images: Sequence[Image], album: Album) -> None:
    """RECEIVING becomes PENDING, but for those whose bytes were published first.

    Raises Problem `not_found` when the album is gone, `storage_unavailable` when a lease was lost.
    """
    if not Album.objects.select_for_update().living().filter(pk=album.pk).exists():
        raise not_found()
    there = _by_hash(images, album, living=False)
    published = [image for image in images if image.sha256 not in there]
    add_to_album(album.pk, len(published), sum(image.bytes for image in published))
    rows = Image.objects.filter(
        pk__in=[image.pk for image in published], lease_token__in=[image.lease_token for image in published]
    )
    count_months(rows, +1)
    if lifecycle.publish(rows) != len(published):
        raise storage_unavailable()


def _give_up_unpublished(images: Sequence[Image], failed: Container[str]) -> None:
    """Those that are still RECEIVING: their bytes were published first, or their original could not be stored."""
    keys = [image.pk for image in images]
    for image in Image.objects.filter(pk__in=keys, status=Status.RECEIVING).select_related("owner"):
        if not reception.discard(image, may_write_later=image.sha256 in failed):
            remove_if_deleted(image)
        wakeups.removal_waits.set()


def _by_hash(images: Sequence[Image], album: Album, *, living: bool) -> dict[str, Image]:
    """SHA-256 -> the image of the album that has these bytes."""
    rows = Image.objects.living() if living else Image.objects.undeleted()
    rows = rows.filter(album=album, living_sha256__in=[image.sha256 for image in images])
    return {image.sha256: image for image in rows.select_related("album")}
