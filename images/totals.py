"""The sums: what an owner's quota holds, what an album counts.

The quota holds every original from before its bytes are stored until it is doomed, the trash
included. An album counts its images that are not in the trash alone. Both sums change in the
transaction that changes the rows; locks are taken in one order: user, album, image.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Expression, F, Q, Sum, When
from django.utils import timezone

from accounts.models import User
from albums.models import Album
from images.models import ImageQuerySet
from imagestore.kit.batches import batches

# Images that one transaction changes. Of 300,000 at once MySQL makes more than a statement may take, and
# whatever else their owner does would wait for all of them.
TRANSACTION_ROWS = 5000


@dataclass(frozen=True)
class Sums:
    images: int
    bytes: int

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.images + other.images, self.bytes + other.bytes)


def take(owner: User, size: int) -> bool:
    """One conditional UPDATE, so that parallel uploads cannot pass the limit together."""
    limit = owner.quota
    fits = Q() if limit is None else Q(used_bytes__lte=limit - size)
    rows = User.objects.living().filter(fits, pk=owner.pk)
    return bool(rows.update(used_bytes=_sum("used_bytes", size)))


def give_back(owner: User, size: int) -> None:
    User.objects.filter(pk=owner.pk).update(used_bytes=_sum("used_bytes", -size))


def count(album: int, images: int, size: int) -> bool:
    """Add to a living album's sums; False when it is none any more."""
    return _add(Album.objects.living().filter(pk=album), images, size)


def transaction_batches(images: ImageQuerySet) -> Iterator[ImageQuerySet]:
    """These images in batches that one transaction can change, in the order of their keys."""
    for keys in batches(images.values_list("pk", flat=True), TRANSACTION_ROWS):
        yield images.filter(pk__gte=keys[0], pk__lte=keys[-1])


def rewrite(images: ImageQuerySet, write: Callable[[ImageQuerySet], int], *, counted: int) -> Sums:
    """Let `write` change images of one owner, whose lock the caller holds; how many, and their bytes.

    Their albums count them in (`counted` = +1), out (-1) or not at all (0).
    """
    albums = sorted(images.order_by().values_list("album_id", flat=True).distinct())
    list(Album.objects.select_for_update().filter(pk__in=albums).order_by("pk").values_list("pk"))
    # What was published into an album before it was locked is counted; into another one, not meant.
    images = images.filter(album__in=albums)
    per_album = list(images.order_by().values_list("album_id").annotate(Count("pk"), Sum("bytes")))
    write(images)
    total = Sums(0, 0)
    for album, number, size in per_album:
        if counted:
            _add(Album.objects.filter(pk=album), counted * number, counted * size)
        total += Sums(number, size)
    return total


def _add(album: Any, images: int, size: int) -> bool:
    changes = {"image_count": _sum("image_count", images), "bytes": _sum("bytes", size)}
    return bool(album.update(**changes, updated_at=timezone.now()))


def _sum(column: str, more: int) -> Expression | F:
    """Never below nothing: a sum that drifted stops nobody; reconcile sets it right."""
    changed = F(column) + more
    return changed if more >= 0 else Case(When(**{f"{column}__gte": -more}, then=changed), default=0)
