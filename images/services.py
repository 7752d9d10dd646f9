"""What can be done with images, in the order of their life: receive, retry, change, delete.

Every upload (form, API, bulk, `manage.py import_folder`) ends in `receive`.
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
from imagestore.kit.database import refresh, retry_transaction
from imagestore.kit.lists import Filter, ListSpec
from imagestore.kit.problems import Problem, database_unavailable, not_found, storage_unavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Received:
    """The image that has these bytes; `created` is False when the album had it before this upload."""

    image: Image
    created: bool


_CHECKSUM_MISMATCH = "The bytes that arrived are not those that were sent. Nothing was stored. Send them again."
LIST = ListSpec(
    orderings={"created_at": "created_at", "taken_at": "sorted_at", "name": "name"},
    filters=(Filter("status", [shown.value for shown in SHOWN], "status"),),
    searches="Words in name or caption.",
)


def find(user: User | AnonymousUser, image: UUID, album: UUID | None = None) -> Image:
    """The user's own living image; with `album`, only if it is in that album. Raises Problem `not_found`."""
    images = Image.objects.owned_by(user).filter(public_id=image).select_related("album", "owner")
    own_image: Image | None = (images.filter(album__public_id=album) if album else images).first()
    if own_image is None:
        raise not_found()
    return own_image


# ---- Receive --------------------------------------------------------------------------------


def receive(album: Album, staged: StagedFile, *, caption: str = "", sha256: str = "") -> Received:
    """Store a staged file as an image of this album. When this returns, row and original are durable.

    If the album has these bytes already, it returns their image. `sha256` (hexadecimal) is the client's
    checksum. Raises Problem: the file is refused, the quota is full, the album gone, the storage fails.
    """
    _refuse_broken(staged, sha256)
    if existing := _reuse_existing(album, staged):
        return Received(existing, created=False)
    probed = _probe(album, staged)
    while True:
        image = reception.begin(album, staged, probed, caption)
        if image and _store_original(image, staged):
            return Received(image, created=True)
        # Another upload of the same bytes was published first.
        if existing := _reuse_existing(album, staged):
            return Received(existing, created=False)


def receive_many(album: Album, files: Sequence[StagedFile]) -> list[Received | Problem]:
    """Receive files in parallel. Each gets a result or a Problem of its own, in the order of `files`."""

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
        raise Problem("checksum_mismatch", _CHECKSUM_MISMATCH)


def _probe(album: Album, staged: StagedFile) -> Probed:
    try:
        return probing.probe(staged.path, album.owner_id)
    except ProcessingError as error:
        code = error.code if error.code in ("unsupported_format", "too_many_pixels") else "invalid_image"
        logger.info("upload refused: %s, sha256 %s", code, staged.sha256)
        raise Problem(code, f"{error.detail} Nothing was stored.") from None
    except OSError:
        logger.exception("the upload could not be probed")
        raise storage_unavailable() from None


def _reuse_existing(album: Album, staged: StagedFile) -> Image | None:
    """The album's image of these bytes, if there is one.

    A lost original is put back, a trashed image is restored, a failed one is queued again.
    """
    rows = Image.objects.undeleted().filter(album=album, living_sha256=staged.sha256)
    image = rows.first()
    if image is None:
        return None
    originals.put_back_if_lost(image, staged)
    if image.trashed_at:
        restore_images(image.owner, rows)
    if image.is_failed:
        _requeue_failed(image)
    living: Image | None = rows.living().first()
    return living


def _store_original(image: Image, staged: StagedFile) -> bool:
    """Store and publish; then wake the engine to render the image, or to remove it if that failed."""
    stored = False
    try:
        stored = originals.store(image, staged)
    finally:
        if stored:
            wakeups.work_waits.set()
        else:
            wakeups.removal_waits.set()
    return stored


# ---- Retry and change -----------------------------------------------------------------------


def retry(image: Image) -> None:
    """Queue a failed image again, with its attempts reset. Raises Problem `not_failed`."""
    if not _requeue_failed(image):
        raise Problem("not_failed", "Only an image that failed can be tried again.")
    refresh(image, Image.objects.undeleted())


def process_again(image: Image) -> None:
    """Queue a READY or FAILED image again, for operators. Raises Problem `not_ready` while it is being rendered."""
    if not _requeue(Image.objects.filter(pk=image.pk)):
        raise Problem("not_ready", "The image is being made already.")


def _requeue_failed(image: Image) -> bool:
    return _requeue(Image.objects.filter(pk=image.pk, status=Status.FAILED))


def _requeue(images: ImageQuerySet) -> bool:
    requeued = lifecycle.requeue(images)
    transaction.on_commit(wakeups.work_waits.set)
    return bool(requeued)


def change(image: Image, **changes: str) -> None:
    """Set `name` or `caption`. Raises Problem `not_found` when the image was deleted meanwhile."""
    if "name" in changes:
        changes["name"] = clean_name(changes["name"])
    _update(image, **changes)


def move(image: Image, album: Album) -> None:
    """Move an image to another album of its owner.

    Raises Problem `duplicate` when that album has the same bytes, `not_found` when image or album is gone.
    """
    if image.album_id == album.pk:
        return None
    try:
        _move(image, album)
    except IntegrityError:
        duplicate = Image.objects.undeleted().filter(album=album, living_sha256=image.sha256).first()
        if duplicate is None:
            # The image that was in the way has been deleted since.
            return move(image, album)
        where = "in the trash: restore them, or delete them for ever" if duplicate.trashed_at else "already"
        raise Problem("duplicate", f"That album has these bytes {where}.", image=str(duplicate.public_id)) from None
    return refresh(image, Image.objects.undeleted())


@retry_transaction
def _move(image: Image, album: Album) -> None:
    lock_owner(image.owner)
    source = Image.objects.living().filter(pk=image.pk).values_list("album_id", flat=True).first()
    if source is None:
        raise not_found()
    for pk, sign in sorted([(source, -1), (album.pk, +1)]):
        if not totals.add_to_album(pk, sign, sign * image.bytes):
            raise not_found()
    Image.objects.filter(pk=image.pk).update(album=album, updated_at=timezone.now())


def _update(image: Image, **changes: Any) -> None:
    if not Image.objects.living().filter(pk=image.pk).update(updated_at=timezone.now(), **changes):
        raise not_found()
    refresh(image, Image.objects.undeleted())


# ---- Delete ---------------------------------------------------------------------------------


def delete_images(owner: User, images: ImageQuerySet, *, permanent: bool = False) -> int:
    """Trash images; delete them for ever if `permanent`, or if TRASH_DAYS is 0. Returns how many.

    They are hidden when this returns. The engine removes files and rows of deleted ones afterwards.
    """
    if settings.TRASH_DAYS and not permanent:
        return trash_images(owner, images)
    count = doom_images(owner, images)
    transaction.on_commit(wakeups.removal_waits.set)
    return count


def delete_albums(owner: User, rows: AlbumQuerySet, *, permanent: bool = False) -> int:
    """As `delete_images`, for albums with all their images. Returns how many albums."""
    if settings.TRASH_DAYS and not permanent:
        return albums.trash(owner, rows)
    count = doom_albums(owner, rows)
    transaction.on_commit(wakeups.removal_waits.set)
    return count


def delete_account(user: User) -> None:
    """Hide an account with all its albums now. The engine then removes files, images, albums and the user's row."""
    doom_user(user)
    transaction.on_commit(wakeups.removal_waits.set)
