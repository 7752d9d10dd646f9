"""Finishes work that a dead process has left half done.

Each step runs even if another step fails. Images whose rendering died need no repair: when their
lease ends they are in the queue again (ImageQuerySet.waiting).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Aggregate, Count, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.invitations import forget_expired_invitations
from accounts.models import User
from accounts.outbox import queue as outbox
from accounts.sessions import forget_expired_sessions
from accounts.tokens import forget_expired_logins
from albums.models import Album
from images import metrics
from images.covers import right_cover_key
from images.deletion import cdn
from images.deletion.removal import doom_expired, purge
from images.models import Finding, Image, Month, OwnerMonth, Status, Upload
from images.storage.base import image_storage
from images.storage.scratch import sweep
from images.upkeep.scrub import scrub
from images.upkeep.words import WordsPass
from images.uploads.reception import discard
from images.uploads.resumable import end_expired
from imagestore.kit.batches import batches, delete_in_batches, each
from imagestore.kit.database import retry_transaction

logger = logging.getLogger(__name__)

# When the server that reconciles dies, another one reconciles after this time. (Two at once would do no harm.)
RECONCILE_LEASE = timedelta(minutes=5)
# The admin shows findings for so long: resolved ones, and unresolved ones that no check has seen again.
RESOLVED_FINDING_AGE = timedelta(days=90)
UNSEEN_FINDING_AGE = timedelta(days=365)
# Users or albums whose sums one query compares.
SUMS_BATCH_ROWS = 20


@dataclass(frozen=True)
class Report:
    """How many rows and files one run has finished, and the names of the steps that failed."""

    stale_receptions: int
    expired_things: int
    purged_images: int
    expired_uploads: int
    swept_files: int
    expired_logins: int
    expired_mails: int
    old_findings: int
    ended_cdn_purges: int
    repaired_sums: int
    repaired_words: int
    scrubbed_originals: int
    failed: tuple[str, ...]


def reconcile(*, sums: bool = True, words: WordsPass | None = None) -> Report:
    """Run all steps. With `sums`, compare the sums of all users and albums too. Go on with `words`, or with all.

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
        expired_uploads=run(end_expired),
        swept_files=run(sweep) + run(_sweep_storage),
        expired_mails=run(outbox.forget_expired),
        expired_logins=run(forget_expired_logins) + run(forget_expired_sessions) + run(forget_expired_invitations),
        old_findings=run(_forget_old_findings),
        ended_cdn_purges=run(cdn.forget_ended),
        repaired_sums=run(repair_users) + run(repair_albums) + run(repair_months) if sums else 0,
        repaired_words=run((words or WordsPass()).run),
        # Last, because it reads originals for up to a minute.
        scrubbed_originals=run(scrub),
        failed=tuple(failed),
    )


def _sweep_storage() -> int:
    return image_storage().sweep()


def _discard_stale_receptions() -> int:
    """Give up uploads whose server died. It had not answered yet, so no client was promised anything."""
    stale = Image.objects.unleased().filter(status=Status.RECEIVING).select_related("owner")
    discarded = each(stale, discard)
    metrics.LEASE_EXPIRIES.labels(metrics.RECEPTION).inc(discarded)
    return discarded


def _forget_old_findings() -> int:
    """`verify` and the scrub renew a finding when they see it: an old one is of a file they see no more."""
    now, findings = timezone.now(), Finding.objects
    resolved = findings.filter(resolved_at__lt=now - RESOLVED_FINDING_AGE)
    unseen = findings.unresolved().filter(seen_at__lt=now - UNSEEN_FINDING_AGE)
    return delete_in_batches(resolved) + delete_in_batches(unseen)


# ---- Sums and covers that have drifted (images.totals, images.covers) ------------------------


def repair_users() -> int:
    images = Image.objects.counted().filter(owner=OuterRef("pk")).values("owner")
    uploads = Upload.objects.filter(counted=True, owner=OuterRef("pk")).values("owner")
    return _repair(User.objects.all(), used_bytes=_of(images, Sum("bytes")) + _of(uploads, Sum("length")))


def repair_albums() -> int:
    images = Image.objects.stored().filter(trashed_at=None, album=OuterRef("pk")).values("album")
    sums = {"image_count": _of(images, Count("pk")), "bytes": _of(images, Sum("bytes"))}
    return _repair(Album.objects.undeleted(), **sums, cover_key=right_cover_key())


def _of(rows: QuerySet[Any], aggregate: Aggregate) -> Coalesce:
    return Coalesce(Subquery(rows.values(sum=aggregate)), 0)


def repair_months() -> int:
    albums = Album.objects.undeleted().values_list("pk", flat=True)
    repaired = each(batches(albums, SUMS_BATCH_ROWS), lambda keys: each(_with_wrong_months(keys), _repair_months))
    return repaired + each(User.objects.all(), _repair_owner_months)


def _with_wrong_months(albums: list[int]) -> list[int]:
    counted, actual = _counted_months(albums), _actual_months(albums)
    return sorted({album for album, *_ in counted ^ actual})


def _counted_months(albums: list[int]) -> set[tuple[int, date, int]]:
    months = Month.objects.filter(album__in=albums, image_count__gt=0)
    return set(months.values_list("album_id", "begins", "image_count"))


def _actual_months(albums: list[int]) -> set[tuple[int, date, int]]:
    images = Image.objects.stored().filter(trashed_at=None, album__in=albums).by_month()
    per_month = images.values_list("album_id", "year", "month").annotate(Count("pk"))
    return {(album, date(year, month, 1), number) for album, year, month, number in per_month}


@retry_transaction
def _repair_months(album: int) -> bool:
    """Lock the album and compare again: every transaction that changes its months locks it, too."""
    owner = Album.objects.select_for_update().filter(pk=album).values_list("owner", flat=True).first()
    if owner is None or not _with_wrong_months([album]):
        return False
    logger.warning("months of album %d drifted", album)
    Month.objects.filter(album=album).delete()
    Month.objects.bulk_create(
        Month(owner_id=owner, album_id=album, begins=begins, image_count=number)
        for _, begins, number in _actual_months([album])
    )
    return True


def _repair_owner_months(owner: User) -> int:
    counted = OwnerMonth.objects.filter(owner=owner, image_count__gt=0).values_list("begins", "image_count")
    actual = Month.objects.filter(owner=owner, image_count__gt=0).sums()
    wrong = {begins for begins, _ in set(counted) ^ set(actual)}
    return sum(_repair_owner_month(owner, begins) for begins in sorted(wrong))


@retry_transaction
def _repair_owner_month(owner: User, begins: date) -> bool:
    """Lock the row and compare again: every transaction that changes a month of an album changes this row, too."""
    row = OwnerMonth.objects.filter(owner=owner, begins=begins)
    OwnerMonth.objects.bulk_create([OwnerMonth(owner=owner, begins=begins, image_count=0)], ignore_conflicts=True)
    list(row.select_for_update())
    right = Month.objects.filter(owner=owner, begins=begins).aggregate(sum=Sum("image_count"))["sum"] or 0
    return bool(row.exclude(image_count=right).update(image_count=right))


def _repair(rows: QuerySet[Any], **right: Any) -> int:
    """Compare each column in `right` with what it should be, and repair it. Returns how many rows were wrong."""
    actual = {f"actual_{column}": value for column, value in right.items()}
    wrong = rows.annotate(**actual).exclude(**{column: F(f"actual_{column}") for column in right})

    def repair(keys: list[int]) -> int:
        wrong_keys = list(wrong.filter(pk__in=keys).values_list("pk", flat=True))
        return each(wrong_keys, lambda pk: _repair_row(wrong, pk, *right))

    return each(batches(rows.values_list("pk", flat=True), SUMS_BATCH_ROWS), repair)


@retry_transaction
def _repair_row(wrong: QuerySet[Any], pk: int, *columns: str) -> bool:
    """Lock the row and compare again: every transaction that changes these columns locks it, too."""
    rows = wrong.model.objects.filter(pk=pk)
    list(rows.select_for_update().values_list("pk"))
    row = wrong.filter(pk=pk).values(*(f"actual_{column}" for column in columns)).first()
    if row is None:
        return False
    correct = {column: row[f"actual_{column}"] for column in columns}
    logger.warning("%s %d had drifted; now it has %s", wrong.model.__name__, pk, correct)
    return bool(rows.update(**correct))
