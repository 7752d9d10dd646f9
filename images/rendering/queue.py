"""The queue of images to be made: it is their rows, claimed one by one under a lease."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models.functions import Now
from django.utils import timezone

from images.models import Image, ImageQuerySet, Status

# A lease is short, so that a dead worker's work is soon another's, and renewed while its worker lives.
LEASE = timedelta(seconds=30)


@dataclass(frozen=True)
class Lease:
    """One image held by one worker."""

    image: int
    owner: int
    token: UUID

    def row(self) -> ImageQuerySet:
        return Image.objects.held(self.image, self.token)

    def record(self, **changes: Any) -> bool:
        """Write the outcome and let go; False when the image is no longer ours to write."""
        row = self.row().filter(status=Status.PENDING)
        return bool(row.update(leased_until=None, lease_token=None, updated_at=timezone.now(), **changes))


def claim_next(after_owner: int = 0) -> Lease | None:
    """The oldest waiting image of the next owner in turn, for us alone; None when nothing waits."""
    while True:
        queue = Image.objects.waiting().order_by("owner_id", "pk").values_list("pk", "owner_id")
        found = queue.filter(owner_id__gt=after_owner).first() or queue.first()
        if found is None:
            return None
        token = uuid4()
        if Image.objects.claim(found[0], token=token, lease=LEASE):
            return Lease(*found, token)


def renew(leases: Collection[Lease]) -> None:
    """Keep what living workers hold; a lease that somebody else took over stays lost."""
    # By their keys too: tokens alone have no index, and all images would be looked at.
    held = Image.objects.filter(
        pk__in=[lease.image for lease in leases], lease_token__in=[lease.token for lease in leases]
    )
    held.update(leased_until=Now() + LEASE)
