"""The rolling scrub: every original is read again once in SCRUB_DAYS, and its SHA-256 compared.

A disk reports a bad sector only when it is read. Each run reads a small share, so that the disk stays
free for requests. The admin shows the findings.
"""

import time
from math import ceil

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from images.integrity import Kind, confirm, files_of, find_defects, record
from images.models import Finding, Image, ImageQuerySet, Status
from images.storage.identity import check

# Maintenance runs the scrub once a minute.
RUNS_A_DAY = 24 * 60
# A run ends at either limit. The next run goes on.
RUN_BYTES = 256 * 1024**2
RUN_SECONDS = 60


def scrub() -> int:
    """Read the originals that are due, and record defects. Returns how many were read.

    An original is due when half of SCRUB_DAYS have passed since it was last verified. A run reads
    twice the share that SCRUB_DAYS would need, so that all are read in time even if most were
    uploaded on one day. Raises OSError when the storage does not answer, NotOurStorage.
    """
    if not settings.SCRUB_DAYS:
        return 0
    now = timezone.now()
    due = longest_unverified().filter(verified_at__lt=now - settings.SCRUB_DAYS / 2)
    if not due.exists():
        return 0
    check()
    share = ceil(2 * Image.objects.undeleted().count() / settings.SCRUB_DAYS.days / RUNS_A_DAY)
    return _read(list(due[:share]))


def longest_unverified() -> ImageQuerySet:
    """All images with an original. This form of the query lets the database follow the index of `verified_at`."""
    images: ImageQuerySet = Image.objects.exclude(status__in=[Status.RECEIVING, Status.DOOMED])
    return images.order_by("verified_at")


def _read(images: list[Image]) -> int:
    count, size, deadline = 0, 0, time.monotonic() + RUN_SECONDS
    for image in images:
        _check_original(image)
        count, size = count + 1, size + image.bytes
        if size > RUN_BYTES or time.monotonic() > deadline:
            break
    return count


def _check_original(image: Image) -> None:
    """Also sets `verified_at` of a bad original, so that the next run does not begin with it again."""
    defects = find_defects(files_of(image)[:1], read=True) and confirm(image, read=True, only_original=True)
    for defect in defects:
        record(defect)
    if not defects:
        kinds = [Kind.MISSING_ORIGINAL, Kind.DAMAGED_ORIGINAL]
        Finding.objects.unresolved().filter(file=image.original_file, kind__in=kinds).resolve()
    Image.objects.filter(pk=image.pk).update(verified_at=Now())
