"""Deleting for ever: one transaction hides, then `purge` removes files, then rows.

`doomed_at` in an album's row hides all its images at once, and the transaction that writes it gives their
bytes back to the quota. `purge` then dooms them. An account hides its albums in the same way. Images of a
living album are doomed in batches; each batch is a transaction with their sums. Lock rows in one order:
user, album, image.
"""

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Sum
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.services import lock_owner, retire
from albums.models import Album, AlbumQuerySet
from images import lifecycle, locks
from images.deletion import cdn
from images.integrity import files_of
from images.models import Image, ImageQuerySet, Status, Upload
from images.storage import identity, parts
from images.storage.base import image_storage
from images.totals import delete_uploads, give_back_bytes, transaction_batches, uncount_albums, update_with_sums
from imagestore.kit.batches import batches, each
from imagestore.kit.database import retry_transaction
from imagestore.kit.logging import log_rows, public_ids

logger = logging.getLogger(__name__)

# Images whose files are removed between two database queries.
BATCH_IMAGES = 500
# A run ends when the storage has removed no image for so long. The next run tries again.
REMOVAL_GIVE_UP_SECONDS = 60


# What tells which files an image has.
_COLUMNS_OF_FILES = ("public_id", "bytes", "sha256", "variants", "may_have_orphans", "lease_token")


class DeletionsHeld(OSError):
    """A backup is being taken: no file may be removed until it ends."""


def doom_images(owner: User, images: ImageQuerySet) -> int:
    """Hide these images of one owner for ever, and give their bytes back to the quota. Returns how many."""
    return sum(_doom_and_log(owner, batch) for batch in transaction_batches(images.undeleted()))


def _doom_and_log(owner: User, images: ImageQuerySet) -> int:
    ids = public_ids(images)
    count = _doom_batch(owner, images)
    log_rows("images deleted for ever", owner, ids, count)
    return count


def doom_albums(owner: User, albums: AlbumQuerySet) -> int:
    """Hide these albums of one owner for ever, with all their images. Returns how many albums."""
    keys = _hide_albums(owner, albums)
    log_rows("albums deleted for ever", owner, public_ids(Album.objects.filter(pk__in=keys)), len(keys))
    return len(keys)


def doom_user(user: User) -> None:
    """Hide an account with all its albums, and end its logins: its user cannot sign in any more."""
    _hide_user(user)
    log_rows("account deleted", user, [str(user.public_id)], 1)


def doom_expired() -> int:
    """Doom what was trashed more than TRASH_DAYS ago, by the database's clock. Returns how many rows."""
    expired = {"trashed_at__lt": Now() - timedelta(days=settings.TRASH_DAYS)}
    albums = Album.objects.trashed().filter(**expired)
    images = Image.objects.trashed_alone().filter(**expired)
    has_expired = Exists(albums.filter(owner=OuterRef("pk"))) | Exists(images.filter(owner=OuterRef("pk")))

    def doom(owner: User) -> int:
        return doom_albums(owner, albums.filter(owner=owner)) + doom_images(owner, images.filter(owner=owner))

    return each(User.objects.filter(has_expired).order_by("pk"), doom)


@retry_transaction
def _hide_albums(owner: User, albums: AlbumQuerySet) -> list[int]:
    """After this transaction no page shows these albums, and uploads into them have ended. Returns their keys.

    It gives back the bytes of all their images: one that is published later finds no living album.
    """
    lock_owner(owner)
    sums = dict(albums.undeleted().select_for_update().order_by("pk").values_list("pk", "bytes"))
    keys = list(sums)
    Album.objects.filter(pk__in=keys).update(doomed_at=timezone.now(), image_count=0, bytes=0, cover_key=0)
    uncount_albums(owner, keys)
    delete_uploads(owner, Upload.objects.open().filter(album__in=keys))
    # The sums of albums leave out images that were trashed alone.
    trashed_alone = Image.objects.filter(owner=owner, album__in=keys, trashed_at__isnull=False)
    give_back_bytes(owner, sum(sums.values()) + (trashed_alone.aggregate(size=Sum("bytes"))["size"] or 0))
    return keys


@retry_transaction
def _hide_user(user: User) -> None:
    """After this transaction no page shows the account or its albums."""
    lock_owner(user)
    retire(user)
    _hide_albums(user, Album.objects.filter(owner=user))


@retry_transaction
def _doom_batch(owner: User, images: ImageQuerySet) -> int:
    """Images that were trashed alone go first, because their albums' sums leave them out already."""
    lock_owner(owner)
    doomed = update_with_sums(images.filter(trashed_at__isnull=False), lifecycle.doom, counted=0)
    doomed += update_with_sums(images, lifecycle.doom, counted=-1)
    give_back_bytes(owner, doomed.bytes)
    return doomed.images


# ---- Files, then rows -----------------------------------------------------------------------


def purge() -> int:
    """Remove doomed images (files first, then rows), then doomed albums, then users. Returns how many images.

    Leased images stay until their lease ends. What came of uploads that ended with their albums goes, too.
    """
    _doom_hidden()
    purged = _purge_images()
    _purge_albums()
    _purge_users()
    parts.sweep()
    return purged


def remove_if_deleted(image: Image) -> None:
    """Remove the files of an image whose row is doomed or gone.

    Call it after storing files that could not be recorded. It does nothing while the image lives: then
    another worker has it, and its files have the same names.
    """
    if Image.objects.filter(pk=image.pk).exclude(status=Status.DOOMED).exists():
        return
    try:
        remove_files([image])
    except OSError as error:
        logger.warning("files of image %s are left: %s", image.public_id, error)


def refuse_during_backup() -> None:
    """Call before files are removed that rows have named. Raises DeletionsHeld."""
    if locks.is_held(locks.BACKUP):
        raise DeletionsHeld("a backup is being taken")


def remove_files(images: list[Image]) -> list[int]:
    """Remove the files of these images. Returns the keys of images of which no file is left.

    Raises OSError when the storage fails or is not ours. Raises DeletionsHeld while a backup is taken,
    which copies the files after the rows that name them.
    """
    refuse_during_backup()
    identity.check()
    gone = image_storage().delete_folders({image.storage_prefix: _all_files(image) for image in images})
    # The disk may have been unmounted meanwhile: then every folder looked empty.
    identity.check()
    return [image.pk for image in images if image.storage_prefix in gone]


def _all_files(image: Image) -> set[str] | None:
    """The names of all files of an image, by its row; None if a worker may have left others."""
    return {file.name for file in files_of(image)} if image.is_settled else None


def _doom_hidden() -> None:
    """Doom albums of doomed users, and images of doomed albums. No worker renders what is doomed.

    Albums should never be left: one transaction hides them with their user.
    """
    Album.objects.undeleted().filter(owner__doomed_at__isnull=False).update(doomed_at=timezone.now())
    undoomed_images = Image.objects.filter(album=OuterRef("pk"), living_sha256__isnull=False)
    each(Album.objects.doomed().filter(Exists(undoomed_images)).select_related("owner"), _doom_images_of)


def _doom_images_of(album: Album) -> int:
    """Of a hidden album: its sums and bytes count no more."""
    doomed = 0
    for batch in transaction_batches(Image.objects.stored().filter(album=album)):
        ids, count = public_ids(batch), lifecycle.doom(batch)
        log_rows("images deleted for ever", album.owner, ids, count)
        doomed += count
    return doomed


def _purge_images() -> int:
    purged, deadline = 0, time.monotonic() + REMOVAL_GIVE_UP_SECONDS
    for batch in batches(Image.objects.doomed().unleased().only(*_COLUMNS_OF_FILES), BATCH_IMAGES):
        try:
            gone = set(remove_files(batch))
        except OSError as error:
            logger.warning("no more files are removed in this run: %s", error)
            break
        _delete_rows([image for image in batch if image.pk in gone])
        purged += len(gone)
        if gone:
            deadline = time.monotonic() + REMOVAL_GIVE_UP_SECONDS
        elif time.monotonic() > deadline:
            break
    return purged


@retry_transaction
def _delete_rows(images: list[Image]) -> None:
    """Of images without files. Their words go with them; only the keys are read for that."""
    cdn.add(images)
    Image.objects.doomed().filter(pk__in=[image.pk for image in images]).only("pk").delete()


def _purge_albums() -> None:
    albums = Album.objects.doomed().filter(images=None)
    # Of albums that a server of the version before has doomed.
    each(User.objects.filter(pk__in=Upload.objects.filter(album__in=albums).values("owner")), _end_uploads)
    albums.delete()


@retry_transaction
def _end_uploads(owner: User) -> int:
    lock_owner(owner)
    return delete_uploads(owner, Upload.objects.filter(owner=owner, album__in=Album.objects.doomed()))


def _purge_users() -> None:
    each(User.objects.filter(doomed_at__isnull=False, albums=None), lambda user: user.delete()[0])
