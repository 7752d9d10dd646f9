"""Deleting for ever: hidden by one transaction, then the files, then the rows.

Locks are taken in one order everywhere: user, album, image.
"""

import logging
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db.models import Count, F, Sum
from django.utils import timezone

from accounts.models import User
from accounts.services import retire
from albums.models import Album
from images.models import Image, ImageQuerySet, Status
from images.storage import image_storage
from imagestore.database import transaction_retried

logger = logging.getLogger(__name__)

# Images whose files are removed between two looks at the database.
BATCH = 500


@transaction_retried
def doom_images(owner: User, images: ImageQuerySet) -> int:
    """Hide these living images of one owner from every door, and give their bytes back; how many."""
    _lock(owner)
    return _doom(owner, images.living())


@transaction_retried
def doom_albums(owner: User, albums: list[Album]) -> None:
    """Hide albums and all that is in them."""
    _lock(owner)
    doomed = Album.objects.living().filter(pk__in=[album.pk for album in albums])
    doomed.update(doomed_at=timezone.now())
    _doom(owner, Image.objects.living().filter(album__in=[album.pk for album in albums]))


@transaction_retried
def doom_user(user: User) -> None:
    """Hide an account and all that is in it; nobody can sign in to it from now on."""
    _lock(user)
    retire(user)
    Album.objects.living().filter(owner=user).update(doomed_at=timezone.now())
    _doom(user, Image.objects.living().filter(owner=user))


@transaction_retried
def discard(image: Image) -> None:
    """Give up a reception: its row is doomed and its bytes are given back, once."""
    _lock(image.owner)
    receiving = Image.objects.filter(pk=image.pk, status=Status.RECEIVING)
    if receiving.update(status=Status.DOOMED, leased_until=None, lease_token=None):
        _give_back(image.owner, image.bytes)


def purge() -> int:
    """Finish what is doomed: files, then rows, then their albums, then their users; how many images.

    What somebody still works on waits for the end of that lease.
    """
    purged, last = 0, 0
    with ThreadPoolExecutor(settings.STORAGE_WORKERS, "purge") as pool:
        while batch := list(Image.objects.doomed().unleased().filter(pk__gt=last).order_by("pk")[:BATCH]):
            gone = [image.pk for image, done in zip(batch, pool.map(_remove_files, batch), strict=True) if done]
            Image.objects.doomed().filter(pk__in=gone).delete()
            purged, last = purged + len(gone), batch[-1].pk
    _purge_albums()
    _purge_users()
    return purged


def clear_if_dead(image: Image) -> None:
    """Remove the files of an image that no row keeps any more.

    For whoever stored something and then could not record it: if another worker holds or finished
    the image, its files have the same names and stay.
    """
    if not Image.objects.filter(pk=image.pk).exclude(status=Status.DOOMED).exists():
        image_storage().delete_folder(image.storage_prefix)


def _lock(owner: User) -> None:
    User.objects.select_for_update().get(pk=owner.pk)


def _doom(owner: User, images: ImageQuerySet) -> int:
    """In the owner's transaction. The albums are locked before their sums are taken."""
    keys = list(images.values_list("album_id", flat=True).distinct().order_by("album_id"))
    list(Album.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))
    # Not what came into another album meanwhile: its sums are not locked.
    images = images.filter(album_id__in=keys)
    sums = list(images.values("album_id").annotate(count=Count("pk"), total=Sum("bytes")).order_by("album_id"))
    images.update(status=Status.DOOMED, living_sha256=None, updated_at=timezone.now())
    for album in sums:
        Album.objects.filter(pk=album["album_id"]).update(
            image_count=F("image_count") - album["count"],
            bytes=F("bytes") - album["total"],
            updated_at=timezone.now(),
        )
    _give_back(owner, sum(album["total"] for album in sums))
    return sum(album["count"] for album in sums)


def _give_back(owner: User, size: int) -> None:
    User.objects.filter(pk=owner.pk).update(used_bytes=F("used_bytes") - size)


def _remove_files(image: Image) -> bool:
    """True when none of its files is left; what fails now is tried again by the next run."""
    try:
        image_storage().delete_folder(image.storage_prefix)
    except OSError:
        logger.exception("files of image %s could not be removed", image.public_id)
        return False
    return True


def _purge_albums() -> None:
    Album.objects.filter(doomed_at__isnull=False, images=None).delete()


def _purge_users() -> None:
    for user in User.objects.filter(doomed_at__isnull=False, albums=None):
        user.delete()
