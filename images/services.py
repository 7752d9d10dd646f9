"""What can be done with images, in the order of their life: receive, retry, change, delete.

Every door (form, API, bulk, `manage.py import_folder`) ends in `receive`.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, IntegrityError, InterfaceError, connections, transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import lock_owner
from albums import services as albums
from albums.models import Album, AlbumQuerySet
from images import lifecycle, totals, wakeups
from images.deletion.removal import doom_albums, doom_images, doom_user
from images.deletion.trash import restore_images, trash_images
from images.models import SHOWN, Image, ImageQuerySet, Status
from images.processing import Probed, ProcessingError
from images.uploads import originals, probing, reception
from images.uploads.filenames import clean_name
from images.uploads.staging import StagedFile
from imagestore.kit.database import refresh, transaction_retried
from imagestore.kit.lists import Filter, ListSpec
from imagestore.kit.problems import Problem, database_unavailable, not_found, storage_unavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Received:
    """The image that holds the bytes, and whether this upload made it."""

    image: Image
    created: bool


_OTHER_BYTES = "The bytes that arrived are not those that were sent. Nothing was stored. Send them again."
LIST = ListSpec(
    orderings={"created_at": "created_at", "taken_at": "sorted_at", "name": "name"},
    filters=(Filter("status", [shown.value for shown in SHOWN], "status"),),
    searches="Words in name or caption.",
)


def find(user: User | AnonymousUser, image: UUID, album: UUID | None = None) -> Image:
    """The user's own living image, in that album where one is named; else Problem `not_found`."""
    images = Image.objects.owned_by(user).filter(public_id=image).select_related("album", "owner")
    own: Image | None = (images.filter(album__public_id=album) if album else images).first()
    if own is None:
        raise not_found()
    return own


# ---- Receive --------------------------------------------------------------------------------


def receive(album: Album, staged: StagedFile, *, caption: str = "", sha256: str = "") -> Received:
    """Take a staged file into an album of its owner's; a return means: durable, and committed.

    The same bytes again give the image that is there. `sha256` is what the client meant to send.
    Raises Problem: what is wrong with the file, no room, no album any more, no storage.
    """
    _refuse_broken(staged, sha256)
    if known := _already_in(album, staged):
        return Received(known, created=False)
    probed = _probe(album, staged)
    while True:
        image = reception.begin(album, staged, probed, caption)
        if image and _keep(image, staged):
            return Received(image, created=True)
        # The same bytes were quicker by another way: theirs is the image.
        if known := _already_in(album, staged):
            return Received(known, created=False)


def receive_many(album: Album, files: Sequence[StagedFile]) -> list[Received | Problem]:
    """Several at once, each on its own: one that is refused stops no other. In the order given."""

    def one(staged: StagedFile) -> Received | Problem:
        try:
            return receive(album, staged)
        except Problem as problem:
            return problem
        except (DatabaseError, InterfaceError):
            logger.exception("one of several files met a database error")
            return database_unavailable()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(settings.STORAGE_WORKERS, "receive") as pool:
        return list(pool.map(one, files))


def _refuse_broken(staged: StagedFile, sha256: str) -> None:
    if staged.problem:
        raise staged.problem
    if staged.size == 0:
        raise Problem("unsupported_format", "The file is empty. Nothing was stored.")
    if sha256 and sha256.lower() != staged.sha256:
        raise Problem("checksum_mismatch", _OTHER_BYTES)


def _probe(album: Album, staged: StagedFile) -> Probed:
    try:
        return probing.probe(staged.path, album.owner_id)
    except ProcessingError as error:
        code = error.code if error.code in ("unsupported_format", "too_many_pixels") else "invalid_image"
        logger.info("upload refused: %s, sha256 %s", code, staged.sha256)
        raise Problem(code, f"{error.detail} Nothing was stored.") from None
    except OSError:
        logger.exception("the upload could not be looked at")
        raise storage_unavailable() from None


def _already_in(album: Album, staged: StagedFile) -> Image | None:
    """The image of these bytes, if the album has one: whole, out of the trash, and tried again if it failed."""
    rows = Image.objects.undeleted().filter(album=album, living_sha256=staged.sha256)
    image = rows.first()
    if image is None:
        return None
    originals.put_back_if_lost(image, staged)
    if image.trashed_at:
        restore_images(image.owner, rows)
    if image.is_failed:
        _try_again(image)
    found: Image | None = rows.living().first()
    return found


def _keep(image: Image, staged: StagedFile) -> bool:
    kept = False
    try:
        kept = originals.store(image, staged)
    finally:
        if kept:
            wakeups.work_waits.set()
        else:
            wakeups.removal_waits.set()
    return kept


# ---- Retry and change -----------------------------------------------------------------------


def retry(image: Image) -> None:
    """Make a failed image once more, with its attempts forgiven."""
    if not _try_again(image):
        raise Problem("not_failed", "Only an image that failed can be tried again.")
    refresh(image, Image.objects.undeleted())


def process_again(image: Image) -> None:
    """Make an image once more, also a ready one: for operators, after a fault in the making."""
    if not _make_again(Image.objects.filter(pk=image.pk)):
        raise Problem("not_ready", "The image is being made already.")


def _try_again(image: Image) -> bool:
    return _make_again(Image.objects.filter(pk=image.pk, status=Status.FAILED))


def _make_again(images: ImageQuerySet) -> bool:
    """Back to the queue, with its attempts forgiven; what was made before stays until then."""
    waiting = lifecycle.requeue(images)
    transaction.on_commit(wakeups.work_waits.set)
    return bool(waiting)


def change(image: Image, **changes: str) -> None:
    """Set `name` or `caption`."""
    if "name" in changes:
        changes["name"] = clean_name(changes["name"])
    _update(image, **changes)


def move(image: Image, album: Album) -> None:
    """Into another album of the same owner; Problem `duplicate` when that has the bytes already."""
    if image.album_id == album.pk:
        return None
    try:
        _move(image, album)
    except IntegrityError:
        twin = Image.objects.undeleted().filter(album=album, living_sha256=image.sha256).first()
        if twin is None:
            # Deleted since, so there is room for this one.
            return move(image, album)
        where = "in the trash: restore them, or delete them for ever" if twin.trashed_at else "already"
        raise Problem("duplicate", f"That album has these bytes {where}.", image=str(twin.public_id)) from None
    return refresh(image, Image.objects.undeleted())


@transaction_retried
def _move(image: Image, album: Album) -> None:
    lock_owner(image.owner)
    source = Image.objects.living().filter(pk=image.pk).values_list("album_id", flat=True).first()
    if source is None:
        raise not_found()
    for pk, sign in sorted([(source, -1), (album.pk, +1)]):
        if not totals.count(pk, sign, sign * image.bytes):
            raise not_found()
    Image.objects.filter(pk=image.pk).update(album=album, updated_at=timezone.now())


def _update(image: Image, **changes: Any) -> None:
    if not Image.objects.living().filter(pk=image.pk).update(updated_at=timezone.now(), **changes):
        raise not_found()
    refresh(image, Image.objects.undeleted())


# ---- Delete ---------------------------------------------------------------------------------


def delete_images(owner: User, images: ImageQuerySet, *, permanent: bool = False) -> int:
    """Into the trash, if there is one, or for ever: hidden now, files and rows follow. How many."""
    if settings.TRASH_DAYS and not permanent:
        return trash_images(owner, images)
    count = doom_images(owner, images)
    transaction.on_commit(wakeups.removal_waits.set)
    return count


def delete_albums(owner: User, chosen: AlbumQuerySet, *, permanent: bool = False) -> int:
    """Albums with all that is in them. How many albums."""
    if settings.TRASH_DAYS and not permanent:
        return albums.trash(owner, chosen)
    count = doom_albums(owner, chosen)
    transaction.on_commit(wakeups.removal_waits.set)
    return count


def delete_account(user: User) -> None:
    """For ever: hide the account and all it holds; files, rows, albums and the user's row follow."""
    doom_user(user)
    transaction.on_commit(wakeups.removal_waits.set)
