"""The rolling scrub: every original is checked once in SCRUB_DAYS.

A disk reports a bad sector only when it is read, so every original is read, and its SHA-256 compared.

A bucket notes the SHA-256 of what it received, and tells it without sending the bytes. Where that is
the row's, the object is the right one. Only a read finds bytes that rotted behind it. Most stores read
their own disks for that, but not all, so the scrub reads a twelfth of the originals each month.

Each run takes a small share, so that the storage stays free for requests. The admin shows the findings.
"""

import time
from math import ceil

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from images.integrity import Kind, confirm, files_of, find_defects, record
from images.models import Finding, FindingQuerySet, Image, ImageQuerySet, Status
from images.storage.base import image_storage
from images.storage.identity import check

# Maintenance runs the scrub once a minute.
RUNS_A_DAY = 24 * 60
# A run ends at either limit. The next run goes on.
RUN_BYTES = 256 * 1024**2
RUN_SECONDS = 60
# A bucket that vouches for an original is not believed in one month of so many.
MONTHS = 12


def scrub() -> int:
    """Check the originals that are due, and record defects. Returns how many were checked.

    An original is due when half of SCRUB_DAYS have passed since it was last verified. A run reads
    twice the share that SCRUB_DAYS would need, so that all are checked in time even if most were
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
    return _check_each(list(due[:share]))


def longest_unverified() -> ImageQuerySet:
    """All images with an original. This form of the query lets the database follow the index of `verified_at`."""
    images: ImageQuerySet = Image.objects.exclude(status__in=[Status.RECEIVING, Status.DOOMED])
    return images.order_by("verified_at")


def _check_each(images: list[Image]) -> int:
    month = timezone.now().month
    count, size, deadline = 0, 0, time.monotonic() + RUN_SECONDS
    for image in images:
        if image.pk % MONTHS == month % MONTHS or not _storage_vouches_for(image):
            _read_original(image)
            size += image.bytes
        # Also of a bad original, so that the next run does not begin with it again.
        Image.objects.filter(pk=image.pk).update(verified_at=Now())
        count += 1
        if size > RUN_BYTES or time.monotonic() > deadline:
            break
    return count


def _storage_vouches_for(image: Image) -> bool:
    try:
        vouches = image_storage().vouches_for(image.original_file, image.sha256)
    except OSError:
        # Reading tells whether the original is missing or the storage is away.
        return False
    # What a read has found, only a read resolves.
    return vouches and not _open_findings(image).exists()


def _read_original(image: Image) -> None:
    defects = find_defects(files_of(image)[:1], read=True) and confirm(image, read=True, only_original=True)
    for defect in defects:
        record(defect)
    if not defects:
        _open_findings(image).resolve()


def _open_findings(image: Image) -> FindingQuerySet:
    kinds = [Kind.MISSING_ORIGINAL, Kind.DAMAGED_ORIGINAL]
    findings: FindingQuerySet = Finding.objects.unresolved().filter(file=image.original_file, kind__in=kinds)
    return findings
