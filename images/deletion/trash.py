"""The trash: what owners deleted, until they take it back or its days are over.

Only an album's own row says that it is in the trash with all that is in it, so it comes back as it
was. Images that were there alone before stay there.
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

from accounts.models import User
from accounts.services import lock_owner
from albums import services as albums
from albums.models import Album, AlbumQuerySet
from images import wakeups
from images.deletion.removal import doom_albums, doom_images
from images.delivery.covers import with_covers
from images.models import Image, ImageQuerySet
from images.totals import Sums, transaction_batches, update_with_sums
from imagestore.kit.database import refresh, transaction_retried
from imagestore.kit.lists import ListSpec
from imagestore.kit.problems import Problem, not_found

# What lists of the trash sort by: newest deleted first.
LIST = ListSpec(orderings={"deleted_at": "trashed_at"})


# ---- What is in it --------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One line of the trash: an album with all that is in it, or an image."""

    id: UUID
    deleted_at: datetime
    type: str
    title: str
    album: Album | None
    """Where an image belongs."""
    picture: Image | None
    image_count: int
    """How many images restoring brings back."""

    @property
    def purge_at(self) -> datetime:
        return self.deleted_at + timedelta(days=settings.TRASH_DAYS)

    @property
    def days_left(self) -> int:
        """Never more than TRASH_DAYS, though the database's clock may be ahead of ours."""
        return min(settings.TRASH_DAYS, max(0, ceil((self.purge_at - timezone.now()) / timedelta(days=1))))


def contents(user: User | AnonymousUser) -> tuple[AlbumQuerySet, ImageQuerySet]:
    """What this user deleted, as the two tables of one list (imagestore.kit.keyset)."""
    # A join would tempt MySQL to begin with the albums and to sort all images.
    images = Image.objects.trashed_alone().filter(owner=user.pk).prefetch_related("album")
    return Album.objects.trashed_by(user), images


def entries(things: list[Album | Image]) -> list[Entry]:
    """These rows of the trash as its lines, in their order."""
    with_covers(thing for thing in things if isinstance(thing, Album))
    return [_entry(thing) for thing in things]


def _entry(thing: Album | Image) -> Entry:
    assert thing.trashed_at is not None
    deleted = thing.public_id, thing.trashed_at
    if isinstance(thing, Album):
        return Entry(*deleted, "album", thing.title, None, thing.cover, thing.image_count)
    return Entry(*deleted, "image", thing.name, thing.album, thing, 1)


def find(user: User | AnonymousUser, public_id: UUID) -> Album | Image:
    """The user's own album or image in the trash, alone or with its album; else Problem `not_found`."""
    for rows in (Album.objects.trashed_by(user), Image.objects.trashed_by(user)):
        if found := rows.filter(public_id=public_id).select_related("owner").first():
            return found
    raise not_found()


# ---- In, and back ---------------------------------------------------------------------------


def trash_images(owner: User, images: ImageQuerySet) -> int:
    """Put living images of one owner into the trash; how many."""
    return sum(_trash_batch(owner, batch) for batch in transaction_batches(images.living()))


@transaction_retried
def _trash_batch(owner: User, images: ImageQuerySet) -> int:
    moment = lock_owner(owner)
    return update_with_sums(images, lambda rows: rows.update(trashed_at=moment), counted=-1).images


@transaction_retried
def restore_images(owner: User, images: ImageQuerySet) -> int:
    """Take a few images of one owner out of the trash, where their albums live; how many."""
    lock_owner(owner)
    back = images.trashed_alone().filter(album__in=Album.objects.living())
    return update_with_sums(back, lambda rows: rows.update(trashed_at=None), counted=+1).images


def restore(thing: Album | Image) -> None:
    """Take it out of the trash. Problem `album_in_trash` for an image whose album is there."""
    if isinstance(thing, Album):
        restored = albums.restore(thing.owner, Album.objects.filter(pk=thing.pk))
    else:
        restored = restore_images(thing.owner, Image.objects.filter(pk=thing.pk))
    if restored:
        refresh(thing, type(thing).objects.undeleted())
    elif isinstance(thing, Image) and Album.objects.trashed().filter(pk=thing.album_id).exists():
        raise Problem("album_in_trash", "Its album is in the trash. Restore the album first.")
    else:
        raise not_found()


# ---- Out for ever ---------------------------------------------------------------------------


def sums_of(images: ImageQuerySet) -> Sums:
    """How many photos would go, and their bytes."""
    found = images.aggregate(count=Count("pk"), size=Sum("bytes"))
    return Sums(found["count"], found["size"] or 0)


def used_bytes(user: User) -> int:
    """The bytes this user's trash takes up. Trashed albums know their sums: no row of theirs is read."""
    return sum(rows.aggregate(size=Sum("bytes"))["size"] or 0 for rows in contents(user))


def images_of(thing: Album | Image) -> ImageQuerySet:
    """What goes with it: an album takes along what was in the trash before."""
    kept: ImageQuerySet = Image.objects.undeleted()
    return kept.filter(album=thing) if isinstance(thing, Album) else kept.filter(pk=thing.pk)


def delete(thing: Album | Image) -> None:
    """For ever. Problem `not_found` when it is not in the trash any more."""
    if isinstance(thing, Album):
        gone = doom_albums(thing.owner, Album.objects.trashed().filter(pk=thing.pk))
    else:
        gone = doom_images(thing.owner, Image.objects.trashed().filter(pk=thing.pk))
    if not gone:
        raise not_found()
    transaction.on_commit(wakeups.removal_waits.set)


def empty(user: User) -> None:
    """Delete all of it for ever."""
    doom_albums(user, Album.objects.trashed_by(user))
    doom_images(user, Image.objects.trashed_by(user))
    transaction.on_commit(wakeups.removal_waits.set)
