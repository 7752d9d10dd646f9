"""From the rows of an album to the members of an archive."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from albums.models import Album
from images.delivery.archive import Archive, Member
from images.delivery.links import check_size, original_file
from images.models import ORIGINAL, Image, ImageQuerySet
from images.processing.sizes import nearest
from imagestore.kit.keyset import TIE_BREAKER, Ordering, Position
from imagestore.kit.list_index import along_index
from imagestore.kit.params import row_ids
from imagestore.kit.problems import Problem, not_found, storage_unavailable

MOST_SELECTED = 1000
"""A selection may name so many images."""

# Rows are read in steps of so many.
STEP_ROWS = 1000
# A layout takes some seconds of processor time for 100,000 images, so only so many are computed at once.
LAYOUTS_AT_ONCE = 2
LAYOUT_WAIT_SECONDS = 10

# Neither the time of arrival nor the id ever changes: while others change the album, no image comes twice.
_ORDER = Ordering("created_at", "created_at", descending=False)
_COLUMNS = ("created_at", "public_id", "name", "content_type", "bytes", "crc32", "sorted_at")

_places = threading.BoundedSemaphore(max(LAYOUTS_AT_ONCE, settings.THREADS // 4))
_slots = threading.BoundedSemaphore(LAYOUTS_AT_ONCE)


def selection(params: QueryDict) -> list[UUID] | None:
    """The ids in `?images=`; None means all. Raises Problem `invalid`."""
    return row_ids(params, "images", MOST_SELECTED)


def archive_of(album: Album, size: str, selected: Sequence[UUID] | None = None) -> Archive:
    """All living images of an album, or those selected, in one size or as `original`s.

    Raises Problem `invalid` for an unknown size, `not_found` when the album has not all that are selected, `busy`,
    `storage_unavailable`.
    """
    check_size(size)
    images = Image.objects.in_album(album)
    with _slot():
        rows = _rows_of(images, size) if selected is None else _selected_rows(images, size, selected)
        try:
            return Archive(_member(row, size) for row in rows)
        except OSError as error:
            raise storage_unavailable(error) from None


@contextmanager
def _slot() -> Iterator[None]:
    """At most a quarter of the threads compute a layout or wait for that. Raises Problem `busy`."""
    if not _places.acquire(blocking=False):
        raise _busy()
    try:
        if not _slots.acquire(timeout=LAYOUT_WAIT_SECONDS):
            raise _busy()
        try:
            yield
        finally:
            _slots.release()
    finally:
        _places.release()


def _busy() -> Problem:
    return Problem("busy", _("Many albums are being packed at this moment. Try again shortly."))


def _columns(images: QuerySet[Image], size: str) -> Any:
    columns = _COLUMNS if size == ORIGINAL else (*_COLUMNS, "variants")
    return images.order_by(*_ORDER.order_by(backwards=False)).values_list(*columns, named=True)


def _selected_rows(images: ImageQuerySet, size: str, selected: Sequence[UUID]) -> list[Any]:
    wanted = set(selected)
    rows = list(_columns(images.filter(public_id__in=wanted), size))
    if len(rows) != len(wanted):
        raise not_found()
    return rows


def _rows_of(images: ImageQuerySet, size: str) -> Iterator[Any]:
    rows = _columns(along_index(images, _ORDER.column, TIE_BREAKER), size)
    step = list(rows[:STEP_ROWS])
    while step:
        yield from step
        last = Position.of(step[-1], 0, _ORDER.column)
        step = list(rows.filter(_ORDER.beyond(last, 0, backwards=False))[:STEP_ROWS])


def _member(row: Any, size: str) -> Member:
    """The image in this size, or the nearest one there is. One that has no size is there as its original."""
    variants: Mapping[str, Any] = {} if size == ORIGINAL else row.variants
    # Rows of old versions may have none; the store makes these images again by itself.
    made = {name: variant for name, variant in variants.items() if "crc32" in variant}
    nearest_size = nearest(size, made) if made else None
    if nearest_size is None:
        file, length, crc32 = original_file(row.content_type), row.bytes, row.crc32
    else:
        variant = made[nearest_size]
        file, length, crc32 = variant["file"], variant["bytes"], variant["crc32"]
    return Member(row.public_id, file, row.name, length, crc32, row.sorted_at)
