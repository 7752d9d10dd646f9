"""Finishes work that a dead process has left half done.

Each step runs even if another step fails. Images whose rendering died need no repair: when their
lease ends they are in the queue again (ImageQuerySet.waiting).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from accounts.tokens import forget_expired_logins
from albums.models import Album
from images.deletion.removal import doom_expired, purge
from images.models import Image, Status
from images.storage.base import image_storage
from images.storage.scratch import sweep
from images.upkeep.scrub import scrub
from images.uploads.reception import discard
from imagestore.kit.batches import batches, each
from imagestore.kit.database import retry_transaction

logger = logging.getLogger(__name__)

# When the server that reconciles dies, another one reconciles after this time. (Two at once would do no harm.)
RECONCILE_LEASE = timedelta(minutes=5)
# Users or albums whose sums one query compares.
SUMS_BATCH_ROWS = 20


@dataclass(frozen=True)
class Report:
    """How many rows and files one run has finished, and the names of the steps that failed."""

    stale_receptions: int
    expired_things: int
    purged_images: int
    swept_files: int
    expired_logins: int
    repaired_sums: int
    scrubbed_originals: int
    failed: tuple[str, ...]


def reconcile(*, sums: bool = True) -> Report:
    """Run all steps. With `sums`, compare the sums of all users and albums too.

    Safe to repeat, and to run in two processes at once. A step that fails is logged and reported.
    """
    failed: list[str] = []

    def run(step: Callable[[], int]) -> int:
        try:
            return step()
        except Exception:
            logger.exception("%s failed; the next run tries again", step.__name__)
            failed.append(step.__name__)
            return 0

    return Report(
        stale_receptions=run(_discard_stale_receptions),
        expired_things=run(doom_expired),
        purged_images=run(purge),
        swept_files=run(sweep) + run(_sweep_storage),
        expired_logins=run(forget_expired_logins),
        repaired_sums=run(repair_users) + run(repair_albums) if sums else 0,
        # Last, because it reads originals for up to a minute.
        scrubbed_originals=run(scrub),
        failed=tuple(failed),
    )


def _sweep_storage() -> int:
    return image_storage().sweep()


def _discard_stale_receptions() -> int:
    """Give up uploads whose server died. It had not answered yet, so no client was promised anything."""
    stale = Image.objects.unleased().filter(status=Status.RECEIVING).select_related("owner")
    return each(stale, discard)


# ---- Sums that have drifted (images.totals) -------------------------------------------------


def repair_users() -> int:
    images = Image.objects.exclude(status=Status.DOOMED).filter(owner=OuterRef("pk")).values("owner")
    return _repair(User.objects.all(), used_bytes=images.values(sum=Sum("bytes")))


def repair_albums() -> int:
    images = Image.objects.stored().filter(trashed_at=None, album=OuterRef("pk")).values("album")
    sums = {"image_count": images.values(sum=Count("pk")), "bytes": images.values(sum=Sum("bytes"))}
    return _repair(Album.objects.all(), **sums)


def _repair(rows: QuerySet[Any], **sums: QuerySet[Any]) -> int:
    """Compare each column in `sums` with its subquery, and repair it. Returns how many rows were wrong."""
    actual = {f"actual_{column}": Coalesce(Subquery(images), 0) for column, images in sums.items()}
    wrong = rows.annotate(**actual).exclude(**{column: F(f"actual_{column}") for column in sums})

    def repair(keys: list[int]) -> int:
        wrong_keys = list(wrong.filter(pk__in=keys).values_list("pk", flat=True))
        return each(wrong_keys, lambda pk: _repair_row(wrong, pk, *sums))

    return each(batches(rows.values_list("pk", flat=True), SUMS_BATCH_ROWS), repair)


@retry_transaction
def _repair_row(wrong: QuerySet[Any], pk: int, *columns: str) -> bool:
    """Lock the row and compare again: every transaction that changes its sums locks it, too."""
    rows = wrong.model.objects.filter(pk=pk)
    list(rows.select_for_update().values_list("pk"))
    row = wrong.filter(pk=pk).values(*(f"actual_{column}" for column in columns)).first()
    if row is None:
        return False
    correct = {column: row[f"actual_{column}"] for column in columns}
    logger.warning("sums of %s %d drifted; they are %s", wrong.model.__name__, pk, correct)
    return bool(rows.update(**correct))
