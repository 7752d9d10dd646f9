"""The ledger: which bytes are on their way in, what an owner's quota holds, what an album counts.

The quota holds every original from before its bytes are stored until it is doomed, the trash
included. An album counts its kept images that are not in the trash alone. Both sums change in the
transaction that changes the rows; locks are taken in one order: user, album, image.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Case, Count, Expression, F, Q, Sum, When
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.services import lock
from albums.models import Album
from images.models import Image, ImageQuerySet, Status
from images.names import clean_name
from images.processing import Probed
from images.staging import StagedFile
from imagestore.database import transaction_retried
from imagestore.problems import Problem, not_found, storage_unavailable

# A reception without an end after this long has lost its server; it covers one slow storage write.
RECEPTION = timedelta(minutes=5)
# How long an upload without room waits for the same bytes on their way in, and how often it looks (seconds).
PATIENCE = 10
LOOK = 0.05
# Images that one transaction changes. Of 300,000 at once MySQL makes more than a statement may take, and
# whatever else their owner does would wait for all of them.
PART = 5000


class _OnTheirWay(Problem):
    """Refused for now: the same bytes are on their way into the album, and may hold the room."""

    def __init__(self) -> None:
        super().__init__("storage_unavailable", "The same file is being received already. Try again shortly.")


# ---- An upload ------------------------------------------------------------------------------


def enter(album: Album, staged: StagedFile, probed: Probed, caption: str) -> Image | None:
    """A RECEIVING row, before any byte is stored; None when the album has these bytes already.

    Raises Problem `not_found` when there is no such album any more, `quota_exceeded` without room.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return _enter(album, staged, probed, caption)
        except _OnTheirWay:
            if time.monotonic() > deadline:
                raise
        time.sleep(LOOK)


@transaction_retried
def _enter(album: Album, staged: StagedFile, probed: Probed, caption: str) -> Image | None:
    """Under the owner's lock no row can become RECEIVING, so what is on its way is asked first."""
    lock(album.owner)
    if not Album.objects.living().filter(pk=album.pk).exists():
        raise not_found()
    same = Image.objects.filter(album=album, sha256=staged.sha256)
    on_their_way = same.filter(owner=album.owner, status=Status.RECEIVING).exists()
    if Image.objects.kept().filter(album=album, living_sha256=staged.sha256).exists():
        return None
    if not _take_quota(album.owner, staged.size):
        raise _OnTheirWay if on_their_way else _no_room(album.owner)
    image = _entry(album, staged, probed, caption)
    image.save(force_insert=True)
    return image


def _entry(album: Album, staged: StagedFile, probed: Probed, caption: str) -> Image:
    now = timezone.now()
    taken_at = datetime.fromisoformat(probed.taken_at) if probed.taken_at else None
    return Image(
        album=album,
        owner=album.owner,
        name=clean_name(staged.name or ""),
        caption=caption,
        bytes=staged.size,
        sha256=staged.sha256,
        crc32=staged.crc32,
        content_type=probed.content_type,
        width=probed.width,
        height=probed.height,
        taken_at=taken_at,
        sorted_at=taken_at or now,
        camera=probed.camera,
        leased_until=Now() + RECEPTION,
        lease_token=uuid4(),
        created_at=now,
    )


def _take_quota(owner: User, size: int) -> bool:
    """One conditional UPDATE, so that parallel uploads cannot pass the limit together."""
    limit = owner.quota
    fits = Q() if limit is None else Q(used_bytes__lte=limit - size)
    rows = User.objects.living().filter(fits, pk=owner.pk)
    return bool(rows.update(used_bytes=_sum("used_bytes", size)))


def _no_room(owner: User) -> Problem:
    used = User.objects.filter(pk=owner.pk).values_list("used_bytes", flat=True).first()
    detail = "There is no room left for this file: delete something for ever first. Nothing was stored."
    return Problem("quota_exceeded", detail, limit=owner.quota, used=used)


@transaction_retried
def publish(image: Image) -> None:
    """RECEIVING becomes PENDING. Counting it in the album first also locks the album's life.

    Raises IntegrityError when the same bytes were quicker, Problem `not_found` without the album.
    """
    if not count(image.album_id, +1, image.bytes):
        raise not_found()
    row = Image.objects.held(image.pk, _token(image)).filter(status=Status.RECEIVING)
    if not row.update(status=Status.PENDING, living_sha256=image.sha256, leased_until=None, lease_token=None):
        raise storage_unavailable()


def _token(image: Image) -> UUID:
    assert image.lease_token is not None
    return image.lease_token


@transaction_retried
def discard(image: Image, *, unanswered: bool = False) -> bool:
    """Give up a reception: its row is doomed and its bytes are given back, once. False when that was done before.

    Where a storage that did not answer may still get to work, its row waits for the end of its lease.
    """
    if not User.objects.select_for_update().filter(pk=image.owner_id).exists():
        return False
    receiving = Image.objects.filter(pk=image.pk, status=Status.RECEIVING)
    lease = {} if unanswered else {"leased_until": None}
    given_up = bool(receiving.update(status=Status.DOOMED, lease_token=None, **lease))
    if given_up:
        give_back(image.owner, image.bytes)
    return given_up


# ---- The sums, in transactions of their callers ---------------------------------------------


@dataclass(frozen=True)
class Sums:
    images: int
    bytes: int

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.images + other.images, self.bytes + other.bytes)


def give_back(owner: User, size: int) -> None:
    User.objects.filter(pk=owner.pk).update(used_bytes=_sum("used_bytes", -size))


def count(album: int, images: int, size: int) -> bool:
    """Add to a living album's sums; False when it is none any more."""
    return _add(Album.objects.living().filter(pk=album), images, size)


def parts(images: ImageQuerySet) -> Iterator[ImageQuerySet]:
    """These images in parts that one transaction can change, in the order of their keys."""
    last = 0
    while keys := list(images.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PART]):
        yield images.filter(pk__gt=last, pk__lte=keys[-1])
        last = keys[-1]


def rewrite(images: ImageQuerySet, *, counted: int, **changes: Any) -> Sums:
    """Write `changes` to images of one owner, whose lock the caller holds; how many, and their bytes.

    Their albums count them in (`counted` = +1), out (-1) or not at all (0).
    """
    albums = sorted(images.order_by().values_list("album_id", flat=True).distinct())
    list(Album.objects.select_for_update().filter(pk__in=albums).order_by("pk").values_list("pk"))
    # What was published into an album before it was locked is counted; into another one, not meant.
    images = images.filter(album__in=albums)
    per_album = list(images.order_by().values_list("album_id").annotate(Count("pk"), Sum("bytes")))
    images.update(**changes)
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
