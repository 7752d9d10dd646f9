"""How much there is, and what waits: numbers for operators that stay cheap among a million images.

A sum that rows keep is read from them. The rest is counted along an index, at most to COUNTED_ROWS.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from images.models import Image, OwnerMonth, Status, leased

# So many rows are counted at most; more are told as this number.
COUNTED_ROWS = 100_000
# Of so many rows at most columns are read that no index has: leases of PENDING ones, reasons of FAILED ones.
READ_ROWS = 10_000
MONTHS = 12
# In a UUIDv7 the time in ms stands above so many other bits (RFC 9562, 5.7).
_BITS_BELOW_TIME = 80


def images() -> int:
    """All images but those that were trashed alone or are being deleted."""
    return OwnerMonth.objects.aggregate(sum=Sum("image_count"))["sum"] or 0


def original_bytes() -> int:
    """The trash and open resumable uploads included."""
    return User.objects.aggregate(sum=Sum("used_bytes"))["sum"] or 0


def in_status(status: Status) -> int:
    return _count(Image.objects.filter(status=status))


def in_work() -> int:
    """PENDING images that a worker holds now."""
    is_held = leased() & Q(lease_token__isnull=False)
    pending = Image.objects.filter(status=Status.PENDING).order_by().annotate(is_held=is_held)
    read: int = pending.values("pk", "is_held")[:READ_ROWS].aggregate(held=Count("pk", filter=Q(is_held=True)))[
        "held"
    ]
    return read


def _count(rows: "QuerySet[Image]") -> int:
    return rows.order_by().values("pk")[:COUNTED_ROWS].count()


# ---- Growth ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Growth:
    """So many images were uploaded in the month that begins then, and are still there."""

    begins: date
    images: int

    @property
    def is_counted(self) -> bool:
        return self.images < COUNTED_ROWS


def growth(today: date | None = None) -> list[Growth]:
    """The last MONTHS months, oldest first. An image's public id tells when it was uploaded, and has an index."""
    ends = _month_after(today or timezone.now().date())
    months = []
    for _ in range(MONTHS):
        begins = _month_before(ends)
        rows = Image.objects.filter(public_id__gte=_first_id(begins), public_id__lt=_first_id(ends))
        months.append(Growth(begins, _count(rows)))
        ends = begins
    return months[::-1]


def _month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _month_before(first_day: date) -> date:
    return date(first_day.year - (first_day.month == 1), (first_day.month - 2) % 12 + 1, 1)


def _first_id(day: date) -> UUID:
    """The least UUIDv7 of this day or later."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return UUID(int=int(midnight.timestamp() * 1000) << _BITS_BELOW_TIME)


# ---- Failures -------------------------------------------------------------------------------


def failures() -> list[tuple[str, int]]:
    """Reasons of FAILED images (`error_code`) and how many have each, most first; of READ_ROWS images at most."""
    failed = Image.objects.filter(status=Status.FAILED).order_by()
    return Counter(failed.values_list("error_code", flat=True)[:READ_ROWS]).most_common()
