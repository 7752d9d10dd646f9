"""Brings a resumable upload further: appends the bytes of one request.

The request opens the upload's file alone (images.storage.parts), cuts what an earlier one had written behind the
offset, appends, and moves the offset after each fsync. Its UPDATE compares the offset and the file's name: a
request that was overtaken changes nothing more.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.services import lock_owner
from images.models import Image, Upload, UploadQuerySet
from images.storage import parts
from images.totals import uncount_upload
from images.uploads.reservations import Reservation, reservations
from images.uploads.resumable import FINISHED_LIFE, not_here
from images.uploads.staging import WholeFile
from imagestore.kit.database import retry_transaction
from imagestore.kit.filesize import lazy_filesize
from imagestore.kit.intervals import Every
from imagestore.kit.problems import Problem, storage_unavailable
from imagestore.kit.sentences import filled

# While a long body comes, the offset moves after so many bytes or seconds: a server that dies loses no more.
COMMIT_BYTES = 8 * 1024 * 1024
COMMIT_SECONDS = 10


@dataclass(frozen=True)
class Checksum:
    """What the client has computed of the bytes of one request."""

    algorithm: str
    digest: bytes


class Writer:
    """One request that brings an upload further."""

    def __init__(self, upload: Upload, part: parts.Part, reservation: Reservation) -> None:
        self.upload, self._part, self._reservation = upload, part, reservation
        self._interval = Every(COMMIT_SECONDS)
        self._interval.is_due()

    @property
    def is_whole(self) -> bool:
        return self._part.size == self.upload.length

    def append(self, body: Iterable[bytes], checksum: Checksum | None = None) -> None:
        """Write the bytes of a request. If they end early, those that came stay, except with a checksum.

        Raises Problem, and what reading the body raises.
        """
        if checksum:
            self._append_checked(body, checksum)
        else:
            try:
                self._append(body)
            finally:
                self._commit()

    def _append(self, body: Iterable[bytes]) -> None:
        for chunk in body:
            self._write(chunk)
            if self._part.size - self.upload.offset >= COMMIT_BYTES or self._interval.is_due():
                self._commit()

    def _append_checked(self, body: Iterable[bytes], checksum: Checksum) -> None:
        computed = hashlib.new(checksum.algorithm, usedforsecurity=False)
        try:
            for chunk in body:
                computed.update(chunk)
                self._write(chunk)
            if computed.digest() != checksum.digest:
                raise Problem("chunk_mismatch", _("Other bytes arrived than were sent. Send them again."))
        except Problem:
            self._part.cut(self.upload.offset)
            raise
        self._commit()

    def _write(self, chunk: bytes) -> None:
        if not self._reservation.take(len(chunk)):
            raise too_long(self.upload)
        self._part.write(chunk)

    def _commit(self) -> None:
        """Acknowledge what has come, but never the last byte of the whole."""
        offset = min(self._part.size, self.upload.length - 1)
        if offset > self.upload.offset:
            with self._part.durable():
                _move(self.upload, offset)

    @contextmanager
    def whole(self) -> Iterator[WholeFile]:
        """The whole file. In this block no other request can write it."""
        with self._part.durable():
            sums = self._part.checksums()
            upload = self.upload
            yield WholeFile(self._part.path, upload.name, upload.length, sums.sha256, sums.crc32, upload)

    def finish(self, image: Image) -> None:
        """Call when the image is stored."""
        _finish(self.upload, image)
        self._part.remove()
        self.upload.offset, self.upload.image = self.upload.length, image.public_id


@contextmanager
def writing(upload: Upload, offset: int, size: int) -> Iterator[Writer]:
    """Open the upload to write `size` bytes at `offset`. An earlier request that still writes there is stopped.

    Raises Problem: `wrong_offset`, `upload_locked` while the image is being stored, `not_found` when the bytes
    are not on this server, and what the disk and the user's other uploads refuse.
    """
    if upload.is_finished or offset != upload.offset:
        raise _wrong_offset()
    if size > upload.length - offset:
        raise too_long(upload)
    stored = Upload.objects.open().filter(owner=upload.owner).aggregate(size=Sum("offset", default=0))["size"]
    reservation = reservations.reserve_part(upload.owner, size, stored)
    try:
        with _opened(upload, offset) as part:
            yield Writer(upload, part, reservation)
    except (parts.InUse, parts.Stopped):
        raise _locked() from None
    except OSError as error:
        raise storage_unavailable(error) from None
    finally:
        reservations.release(reservation)


@contextmanager
def _opened(upload: Upload, offset: int) -> Iterator[parts.Part]:
    if offset == 0:
        _name_part(upload)
    assert upload.part
    try:
        with parts.opened(upload.part, new=offset == 0) as part:
            _move(upload, offset)
            if part.size < offset:
                raise FileNotFoundError
            part.cut(offset)
            yield part
    except FileNotFoundError:
        if not _unchanged(upload).exists():
            raise parts.Stopped from None
        raise not_here() from None


def _name_part(upload: Upload) -> None:
    """Before the file is made: so each file is named by a row, or may be removed. An earlier one goes."""
    earlier, upload.part = upload.part, uuid4()
    beginning = Upload.objects.open().filter(pk=upload.pk, offset=0)
    if not beginning.update(part=upload.part):
        raise _wrong_offset()
    if earlier:
        parts.drop(earlier)


def _move(upload: Upload, offset: int) -> None:
    """Move the offset, and the end of the upload's time. Raises Stopped when another request has moved it."""
    if not _unchanged(upload).update(offset=offset, expires_at=Now() + settings.UPLOAD_EXPIRY):
        raise parts.Stopped
    upload.offset = offset


def _unchanged(upload: Upload) -> UploadQuerySet:
    """Its row, unless another request has moved, finished or ended it."""
    rows: UploadQuerySet = Upload.objects.open().filter(pk=upload.pk, part=upload.part, offset=upload.offset)
    return rows


@retry_transaction
def _finish(upload: Upload, image: Image) -> None:
    lock_owner(upload.owner)
    uncount_upload(upload)
    finished = {"image": image.public_id, "offset": upload.length, "part": None}
    Upload.objects.filter(pk=upload.pk).update(**finished, expires_at=Now() + FINISHED_LIFE)


# ---- Refusals -------------------------------------------------------------------------------


def too_long(upload: Upload) -> Problem:
    left = upload.length - upload.offset
    sentence = _("These bytes are more than the %(size)s that the upload still needs.")
    detail = filled(sentence, size=lazy_filesize(left))
    return Problem("file_too_large", detail, limit=left)


def _locked() -> Problem:
    return Problem("upload_locked", _("Another request writes this upload. Ask how far it is, then go on."))


def _wrong_offset() -> Problem:
    return Problem("wrong_offset", _("The upload goes on at another byte. Ask at which one, then go on there."))
