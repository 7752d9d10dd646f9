"""Deleting for ever: hidden by one transaction, then the files, then the rows.

Locks are taken in one order everywhere: user, album, image.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.services import lock, retire
from albums.models import Album, AlbumQuerySet
from images import marker, runner
from images.ledger import give_back, rewrite
from images.models import Image, ImageQuerySet, Status
from images.storage import image_storage
from imagestore.database import transaction_retried

logger = logging.getLogger(__name__)

# Images whose files are removed between two looks at the database.
BATCH = 500


@transaction_retried
def doom_images(owner: User, images: ImageQuerySet) -> int:
    """Hide these images of one owner from every door, and give their bytes back; how many."""
    lock(owner)
    return _doom(owner, images)


@transaction_retried
def doom_albums(owner: User, albums: AlbumQuerySet) -> int:
    """Hide these albums of one owner and all that is in them; how many albums."""
    lock(owner)
    keys = list(albums.kept().order_by("pk").values_list("pk", flat=True))
    Album.objects.filter(pk__in=keys).update(doomed_at=timezone.now())
    _doom(owner, Image.objects.filter(album__in=keys))
    return len(keys)


@transaction_retried
def doom_user(user: User) -> None:
    """Hide an account and all that is in it; nobody can sign in to it from now on."""
    lock(user)
    retire(user)
    Album.objects.kept().filter(owner=user).update(doomed_at=timezone.now())
    _doom(user, Image.objects.filter(owner=user))


def doom_expired() -> int:
    """Hide what has been in the trash for longer than TRASH_DAYS, by the database's clock; how many things."""
    expired = {"trashed_at__lt": Now() - timedelta(days=settings.TRASH_DAYS)}
    albums = Album.objects.trashed().filter(**expired)
    images = Image.objects.trashed_alone().filter(**expired)
    late = Exists(albums.filter(owner=OuterRef("pk"))) | Exists(images.filter(owner=OuterRef("pk")))
    count = 0
    for owner in User.objects.filter(late).order_by("pk"):
        count += doom_albums(owner, albums.filter(owner=owner)) + doom_images(owner, images.filter(owner=owner))
    return count


def purge() -> int:
    """Finish what is doomed: files, then rows, then their albums, then their users; how many images.

    What somebody still works on waits for the end of that lease.
    """
    purged, last = 0, 0
    while batch := list(Image.objects.doomed().unleased().filter(pk__gt=last).order_by("pk")[:BATCH]):
        gone = remove_files(batch)
        Image.objects.doomed().filter(pk__in=gone).delete()
        purged, last = purged + len(gone), batch[-1].pk
        if not gone:
            # The storage does not answer: the next run may find it better.
            break
    _purge_albums()
    _purge_users()
    return purged


def clear_if_dead(image: Image) -> None:
    """Remove the files of an image that no row keeps any more.

    For whoever stored something and then could not record it: if another worker holds or finished
    the image, its files have the same names and stay.
    """
    if not Image.objects.filter(pk=image.pk).exclude(status=Status.DOOMED).exists():
        remove_files([image])


def _doom(owner: User, images: ImageQuerySet) -> int:
    """In the owner's transaction; what is in the trash alone is not counted by its album."""
    doomed = {"status": Status.DOOMED, "living_sha256": None, "updated_at": timezone.now()}
    gone = rewrite(images.trashed_alone(), counted=0, trashed_at=None, **doomed)
    gone += rewrite(images.kept(), counted=-1, **doomed)
    give_back(owner, gone.bytes)
    return gone.images


def remove_files(images: list[Image]) -> list[int]:
    """The keys of those of which no file is left; what fails now is tried again by the next run.

    Nothing goes while a backup is taken: its copy of the files is younger than that of the rows.
    """
    if runner.is_taken(runner.BACKUP):
        return []
    try:
        marker.check()
        gone = image_storage().delete_folders([image.storage_prefix for image in images])
        # In a folder on which the disk is no longer mounted, nothing is left of anything.
        marker.check()
    except OSError as error:
        logger.warning("nothing was removed: %s", error)
        return []
    return [image.pk for image in images if image.storage_prefix in gone]


def _purge_albums() -> None:
    Album.objects.filter(doomed_at__isnull=False, images=None).delete()


def _purge_users() -> None:
    for user in User.objects.filter(doomed_at__isnull=False, albums=None):
        user.delete()
