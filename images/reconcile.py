"""The safety net: what a dying process left half done is finished here, and nowhere else.

Work whose lease ran out needs nothing: it is waiting again by itself (ImageQuerySet.waiting).
"""

from dataclasses import dataclass

from accounts.tokens import forget_expired_logins
from images.models import Image, Status
from images.removal import discard, purge
from images.staging import sweep


@dataclass(frozen=True)
class Report:
    """What one run finished, in rows and files."""

    stale_receptions: int
    purged_images: int
    swept_files: int
    expired_logins: int


def reconcile() -> Report:
    """Safe to repeat and to run twice at once."""
    return Report(
        stale_receptions=_discard_stale_receptions(),
        purged_images=purge(),
        swept_files=sweep(),
        expired_logins=forget_expired_logins(),
    )


def _discard_stale_receptions() -> int:
    """Uploads whose server died before it could say success: nobody was promised anything."""
    stale = list(Image.objects.unleased().filter(status=Status.RECEIVING).select_related("owner"))
    for image in stale:
        discard(image)
    return len(stale)
