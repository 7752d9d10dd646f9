"""The trash: albums and images that owners deleted, until they restore them or TRASH_DAYS are over.

Trashing an album writes only the album's row, so restoring it brings its images back as they were.
Images that were trashed alone stay in the trash when their album is restored.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import lock_owner
from albums import services as albums
from albums.models import Album, AlbumQuerySet
from images import wakeups
from images.covers import with_covers
from images.deletion.removal import doom_albums, doom_images
from images.models import Image, ImageQuerySet
from images.totals import Sums, transaction_batches, update_with_sums
from imagestore.kit.database import refresh, retry_transaction
from imagestore.kit.lists import ListSpec
from imagestore.kit.logging import log_rows, public_ids
from imagestore.kit.problems import Problem, not_found

LIST = ListSpec(orderings={"deleted_at": "trashed_at"})


# ---- Contents -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One line of the trash: an album with all its images, or an image."""

    id: UUID
    deleted_at: datetime
    type: str
    title: str
    album: Album | None
    """The album of an image; None for an album."""
    picture: Image | None
    image_count: int
    """How many images `restore` brings back."""

    @property
    def purge_at(self) -> datetime:
        return self.deleted_at + timedelta(days=settings.TRASH_DAYS)

    @property
    def days_left(self) -> int:
        """At most TRASH_DAYS, even if the database's clock is ahead of this server's."""
        return min(settings.TRASH_DAYS, max(0, ceil((self.purge_at - timezone.now()) / timedelta(days=1))))


def contents(user: User | AnonymousUser) -> tuple[AlbumQuerySet, ImageQuerySet]:
    """All lines of this user's trash, as the two tables of one list (imagestore.kit.keyset)."""
    # Not select_related: with a join, MySQL reads the albums first and sorts all images.
    images = Image.objects.trashed_alone().filter(owner=user.pk).prefetch_related("album")
    return Album.objects.trashed_by(user), images


def entries(things: list[Album | Image]) -> list[Entry]:
    """One Entry for each of these rows, in their order."""
    with_covers(thing for thing in things if isinstance(thing, Album))
    return [_entry(thing) for thing in things]


def _entry(thing: Album | Image) -> Entry:
    assert thing.trashed_at is not None
    deleted = thing.public_id, thing.trashed_at
    if isinstance(thing, Album):
        return Entry(*deleted, "album", thing.title, None, thing.cover, thing.image_count)
    return Entry(*deleted, "image", thing.name, thing.album, thing, 1)


def find(user: User | AnonymousUser, public_id: UUID) -> Album | Image:
    """The user's own album or image in the trash, also an image of a trashed album. Raises Problem `not_found`."""
    for rows in (Album.objects.trashed_by(user), Image.objects.trashed_by(user)):
        if thing := rows.filter(public_id=public_id).select_related("owner").first():
            return thing
    raise not_found()


# ---- Trash and restore ----------------------------------------------------------------------


def trash_images(owner: User, images: ImageQuerySet) -> int:
    """Put the living ones among these images of one owner into the trash. Returns how many."""
    return sum(_trash_and_log(owner, batch) for batch in transaction_batches(images.living()))


def _trash_and_log(owner: User, images: ImageQuerySet) -> int:
    ids = public_ids(images)
    count = _trash_batch(owner, images)
    log_rows("images put into the trash", owner, ids, count)
    return count


@retry_transaction
def _trash_batch(owner: User, images: ImageQuerySet) -> int:
    moment = lock_owner(owner)
    return update_with_sums(images, lambda rows: rows.update(trashed_at=moment), counted=-1).images


def restore_images(owner: User, images: ImageQuerySet) -> int:
    """Take images of one owner out of the trash, unless their album is there. Returns how many.

    All are restored in one transaction, so pass only a few.
    """
    ids = public_ids(images.trashed_alone())
    count = _restore_images(owner, images)
    log_rows("images restored", owner, ids, count)
    return count


@retry_transaction
def _restore_images(owner: User, images: ImageQuerySet) -> int:
    lock_owner(owner)
    trashed = images.trashed_alone().filter(album__in=Album.objects.living())
    return update_with_sums(trashed, lambda rows: rows.update(trashed_at=None), counted=+1).images


def restore(thing: Album | Image) -> None:
    """Take an album or image out of the trash.

    Raises Problem `album_in_trash` for an image whose album is in the trash, `not_found` when it is gone.
    """
    if isinstance(thing, Album):
        restored = albums.restore(thing.owner, Album.objects.filter(pk=thing.pk))
    else:
        restored = restore_images(thing.owner, Image.objects.filter(pk=thing.pk))
    if restored:
        refresh(thing, type(thing).objects.undeleted())
    elif isinstance(thing, Image) and Album.objects.trashed().filter(pk=thing.album_id).exists():
        raise Problem("album_in_trash", _("Its album is in the trash. Restore the album first."))
    else:
        raise not_found()


# ---- Delete for ever ------------------------------------------------------------------------


def sums_of(images: ImageQuerySet) -> Sums:
    sums = images.aggregate(count=Count("pk"), size=Sum("bytes"))
    return Sums(sums["count"], sums["size"] or 0)


def used_bytes(user: User) -> int:
    """The bytes in this user's trash. Albums have their sums, so their images are not read."""
    return sum(rows.aggregate(size=Sum("bytes"))["size"] or 0 for rows in contents(user))


def counts_with_trash(user: User) -> dict[str, int]:
    """All that the user has, in the trash or not. Albums have their sums, so few images are counted."""
    albums = Album.objects.undeleted().filter(owner=user)
    sums = albums.aggregate(albums=Count("pk"), photos=Sum("image_count", default=0))
    return {**sums, "photos": sums["photos"] + contents(user)[1].count()}


def is_used(user: User | AnonymousUser) -> bool:
    """Whether emptying it frees bytes."""
    return any(rows.filter(bytes__gt=0).exists() for rows in contents(user))


def images_of(thing: Album | Image) -> ImageQuerySet:
    """The images that `delete` would remove: of an album also those that were trashed alone."""
    images: ImageQuerySet = Image.objects.undeleted()
    return images.filter(album=thing) if isinstance(thing, Album) else images.filter(pk=thing.pk)


def delete(thing: Album | Image) -> None:
    """Delete it for ever. Raises Problem `not_found` when it is not in the trash any more."""
    if isinstance(thing, Album):
        doomed = doom_albums(thing.owner, Album.objects.trashed().filter(pk=thing.pk))
    else:
        doomed = doom_images(thing.owner, Image.objects.trashed().filter(pk=thing.pk))
    if not doomed:
        raise not_found()
    transaction.on_commit(wakeups.removal_waits.set)


def empty(user: User) -> None:
    """Delete everything in this user's trash for ever."""
    doom_albums(user, Album.objects.trashed_by(user))
    doom_images(user, Image.objects.trashed_by(user))
    transaction.on_commit(wakeups.removal_waits.set)
