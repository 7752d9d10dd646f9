"""A reception: the RECEIVING row that `begin` inserts before any byte is stored, until `publish` or `discard`."""

import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, id_for
from accounts.services import lock_owner
from albums.models import TEXT_LENGTH, Album
from images import lifecycle
from images.models import Image, ImageWord, Status
from images.processing import Probed
from images.totals import add_to_album, count_new, give_back_bytes, take_bytes, uncount_upload
from images.uploads.filenames import clean_name
from images.uploads.known import Known
from images.uploads.staging import Staged
from imagestore.kit.database import retry_transaction
from imagestore.kit.problems import Problem, not_found, storage_unavailable
from imagestore.kit.search import add_words
from imagestore.kit.text import composed

# Longer than one slow write to the storage. Reconcile gives up a reception that lasts longer.
RECEPTION_LEASE = timedelta(minutes=5)
# An upload that exceeds the quota waits so long for another upload of the same bytes, and asks so often.
SAME_BYTES_WAIT_SECONDS = 10
POLL_SECONDS = 0.05


class _SameBytesIncoming(Problem):
    """The quota is full, but perhaps only because another upload of the same bytes is under way."""

    def __init__(self) -> None:
        super().__init__("storage_unavailable", "The same file is being received already. Try again shortly.")


def begin(album: Album, staged: Staged, probed: Probed, known: Known) -> Image | None:
    """Insert the RECEIVING row, and take its bytes from the quota. None when the album has these bytes already.

    Raises Problem `not_found` when the album is gone, `quota_exceeded` when the quota has too few
    bytes left, `storage_unavailable` when it waited too long for an upload of the same bytes.
    """
    deadline = time.monotonic() + SAME_BYTES_WAIT_SECONDS
    while True:
        try:
            return _begin(album, staged, probed, known)
        except _SameBytesIncoming:
            if time.monotonic() > deadline:
                raise
        time.sleep(POLL_SECONDS)


@retry_transaction
def _begin(album: Album, staged: Staged, probed: Probed, known: Known) -> Image | None:
    """While this function holds the owner's lock, the owner's other uploads insert no RECEIVING row."""
    lock_owner(album.owner)
    if not Album.objects.living().filter(pk=album.pk).exists():
        raise not_found()
    stored = Image.objects.undeleted().filter(album=album, living_sha256=staged.sha256)
    if stored.exists():
        return None
    if staged.upload:
        uncount_upload(staged.upload)
    if not take_bytes(album.owner, staged.size):
        incoming = Image.objects.filter(album=album, sha256=staged.sha256, owner=album.owner)
        # Look for RECEIVING rows first. If an upload is published meanwhile, the second query finds it.
        is_incoming = incoming.filter(status=Status.RECEIVING).exists() or stored.exists()
        raise _SameBytesIncoming if is_incoming else quota_exceeded(album.owner)
    image = _row(album, staged, probed, known)
    lifecycle.receive(image, RECEPTION_LEASE)
    add_words(ImageWord, [image])
    return image


def _row(album: Album, staged: Staged, probed: Probed, known: Known) -> Image:
    now = timezone.now()
    taken = probed.taken
    taken_at = datetime.fromisoformat(taken.clock).replace(tzinfo=UTC) if taken else None
    return Image(
        public_id=id_for(album.owner),
        album=album,
        owner=album.owner,
        name=clean_name(staged.name or ""),
        caption=composed(known.caption, TEXT_LENGTH),
        bytes=staged.size,
        sha256=staged.sha256,
        crc32=staged.crc32,
        content_type=probed.content_type,
        width=probed.width,
        height=probed.height,
        taken_at=taken_at,
        taken_offset_minutes=taken.offset_minutes if taken else None,
        taken_from=taken.source if taken else "",
        sorted_at=taken_at or now,
        camera=probed.camera,
        lens=probed.lens,
        exposure=asdict(probed.exposure) if probed.exposure else None,
        favourite=known.favourite,
        created_at=now,
    )


def quota_exceeded(owner: User) -> Problem:
    used = User.objects.filter(pk=owner.pk).values_list("used_bytes", flat=True).first()
    detail = _("There is no room left for this file: delete something for ever first. Nothing was stored.")
    return Problem("quota_exceeded", detail, limit=owner.quota, used=used)


@retry_transaction
def publish(image: Image) -> None:
    """RECEIVING becomes PENDING. Update the album first: that locks its row, so no request can delete it meanwhile.

    Raises IntegrityError when the same bytes were published first, Problem `not_found` when the album is
    gone, `storage_unavailable` when the lease was lost.
    """
    if not add_to_album(image.album_id, +1, image.bytes):
        raise not_found()
    count_new(image)
    if not lifecycle.publish(lifecycle.held(Image.objects.filter(pk=image.pk), image.lease_token)):
        raise storage_unavailable()


@retry_transaction
def discard(image: Image, *, may_write_later: bool = False) -> bool:
    """Give up a reception: doom its row and give its bytes back. False when it had ended already.

    With `may_write_later` the row stays until its lease ends, because the storage may still write the file.
    """
    if not User.objects.select_for_update().filter(pk=image.owner_id).exists():
        return False
    row = Image.objects.filter(pk=image.pk)
    if not lifecycle.doom(row.filter(status=Status.RECEIVING)):
        return False
    if may_write_later:
        lifecycle.pause(row)
    else:
        lifecycle.release(row)
    give_back_bytes(image.owner, image.bytes)
    return True
