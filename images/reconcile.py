"""The safety net: what a dying process left half done is finished here, and nowhere else.

Work whose lease ran out needs nothing: it is waiting again by itself (ImageQuerySet.waiting).
"""

import logging
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from accounts.tokens import forget_expired_logins
from albums.models import Album
from images.ledger import discard
from images.models import Image, Status
from images.removal import doom_expired, purge
from images.scrub import scrub
from images.staging import sweep
from images.storage import image_storage
from imagestore.database import transaction_retried

logger = logging.getLogger(__name__)

# Users or albums whose sums one question to the database compares.
BATCH = 200


@dataclass(frozen=True)
class Report:
    """What one run finished, in rows and files."""

    stale_receptions: int
    expired_things: int
    purged_images: int
    swept_files: int
    expired_logins: int
    repaired_sums: int
    scrubbed_originals: int


def reconcile(*, sums: bool = True) -> Report:
    """Safe to repeat and to run twice at once. With `sums` every user's and album's are compared too."""
    return Report(
        stale_receptions=_discard_stale_receptions(),
        expired_things=doom_expired(),
        purged_images=purge(),
        swept_files=sweep() + _sweep_storage(),
        expired_logins=forget_expired_logins(),
        repaired_sums=_repair_users() + _repair_albums() if sums else 0,
        scrubbed_originals=_scrub(),
    )


def _scrub() -> int:
    """Last, because it waits for the disk; when that is not there, the next run scrubs."""
    try:
        return scrub()
    except OSError as error:
        logger.warning("no original was scrubbed: %s", error)
        return 0


def _sweep_storage() -> int:
    try:
        return image_storage().sweep()
    except OSError:
        logger.exception("the storage could not be swept; the next run tries again")
        return 0


def _discard_stale_receptions() -> int:
    """Uploads whose server died before it could say success: nobody was promised anything."""
    stale = list(Image.objects.unleased().filter(status=Status.RECEIVING).select_related("owner"))
    for image in stale:
        discard(image)
    return len(stale)


# ---- Sums that drifted (images.ledger says what they count) ---------------------------------


def _repair_users() -> int:
    images = Image.objects.exclude(status=Status.DOOMED).filter(owner=OuterRef("pk")).values("owner")
    return _repair(User.objects.all(), used_bytes=images.values(sum=Sum("bytes")))


def _repair_albums() -> int:
    images = Image.objects.kept().filter(trashed_at=None, album=OuterRef("pk")).values("album")
    sums = {"image_count": images.values(sum=Count("pk")), "bytes": images.values(sum=Sum("bytes"))}
    return _repair(Album.objects.all(), **sums)


def _repair(rows: QuerySet[Any], **sums: QuerySet[Any]) -> int:
    """Compare these columns with what they sum up, a batch at a time; how many rows were wrong."""
    actual = {f"actual_{column}": Coalesce(Subquery(images), 0) for column, images in sums.items()}
    wrong = rows.annotate(**actual).exclude(**{column: F(f"actual_{column}") for column in sums})
    repaired, last = 0, 0
    while keys := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        found = list(wrong.filter(pk__in=keys).values_list("pk", flat=True))
        repaired, last = repaired + sum(_set_right(wrong, pk, *sums) for pk in found), keys[-1]
    return repaired


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
