"""The sums of originals: bytes of each owner (for the quota), images and bytes of each album, images of each month.

An owner's sum counts an original from before its bytes are stored until it is doomed, also in the
trash. It counts a resumable upload from its beginning, until its image is counted instead. An album's
sums leave out images that were trashed alone. Change a sum in the transaction that changes the rows,
and lock rows in one order: user, album, image. Months change under their album's lock.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from django.db.models import Case, Count, Expression, F, Q, Sum, When
from django.utils import timezone

from accounts.models import User
from albums.models import Album
from images.covers import albums_locked
from images.models import Image, ImageQuerySet, Month, OwnerMonth, Upload, UploadQuerySet
from imagestore.kit.batches import batches

# The most images that one transaction changes. MySQL refuses the statement for 300,000, and other requests
# of the owner wait until a transaction ends.
TRANSACTION_ROWS = 5000


@dataclass(frozen=True)
class Sums:
    images: int
    bytes: int

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.images + other.images, self.bytes + other.bytes)


def take_bytes(owner: User, size: int) -> bool:
    """Add `size` to the owner's sum; False when the quota has too few bytes left, or the account is gone.

    One conditional UPDATE, so that parallel uploads cannot exceed the quota together.
    """
    limit = owner.quota
    fits = Q() if limit is None else Q(used_bytes__lte=limit - size)
    rows = User.objects.living().filter(fits, pk=owner.pk)
    return bool(rows.update(used_bytes=_sum("used_bytes", size)))


def give_back_bytes(owner: User, size: int) -> None:
    User.objects.filter(pk=owner.pk).update(used_bytes=_sum("used_bytes", -size))


def uncount_upload(upload: Upload) -> None:
    """Give the bytes of a resumable upload back, unless they were given back before. Lock the owner first."""
    if Upload.objects.filter(pk=upload.pk, counted=True).update(counted=False):
        give_back_bytes(upload.owner, upload.length)


def delete_uploads(owner: User, uploads: UploadQuerySet) -> int:
    """Delete rows of this owner's uploads, and give their bytes back. Lock the owner first. Returns how many."""
    if size := uploads.filter(counted=True).aggregate(size=Sum("length"))["size"]:
        give_back_bytes(owner, size)
    deleted: int = uploads.delete()[0]
    return deleted


def add_to_album(album: int, images: int, size: int) -> bool:
    """Add to (or subtract from) a living album's sums; False when the album is not living any more."""
    return _add(Album.objects.living().filter(pk=album), images, size)


def transaction_batches(images: ImageQuerySet) -> Iterator[ImageQuerySet]:
    """These images in batches of TRANSACTION_ROWS, in the order of their keys."""
    for keys in batches(images.values_list("pk", flat=True), TRANSACTION_ROWS):
        yield images.filter(pk__gte=keys[0], pk__lte=keys[-1])


def update_with_sums(images: ImageQuerySet, write: Callable[[ImageQuerySet], int], *, counted: int) -> Sums:
    """Call `write` on images of one owner, and change the sums of their albums. Returns how many, and their bytes.

    The caller holds the owner's lock. `counted` is +1 to add the images to their albums' sums, -1 to
    subtract them, 0 to leave the sums alone.
    """
    total = Sums(0, 0)
    with albums_locked(images) as images:
        if counted:
            count_months(images, counted)
        per_album = list(images.order_by().values_list("album_id").annotate(Count("pk"), Sum("bytes")))
        write(images)
        for album, number, size in per_album:
            if counted:
                _add(Album.objects.filter(pk=album), counted * number, counted * size)
            total += Sums(number, size)
    return total


def count_months(images: ImageQuerySet, sign: int) -> None:
    """Add these images to the months of their albums and of their owners, or subtract them.

    Call it with the albums locked.
    """
    of_owners: Counter[tuple[int, date]] = Counter()
    per_month = images.by_month().values_list("owner_id", "album_id", "year", "month").annotate(Count("pk"))
    for owner, album, year, month, number in list(per_month):
        begins, change = date(year, month, 1), sign * number
        _count_of_album(owner, album, begins, change)
        of_owners[owner, begins] += change
    # In one order, because uploads into other albums lock the same rows.
    for (owner, begins), change in sorted(of_owners.items()):
        _count_of_owner(owner, begins, change)


def count_new(image: Image) -> None:
    """Add a new image to its month, without asking for its row. Call it with the album locked."""
    begins = image.sorted_at.astimezone(UTC).date().replace(day=1)
    _count_of_album(image.owner_id, image.album_id, begins, +1)
    _count_of_owner(image.owner_id, begins, +1)


def uncount_albums(owner: User, albums: list[int]) -> None:
    """Subtract these albums from their owner's months, and forget theirs. Call it with the albums locked."""
    months = Month.objects.filter(album__in=albums)
    counts = dict(months.sums())
    months.delete()
    for begins, count in sorted(counts.items()):
        _count_of_owner(owner.pk, begins, -count)


def _count_of_album(owner: int, album: int, begins: date, change: int) -> None:
    of_album = {"album_id": album, "begins": begins}
    if not Month.objects.filter(**of_album).update(image_count=_sum("image_count", change)):
        Month.objects.create(**of_album, owner_id=owner, image_count=max(0, change))


def _count_of_owner(owner: int, begins: date, change: int) -> None:
    changed = {"image_count": _sum("image_count", change)}
    of_owner = OwnerMonth.objects.filter(owner=owner, begins=begins)
    if not of_owner.update(**changed):
        # Another upload of the owner may do the same now.
        OwnerMonth.objects.bulk_create(
            [OwnerMonth(owner_id=owner, begins=begins, image_count=0)], ignore_conflicts=True
        )
        of_owner.update(**changed)


def _add(album: Any, images: int, size: int) -> bool:
    changes = {"image_count": _sum("image_count", images), "bytes": _sum("bytes", size)}
    return bool(album.update(**changes, updated_at=timezone.now()))


def _sum(column: str, change: int) -> Expression | F:
    """At least 0: a sum that has drifted must not stop a deletion. Reconcile repairs it."""
    changed = F(column) + change
    return changed if change >= 0 else Case(When(**{f"{column}__gte": -change}, then=changed), default=0)
