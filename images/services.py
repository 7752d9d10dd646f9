"""What can be done with images, in the order of their life: receive, retry, change, delete.

Every upload (form, API, bulk, resumable, `manage.py import_folder`) ends in `receive`.
"""

import logging
import math
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, InterfaceError, connections, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from albums import services as albums
from albums.models import TEXT_LENGTH, Album, AlbumQuerySet
from images import changes as image_changes
from images import covers, lifecycle, metrics, search, wakeups
from images.deletion.removal import doom_albums, doom_images, doom_user
from images.deletion.trash import restore_images, trash_images
from images.models import SHOWN, Image, ImageQuerySet, ImageWord, Status, Upload
from images.processing import Probed, ProcessingError
from images.rendering.retries import count_retry
from images.rendering.sentences import lazily_translated
from images.uploads import originals, probing, reception, resumable
from images.uploads.filenames import clean_name
from images.uploads.known import NOTHING, Known
from images.uploads.staging import Staged, StagedFile
from images.uploads.taken import surest
from images.uploads.writer import Checksum, Writer, writing
from imagestore.kit.database import refresh, retry_transaction
from imagestore.kit.errors import as_problem
from imagestore.kit.filters import Filter
from imagestore.kit.lists import ListSpec
from imagestore.kit.problems import Problem, internal_error, not_found, storage_unavailable
from imagestore.kit.search import replace_words
from imagestore.kit.sentences import filled
from imagestore.kit.text import composed
from imagestore.kit.words import natural_key

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Received:
    """The image that has these bytes; `created` is False when the album had it before this upload."""

    image: Image
    created: bool


_CHECKSUM_MISMATCH = _("The bytes that arrived are not those that were sent. Nothing was stored. Send them again.")
LIST = ListSpec(
    orderings={
        "created_at": "created_at",
        "taken_at": "sorted_at",
        "name": "name_key",
        "position": "position",
    },
    filters=(Filter("status", [shown.value for shown in SHOWN], "status"),),
    searches=search.SEARCHES,
    search=search.matching,
    around=True,
    stored_order="Without it: the album's own `ordering`.",
)


def find(user: User | AnonymousUser, image: UUID, album: UUID | None = None) -> Image:
    """The user's own living image; with `album`, only if it is in that album. Raises Problem `not_found`."""
    images = Image.objects.owned_by(user).filter(public_id=image).select_related("album", "owner")
    own_image: Image | None = (images.filter(album__public_id=album) if album else images).first()
    if own_image is None:
        raise not_found()
    return own_image


# ---- Receive --------------------------------------------------------------------------------


@metrics.count_upload
def receive(
    album: Album, staged: Staged, *, caption: str = "", sha256: str = "", known: Known = NOTHING
) -> Received:
    """Store a staged file as an image of this album. When this returns, row and original are durable.

    If the album has these bytes already, it returns their image. `sha256` (hexadecimal) is the client's
    checksum. `known` is what a file beside this one tells; its date counts where the file's own is missing or
    less sure. Raises Problem: the file is refused, the quota is full, the album gone, the storage fails.
    """
    _refuse_broken(staged, sha256)
    if existing := _reuse_existing(album, staged):
        return Received(existing, created=False)
    if staged.is_dropped:
        raise reception.quota_exceeded(album.owner)
    probed = _probe(album, staged)
    known = Known(caption=caption).completed_by(known)
    probed = replace(probed, taken=surest(probed.taken, known.taken))
    while True:
        image = reception.begin(album, staged, probed, known)
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
        except (DatabaseError, InterfaceError) as error:
            logger.exception("one of several files met a database error")
            return as_problem(error) or internal_error()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(settings.STORAGE_WORKERS, "receive") as pool:
        return list(pool.map(one, files))


def resume(
    upload: Upload, body: Iterable[bytes], *, offset: int, size: int, checksum: Checksum | None = None
) -> None:
    """Write the next bytes of an upload, at most `size`, and with the last one receive the whole.

    Raises Problem. When the file itself is refused, the upload has ended; after any other refusal it can go on.
    """
    with writing(upload, offset, size) as writer:
        writer.append(body, checksum)
        if writer.is_whole:
            _receive_whole(writer)


def _receive_whole(writer: Writer) -> None:
    upload = writer.upload
    with writer.whole() as staged:
        try:
            received = receive(upload.album, staged, caption=upload.caption, sha256=upload.sha256)
        except Problem as problem:
            if problem.status < 500:
                resumable.end(upload)
            raise
        writer.finish(received.image)


def _refuse_broken(staged: Staged, sha256: str) -> None:
    if staged.problem:
        raise staged.problem
    if staged.size == 0:
        raise Problem("unsupported_format", _("The file is empty. Nothing was stored."))
    if sha256 and sha256.lower() != staged.sha256:
        raise Problem("checksum_mismatch", _CHECKSUM_MISMATCH)


def _probe(album: Album, staged: Staged) -> Probed:
    try:
        return probing.probe(staged.path, album.owner_id)
    except ProcessingError as error:
        code = error.code if error.code in ("unsupported_format", "too_many_pixels") else "invalid_image"
        logger.info("upload refused: %s, sha256 %s", code, staged.sha256)
        reason = lazily_translated(error.detail)
        raise Problem(code, filled(_("%(reason)s Nothing was stored."), reason=reason)) from None
    except OSError as error:
        logger.exception("the upload could not be probed")
        raise storage_unavailable(error) from None


def _reuse_existing(album: Album, staged: Staged) -> Image | None:
    """The album's image of these bytes, if there is one.

    A lost original is put back, a trashed image is restored, a failed one is queued again unless that was done too
    often: then it is returned as it is.
    """
    rows = Image.objects.undeleted().filter(album=album, living_sha256=staged.sha256)
    image = rows.first()
    if image is None:
        return None
    originals.put_back_if_lost(image, staged)
    if image.trashed_at:
        restore_images(image.owner, rows)
    if image.is_failed and not count_retry(image):
        _requeue_failed(image)
    living: Image | None = rows.living().first()
    return living


def _store_original(image: Image, staged: Staged) -> bool:
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


@retry_transaction
def change_album(album: Album, **changes: Any) -> None:
    """As `albums.services.change`; `cover_choice` is the public id of one of its images, or None for the newest."""
    albums.change(album, **changes)
    if "cover_choice" in changes:
        covers.choose_covers([album.pk])
        refresh(album, Album.objects.undeleted())


def retry(image: Image) -> None:
    """Queue a failed image again, with its attempts reset. Raises Problem `not_failed`, `throttled`."""
    if image.is_failed and (seconds := count_retry(image)):
        minutes = math.ceil(seconds / 60)
        sentence = ngettext_lazy(
            "This was tried too often. Try again in %(minutes)s minute.",
            "This was tried too often. Try again in %(minutes)s minutes.",
            minutes,
        )
        raise Problem("throttled", filled(sentence, minutes=minutes), retry_after=seconds)
    if not _requeue_failed(image):
        raise Problem("not_failed", _("Only an image that failed can be tried again."))
    refresh(image, Image.objects.undeleted())


def process_again(image: Image) -> None:
    """Queue a READY or FAILED image again, for operators. Raises Problem `not_ready` while it is being rendered."""
    if not _requeue(Image.objects.filter(pk=image.pk)):
        raise Problem("not_ready", _("The image is being made already."))


def _requeue_failed(image: Image) -> bool:
    return _requeue(Image.objects.filter(pk=image.pk, status=Status.FAILED))


@retry_transaction
def _requeue(images: ImageQuerySet) -> bool:
    with covers.albums_locked(images) as images:
        requeued = lifecycle.requeue(images)
    transaction.on_commit(wakeups.work_waits.set)
    return bool(requeued)


def change(image: Image, **changes: Any) -> None:
    """Set `name`, `caption`, `favourite`, `rotation` (degrees clockwise), `taken_at` (the camera's clock as if in
    UTC) or `taken_offset_minutes`.

    Raises Problem `not_found` when the image was deleted meanwhile.
    """
    if "name" in changes:
        changes["name"] = clean_name(changes["name"])
        changes["name_key"] = natural_key(changes["name"])
    if "caption" in changes:
        changes["caption"] = composed(changes["caption"], TEXT_LENGTH)
    _change(image, **changes)


def move(image: Image, album: Album) -> None:
    """Move an image to another album of its owner.

    Raises Problem `duplicate` when that album has the same bytes, `not_found` when image or album is gone.
    """
    if image.album_id == album.pk:
        return
    for problem in image_changes.move(image.owner, Image.objects.filter(pk=image.pk), album).values():
        raise problem
    refresh(image, Image.objects.living())


@retry_transaction
def _change(image: Image, **changes: Any) -> None:
    row = Image.objects.filter(pk=image.pk)
    if "taken_at" in changes:
        image_changes.set_taken(row, changes.pop("taken_at"))
    if "rotation" in changes:
        rotation = changes.pop("rotation")
        image_changes.turn(row, lambda _: rotation)
    if not row.living().update(updated_at=timezone.now(), **changes):
        raise not_found()
    refresh(image, Image.objects.undeleted())
    if changes.keys() & Image.searched:
        replace_words(ImageWord, [image])


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
