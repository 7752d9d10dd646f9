"""The rolling scrub: every original is read again once in SCRUB_DAYS, and its SHA-256 compared.

A bad sector is quiet until somebody reads it. Each run takes a small share, so that the disk is
for people first; what it finds is in the admin.
"""

import time
from math import ceil

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from images.integrity import Kind, confirm, files_of, find_defects, record
from images.models import Finding, Image, ImageQuerySet, Status
from images.storage.identity import check

# The keeper of each server comes by so often.
RUNS_A_DAY = 24 * 60
# One run reads no more than this (bytes), nor for longer (seconds); it goes on with the next.
RUN_BYTES = 256 * 1024**2
RUN_SECONDS = 60


def scrub() -> int:
    """Read the originals whose turn it is; how many. Raises OSError when the storage is not there.

    Whose last check is older than half of SCRUB_DAYS is due, at twice the pace that would do for
    all: so each is read in time, however many came on one day.
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
    """All kept images, said so that the database walks along the index of their order, and stops early."""
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
    """Marked as looked at in any case, so that a bad one does not stop the turn of all others."""
    found = find_defects(files_of(image)[:1], read=True) and confirm(image, read=True, only_original=True)
    for each in found:
        record(each)
    if not found:
        kinds = [Kind.MISSING_ORIGINAL, Kind.DAMAGED_ORIGINAL]
        Finding.objects.unresolved().filter(file=image.original_file, kind__in=kinds).resolve()
    Image.objects.filter(pk=image.pk).update(verified_at=Now())
