"""The safety net: what a dying process left half done is finished here, and nowhere else.

One thing that cannot be finished keeps no other waiting. Work whose lease ran out needs nothing: it
is waiting again by itself (ImageQuerySet.waiting).
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
from imagestore.kit.database import transaction_retried

logger = logging.getLogger(__name__)

# One server at a time reconciles; when it dies, another does after this. (Two at once would do no harm.)
RECONCILE_LEASE = timedelta(minutes=5)
# Users or albums whose sums one question to the database compares.
SUMS_BATCH_ROWS = 20


@dataclass(frozen=True)
class Report:
    """What one run finished, in rows and files, and the names of the steps that did not end well."""

    stale_receptions: int
    expired_things: int
    purged_images: int
    swept_files: int
    expired_logins: int
    repaired_sums: int
    scrubbed_originals: int
    failed: tuple[str, ...]


def reconcile(*, sums: bool = True) -> Report:
    """Safe to repeat and to run twice at once. With `sums` every user's and album's are compared too."""
    failed: list[str] = []

    def done(step: Callable[[], int]) -> int:
        try:
            return step()
        except Exception:
            logger.exception("%s failed; the next run tries again", step.__name__)
            failed.append(step.__name__)
            return 0

    return Report(
        stale_receptions=done(_discard_stale_receptions),
        expired_things=done(doom_expired),
        purged_images=done(purge),
        swept_files=done(sweep) + done(_sweep_storage),
        expired_logins=done(forget_expired_logins),
        repaired_sums=done(repair_users) + done(repair_albums) if sums else 0,
        # Last, because it waits for the disk.
        scrubbed_originals=done(scrub),
        failed=tuple(failed),
    )


def _sweep_storage() -> int:
    return image_storage().sweep()


def _discard_stale_receptions() -> int:
    """Uploads whose server died before it could say success: nobody was promised anything."""
    stale = Image.objects.unleased().filter(status=Status.RECEIVING).select_related("owner")
    return each(stale, discard)


# ---- Sums that drifted (images.ledger says what they count) ---------------------------------


def repair_users() -> int:
    images = Image.objects.exclude(status=Status.DOOMED).filter(owner=OuterRef("pk")).values("owner")
    return _repair(User.objects.all(), used_bytes=images.values(sum=Sum("bytes")))


def repair_albums() -> int:
    images = Image.objects.stored().filter(trashed_at=None, album=OuterRef("pk")).values("album")
    sums = {"image_count": images.values(sum=Count("pk")), "bytes": images.values(sum=Sum("bytes"))}
    return _repair(Album.objects.all(), **sums)


def _repair(rows: QuerySet[Any], **sums: QuerySet[Any]) -> int:
    """Compare these columns with what they sum up, a batch at a time; how many rows were wrong."""
    actual = {f"actual_{column}": Coalesce(Subquery(images), 0) for column, images in sums.items()}
    wrong = rows.annotate(**actual).exclude(**{column: F(f"actual_{column}") for column in sums})

    def repair(keys: list[int]) -> int:
        found = list(wrong.filter(pk__in=keys).values_list("pk", flat=True))
        return each(found, lambda pk: _set_right(wrong, pk, *sums))

    return each(batches(rows.values_list("pk", flat=True), SUMS_BATCH_ROWS), repair)


@transaction_retried
def _set_right(wrong: QuerySet[Any], pk: int, *columns: str) -> bool:
    """Look again under the row's own lock, which whoever changes its sums holds too."""
    rows = wrong.model.objects.filter(pk=pk)
    list(rows.select_for_update().values_list("pk"))
    row = wrong.filter(pk=pk).values(*(f"actual_{column}" for column in columns)).first()
    if row is None:
        return False
    right = {column: row[f"actual_{column}"] for column in columns}
    logger.warning("sums of %s %d drifted; they are %s", wrong.model.__name__, pk, right)
    return bool(rows.update(**right))
