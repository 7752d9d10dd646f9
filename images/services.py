"""What can be done with images, in the order of their life: receive, retry, change, delete.

Every door (form, API, bulk, `manage.py import_folder`) ends in `receive`.
"""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, OperationalError, connections, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from albums.models import Album
from images import jobs
from images.models import SHOWN, Image, ImageQuerySet, Status
from images.names import clean_name
from images.processing import Probed, ProcessingError
from images.removal import clear_if_dead, discard, doom_albums, doom_images, doom_user
from images.staging import StagedFile
from images.storage import image_storage
from imagestore.database import transaction_retried
from imagestore.params import choice, search_words
from imagestore.problems import Problem, database_unavailable, not_found, storage_unavailable

logger = logging.getLogger(__name__)

# A reception without an end after this long has lost its server; it covers one slow storage write.
RECEPTION = timedelta(minutes=5)


@dataclass(frozen=True)
class Received:
    """The image that holds the bytes, and whether this upload made it."""

    image: Image
    created: bool


ORDERINGS = {"created_at": "created_at", "taken_at": "sorted_at", "name": "name"}


def find(user: User | AnonymousUser, public_id: UUID, album: UUID | None = None) -> Image:
    """The user's own living image, in that album where one is named; else Problem `not_found`."""
    images = Image.objects.owned_by(user).filter(public_id=public_id).select_related("album", "owner")
    image: Image | None = (images.filter(album__public_id=album) if album else images).first()
    if image is None:
        raise not_found()
    return image


def search(album: Album, params: Mapping[str, str]) -> ImageQuerySet:
    """The images of an album that `?search=` and `?status=` ask for."""
    status = choice(params, "status", [shown.value for shown in SHOWN])
    images: ImageQuerySet = Image.objects.in_album(album).matching(search_words(params)).select_related("album")
    return images.filter(status=status) if status else images


# ---- Receive --------------------------------------------------------------------------------


def receive(album: Album, staged: StagedFile, *, caption: str = "", sha256: str = "") -> Received:
    """Take a staged file into an album of its owner's; a return means: durable, and committed.

    The same bytes again give the image that is there. `sha256` is what the client meant to send.
    Raises Problem: what is wrong with the file, no room, no album any more, no storage.
    """
    _refuse_broken(staged, sha256)
    if known := _already_in(album, staged.sha256):
        return Received(known, created=False)
    try:
        probed = jobs.probe(staged.path, album.owner_id)
    except ProcessingError as error:
        code = error.code if error.code in ("unsupported_format", "too_many_pixels") else "invalid_image"
        logger.info("upload refused: %s, sha256 %s", code, staged.sha256)
        raise Problem(code, error.detail) from None
    except OSError:
        logger.exception("the upload could not be looked at")
        raise storage_unavailable() from None
    image = _enter(album, staged, probed, caption)
    if image.status != Status.RECEIVING:
        return Received(image, created=False)
    return _keep(image, staged)


def receive_many(album: Album, files: Sequence[StagedFile]) -> list[Received | Problem]:
    """Several at once, each on its own: one that is refused stops no other. In the order given."""

    def one(staged: StagedFile) -> Received | Problem:
        try:
            return receive(album, staged)
        except Problem as problem:
            return problem
        except OperationalError:
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
        raise Problem("checksum_mismatch", "The bytes that arrived are not those that were sent. Send them again.")


def _already_in(album: Album, sha256: str) -> Image | None:
    """The living image of these bytes, if the album has one; a failed one is tried again."""
    image = Image.objects.in_album(album).filter(living_sha256=sha256).first()
    if image is not None and image.is_failed and _try_again(image):
        image.refresh_from_db()
    return image


@transaction_retried
def _enter(album: Album, staged: StagedFile, probed: Probed, caption: str) -> Image:
    """The ledger's entry, before any byte is stored; or the image that came first."""
    if known := _already_in(album, staged.sha256):
        return known
    _take_quota(album.owner, staged.size)
    # Now the owner's row is locked, which whoever deletes the album locks first.
    if not Album.objects.living().filter(pk=album.pk).exists():
        raise not_found()
    now = timezone.now()
    taken_at = datetime.fromisoformat(probed.taken_at) if probed.taken_at else None
    image = Image(
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
    image.save(force_insert=True)
    return image


def _take_quota(owner: User, size: int) -> None:
    """One conditional UPDATE, so that parallel uploads cannot pass the limit together."""
    rows = User.objects.filter(pk=owner.pk, doomed_at=None)
    limit = owner.quota
    fits = Q() if limit is None else Q(used_bytes__lte=limit - size)
    if not rows.filter(fits).update(used_bytes=F("used_bytes") + size):
        used = rows.values_list("used_bytes", flat=True).first()
        if used is None:
            raise not_found()
        detail = "There is no room left for this file. Delete something first; nothing was stored."
        raise Problem("quota_exceeded", detail, limit=limit, used=used)


def _keep(image: Image, staged: StagedFile) -> Received:
    """Bytes durable, then the row; whatever goes wrong, the entry is given up."""
    try:
        image_storage().store(staged.path, image.original_file)
        _publish(image)
    except IntegrityError:
        # The same bytes were quicker by another way: theirs is the image.
        discard(image)
        first = _already_in(image.album, staged.sha256)
        if first is None:
            raise Problem("storage_unavailable", "The image was changed meanwhile. Send it again.") from None
        return Received(first, created=False)
    except OSError:
        logger.exception("image %s could not be stored", image.public_id)
        discard(image)
        raise storage_unavailable() from None
    except Problem:
        discard(image)
        # Its row may be gone already, if storing took longer than the reception's lease.
        clear_if_dead(image)
        raise
    finally:
        jobs.wake()
    image.refresh_from_db()
    return Received(image, created=True)


@transaction_retried
def _publish(image: Image) -> None:
    """RECEIVING becomes PENDING. Counting it in the album first also locks the album's life."""
    if not _count(image.album_id, +1, image.bytes):
        raise not_found()
    row = Image.objects.held(image.pk, _token(image)).filter(status=Status.RECEIVING)
    if not row.update(status=Status.PENDING, living_sha256=image.sha256, leased_until=None, lease_token=None):
        raise storage_unavailable()


def _token(image: Image) -> UUID:
    assert image.lease_token is not None
    return image.lease_token


def _count(album: int, images: int, size: int) -> bool:
    """Keep the album's sums; False when it has been deleted."""
    living = Album.objects.living().filter(pk=album)
    return bool(
        living.update(image_count=F("image_count") + images, bytes=F("bytes") + size, updated_at=timezone.now())
    )


# ---- Retry and change -----------------------------------------------------------------------


def retry(image: Image) -> None:
    """Make a failed image once more, with its attempts forgiven."""
    if not _try_again(image):
        raise Problem("not_failed", "Only an image that failed can be tried again.")
    image.refresh_from_db()


def process_again(image: Image) -> None:
    """Make an image once more, also a ready one: for operators, after a fault in the making."""
    if not _make_again(Image.objects.filter(pk=image.pk, status__in=[Status.READY, Status.FAILED])):
        raise Problem("not_ready", "The image is being made already.")


def _try_again(image: Image) -> bool:
    return _make_again(Image.objects.filter(pk=image.pk, status=Status.FAILED))


def _make_again(images: ImageQuerySet) -> bool:
    """Back to the queue, with its attempts forgiven; what was made before stays until then."""
    transaction.on_commit(jobs.wake)
    forgiven = {"attempts": 0, "error_code": "", "error_detail": ""}
    return bool(images.update(status=Status.PENDING, updated_at=timezone.now(), **forgiven))


def change(image: Image, **changes: str) -> None:
    """Set `name` or `caption`."""
    if "name" in changes:
        changes["name"] = clean_name(changes["name"])
    _update(image, **changes)


def move(image: Image, album: Album) -> None:
    """Into another album of the same owner; Problem `duplicate` when that has the bytes already."""
    if image.album_id == album.pk:
        return
    try:
        _move(image, album)
    except IntegrityError:
        twin = Image.objects.in_album(album).filter(living_sha256=image.sha256).first()
        if twin is None:
            raise
        raise Problem("duplicate", "That album has these bytes already.", image=str(twin.public_id)) from None
    image.refresh_from_db()


@transaction_retried
def _move(image: Image, album: Album) -> None:
    User.objects.select_for_update().get(pk=image.owner_id)
    source = Image.objects.living().filter(pk=image.pk).values_list("album_id", flat=True).first()
    if source is None:
        raise not_found()
    for pk, sign in sorted([(source, -1), (album.pk, +1)]):
        if not _count(pk, sign, sign * image.bytes):
            raise not_found()
    _update(image, album=album)


def _update(image: Image, **changes: Any) -> None:
    if not Image.objects.living().filter(pk=image.pk).update(updated_at=timezone.now(), **changes):
        raise not_found()
    image.refresh_from_db()


# ---- Delete for ever ------------------------------------------------------------------------


def delete_images(owner: User, images: ImageQuerySet) -> int:
    """Hide them now; their files go concurrently behind, then their rows. How many."""
    count = doom_images(owner, images)
    transaction.on_commit(jobs.wake)
    return count


def delete_albums(owner: User, albums: list[Album]) -> None:
    """Albums with all that is in them."""
    doom_albums(owner, albums)
    transaction.on_commit(jobs.wake)


def delete_account(user: User) -> None:
    """Hide the account and all it holds; files, rows, albums and the user's row follow."""
    doom_user(user)
    transaction.on_commit(jobs.wake)
