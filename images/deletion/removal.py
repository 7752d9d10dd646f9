"""Deleting for ever: hidden by one transaction, then the files, then the rows.

An album's row alone hides what is in it, an account's its albums; their images are doomed behind it
in parts, each with its bytes' return to the quota. Locks are taken in one order everywhere: user,
album, image.
"""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.services import lock_owner, retire
from albums.models import Album, AlbumQuerySet
from images import lifecycle, locks
from images.models import Image, ImageQuerySet, Status
from images.storage import identity
from images.storage.base import image_storage
from images.totals import give_back_bytes, transaction_batches, update_with_sums
from imagestore.kit.batches import batches, each
from imagestore.kit.database import transaction_retried

logger = logging.getLogger(__name__)

# Images whose files are removed between two looks at the database.
BATCH_IMAGES = 500
# Albums whose images are looked for with one question.
BATCH_ALBUMS = 100
# A run in which nothing could be removed for so long ends; the next one may find the storage better (seconds).
REMOVAL_GIVE_UP_SECONDS = 60


class NotNow(OSError):
    """Nothing may leave the storage for the moment."""


def doom_images(owner: User, images: ImageQuerySet) -> int:
    """Hide these images of one owner from every door, and give their bytes back; how many."""
    return sum(_doom_batch(owner, batch) for batch in transaction_batches(images.stored()))


def doom_albums(owner: User, albums: AlbumQuerySet) -> int:
    """Hide these albums of one owner and all that is in them; how many albums."""
    keys = _hide_albums(owner, albums)
    _doom_images_in(owner, keys)
    return len(keys)


def doom_user(user: User) -> None:
    """Hide an account and all that is in it; nobody can sign in to it from now on."""
    _doom_images_in(user, _hide_user(user))


def doom_expired() -> int:
    """Hide what has been in the trash for longer than TRASH_DAYS, by the database's clock; how many things."""
    expired = {"trashed_at__lt": Now() - timedelta(days=settings.TRASH_DAYS)}
    albums = Album.objects.trashed().filter(**expired)
    images = Image.objects.trashed_alone().filter(**expired)
    late = Exists(albums.filter(owner=OuterRef("pk"))) | Exists(images.filter(owner=OuterRef("pk")))

    def doom(owner: User) -> int:
        return doom_albums(owner, albums.filter(owner=owner)) + doom_images(owner, images.filter(owner=owner))

    return each(User.objects.filter(late).order_by("pk"), doom)


@transaction_retried
def _hide_albums(owner: User, albums: AlbumQuerySet) -> list[int]:
    """The one UPDATE after which no door shows them; their keys."""
    lock_owner(owner)
    keys = list(albums.undeleted().order_by("pk").values_list("pk", flat=True))
    Album.objects.filter(pk__in=keys).update(doomed_at=timezone.now())
    return keys


@transaction_retried
def _hide_user(user: User) -> list[int]:
    """Likewise all albums of an account that ends."""
    lock_owner(user)
    retire(user)
    return _hide_albums(user, Album.objects.filter(owner=user))


def _doom_images_in(owner: User, albums: Sequence[int]) -> int:
    some = (albums[start : start + BATCH_ALBUMS] for start in range(0, len(albums), BATCH_ALBUMS))
    return sum(doom_images(owner, Image.objects.filter(album__in=keys)) for keys in some)


@transaction_retried
def _doom_batch(owner: User, images: ImageQuerySet) -> int:
    """What is in the trash alone is not counted by its album."""
    lock_owner(owner)
    gone = update_with_sums(images.filter(trashed_at__isnull=False), lifecycle.doom, counted=0)
    gone += update_with_sums(images, lifecycle.doom, counted=-1)
    give_back_bytes(owner, gone.bytes)
    return gone.images


# ---- Files, then rows -----------------------------------------------------------------------


def purge() -> int:
    """Finish what is doomed: files, then rows, then their albums, then their users; how many images.

    What somebody still works on waits for the end of that lease.
    """
    _doom_what_is_hidden()
    purged = _purge_images()
    _purge_albums()
    _purge_users()
    return purged


def clear_if_dead(image: Image) -> None:
    """Remove the files of an image that no row keeps any more.

    For whoever stored something and then could not record it: if another worker holds or finished
    the image, its files have the same names and stay.
    """
    if Image.objects.filter(pk=image.pk).exclude(status=Status.DOOMED).exists():
        return
    try:
        remove_files([image])
    except OSError as error:
        logger.warning("files of image %s are left: %s", image.public_id, error)


def remove_files(images: list[Image]) -> list[int]:
    """The keys of those of which no file is left; what fails now is tried again by the next run.

    Raises OSError when the storage is not there, and NotNow while a backup is taken: its copy of
    the files is younger than that of the rows.
    """
    if locks.is_held(locks.BACKUP):
        raise NotNow("a backup is being taken")
    identity.check()
    gone = image_storage().delete_folders([image.storage_prefix for image in images])
    # In a folder on which the disk is no longer mounted, nothing is left of anything.
    identity.check()
    return [image.pk for image in images if image.storage_prefix in gone]


def _doom_what_is_hidden() -> None:
    """For a process that died on its way from an album to its images, and albums made while their owner went."""
    Album.objects.undeleted().filter(owner__doomed_at__isnull=False).update(doomed_at=timezone.now())
    undoomed = Image.objects.filter(album=OuterRef("pk"), living_sha256__isnull=False)
    hidden = Album.objects.doomed().filter(Exists(undoomed)).select_related("owner")
    each(hidden, lambda album: _doom_images_in(album.owner, [album.pk]))


def _purge_images() -> int:
    purged, deadline = 0, time.monotonic() + REMOVAL_GIVE_UP_SECONDS
    for batch in batches(Image.objects.doomed().unleased(), BATCH_IMAGES):
        try:
            gone = remove_files(batch)
        except OSError as error:
            logger.warning("nothing is removed: %s", error)
            break
        Image.objects.doomed().filter(pk__in=gone).delete()
        purged += len(gone)
        if gone:
            deadline = time.monotonic() + REMOVAL_GIVE_UP_SECONDS
        elif time.monotonic() > deadline:
            break
    return purged


def _purge_albums() -> None:
    Album.objects.doomed().filter(images=None).delete()


def _purge_users() -> None:
    each(User.objects.filter(doomed_at__isnull=False, albums=None), lambda user: user.delete()[0])
