"""Resumable uploads: a file that comes in several requests, each of which goes on where the last one ended.

The row says how many bytes are on the disk for certain (`offset`); images.uploads.writer moves it.
`images.services.resume` receives the whole as any other upload. The last byte counts only then, so no client takes
an upload for finished before its image is stored.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User, id_for
from accounts.services import lock_owner
from albums.models import Album
from images.models import Image, Upload, UploadQuerySet
from images.storage import parts
from images.totals import delete_uploads, take_bytes
from images.uploads import originals
from images.uploads.filenames import clean_name
from images.uploads.reception import quota_exceeded
from images.uploads.reservations import other_uploads_first
from images.uploads.staging import file_too_large
from imagestore.kit.batches import delete_in_batches, each
from imagestore.kit.database import refresh, retry_transaction
from imagestore.kit.logging import log_rows
from imagestore.kit.problems import Problem, not_found, storage_unavailable

# A client that has not got the last answer can ask for so long what became of its upload.
FINISHED_LIFE = timedelta(hours=1)
# Of finished uploads that are too many, one new upload forgets so many.
FORGET_ROWS = 10


def create(album: Album, *, length: int, name: str, metadata: str, caption: str = "", sha256: str = "") -> Upload:
    """Begin an upload of `length` bytes, which count against the quota from now on.

    It is finished already if the album has the bytes of `sha256` (hexadecimal). Raises Problem: no such length, the
    quota or the number of open uploads is used up, the album is gone.
    """
    if length > settings.MAX_UPLOAD_BYTES:
        raise file_too_large()
    if length == 0:
        raise Problem("unsupported_format", _("The file is empty. Nothing was stored."))
    fields = {"name": clean_name(name), "caption": caption, "metadata": metadata, "sha256": sha256.lower()}
    upload = _insert(album, _same_bytes(album, fields["sha256"], length), length=length, **fields)
    refresh(upload, Upload.objects.all())
    return upload


def _same_bytes(album: Album, sha256: str, length: int) -> Image | None:
    """The album's image of these bytes, if the upload can do nothing more for it."""
    if not sha256:
        return None
    image: Image | None = Image.objects.in_album(album).filter(living_sha256=sha256, bytes=length).first()
    try:
        return None if image is None or originals.may_be_lost(image) else image
    except OSError as error:
        raise storage_unavailable(error) from None


@retry_transaction
def _insert(album: Album, image: Image | None, **fields: Any) -> Upload:
    """While it holds the owner's lock, no parallel request passes a limit together with it."""
    lock_owner(album.owner)
    if not Album.objects.living().filter(pk=album.pk).exists():
        raise not_found()
    fields |= {"public_id": id_for(album.owner), "expires_at": Now() + settings.UPLOAD_EXPIRY}
    upload = Upload(album=album, owner=album.owner, **fields)
    if image:
        upload.image, upload.offset, upload.expires_at = image.public_id, upload.length, Now() + FINISHED_LIFE
    else:
        _count(upload)
    upload.save(force_insert=True)
    _forget_oldest(album.owner)
    return upload


def _forget_oldest(owner: User) -> None:
    """No more finished uploads are remembered than may be open. Their rows are in no quota."""
    finished = Upload.objects.exclude(image=None).filter(owner=owner).order_by("-pk")
    beyond = list(finished.values_list("pk", flat=True)[settings.MAX_OPEN_UPLOADS :][:FORGET_ROWS])
    if beyond:
        Upload.objects.filter(pk__in=beyond).delete()


def _count(upload: Upload) -> None:
    """Take the bytes from the quota. At a full quota one file may come, if its hash may be known: see `receive`."""
    uncounted = Sum("length", filter=Q(counted=False), default=0)
    open_uploads = Upload.objects.open().filter(owner=upload.owner)
    sums = open_uploads.aggregate(number=Count("pk"), size=Sum("length", default=0), uncounted=uncounted)
    if sums["number"] >= settings.MAX_OPEN_UPLOADS or sums["size"] + upload.length > settings.STAGING_USER_BYTES:
        raise other_uploads_first()
    upload.counted = take_bytes(upload.owner, upload.length)
    too_many = sums["uncounted"] + upload.length > settings.MAX_UPLOAD_BYTES
    if not upload.counted and (too_many or _is_new(upload)):
        raise quota_exceeded(upload.owner)


def _is_new(upload: Upload) -> bool:
    """Whether the client's checksum tells that the album does not have these bytes."""
    known = Image.objects.undeleted().filter(album=upload.album, living_sha256=upload.sha256)
    return bool(upload.sha256) and not known.exists()


def find(user: User | AnonymousUser, public_id: UUID) -> Upload:
    """The user's own upload. Raises Problem `not_found`."""
    uploads = Upload.objects.owned_by(user).select_related("owner", "album__owner")
    upload: Upload | None = uploads.filter(public_id=public_id).first()
    if upload is None:
        raise not_found()
    return upload


def require_bytes(upload: Upload) -> None:
    """Raises Problem `not_found` when the bytes that have come are not on this server."""
    if upload.offset and not upload.is_finished and not (upload.part and parts.is_here(upload.part)):
        raise not_here()


def end(upload: Upload) -> None:
    """Forget the upload: its row, its bytes, and what they took of the quota. An image that it became stays."""
    _end(upload, Upload.objects.all())


def end_expired() -> int:
    """Returns how many uploads."""
    finished = delete_in_batches(Upload.objects.expired().exclude(image=None))
    left = Upload.objects.expired().open().select_related("owner")
    return finished + each(left, lambda upload: _end(upload, Upload.objects.expired()))


def _end(upload: Upload, uploads: UploadQuerySet) -> int:
    ended = _delete(upload.owner, uploads.filter(pk=upload.pk))
    if ended and upload.part:
        parts.remove(upload.part)
    log_rows("resumable uploads ended", upload.owner, [str(upload.public_id)], ended)
    return ended


@retry_transaction
def _delete(owner: User, uploads: UploadQuerySet) -> int:
    lock_owner(owner)
    return delete_uploads(owner, uploads)


def not_here() -> Problem:
    """Servers of one store need sticky sessions: each has a scratch folder of its own (docs/reliability.md)."""
    return Problem("not_found", _("This server does not have the bytes of this upload. Begin it again."))
