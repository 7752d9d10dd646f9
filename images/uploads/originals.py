"""Stores the original of an image, and puts it back when the storage has lost it."""

import errno
import logging
from contextlib import suppress

from django.db import DatabaseError, IntegrityError, connection
from django.utils.translation import gettext_lazy as _

from images import lifecycle
from images.deletion.removal import remove_if_deleted
from images.models import Finding, Image
from images.storage import identity
from images.storage.base import image_storage
from images.uploads import reception
from images.uploads.staging import Staged
from imagestore.kit.database import refresh
from imagestore.kit.problems import Problem, storage_unavailable

logger = logging.getLogger(__name__)


def store(image: Image, staged: Staged) -> bool:
    """Store the original durably, then publish the image. False when the same bytes were published first.

    Any failure gives the reception up. Raises Problem and DatabaseError.
    """
    try:
        _store(image, staged)
        reception.publish(image)
    except IntegrityError:
        _give_up(image)
        return False
    except OSError as error:
        logger.exception("image %s could not be stored", image.public_id)
        _give_up(image, may_write_later=True)
        raise storage_unavailable(error) from None
    except Problem:
        _give_up(image)
        raise
    except DatabaseError:
        _give_up_without_database(image)
        raise
    refresh(image, Image.objects.undeleted().select_related("album"))
    return True


def put_back_if_lost(image: Image, staged: Staged) -> None:
    """Store the original again if it may be lost or damaged: an upload's success promises that it is there.

    Raises Problem `storage_unavailable`.
    """
    try:
        if may_be_lost(image):
            if staged.is_dropped:
                raise _needs_bytes()
            _put_back(image, staged)
    except OSError as error:
        logger.exception("the original of image %s could not be checked or put back", image.public_id)
        raise storage_unavailable(error) from None


def _needs_bytes() -> Problem:
    """The quota left no place in staging for these bytes. A request with this file alone has place."""
    return Problem("storage_unavailable", _("The store has lost this file and can take it back: send it alone."))


def _put_back(image: Image, staged: Staged) -> None:
    """Take the image's lease first. A storage that timed out may still write later.

    Deletion waits until the lease has ended.
    """
    rows = Image.objects.filter(pk=image.pk)
    token = lifecycle.lease(rows, reception.RECEPTION_LEASE, over_pause=True)
    if token is None:
        raise OSError(errno.EAGAIN, "a worker holds the image, or it is gone")
    try:
        _store(image, staged)
    except OSError:
        lifecycle.pause(lifecycle.held(rows, token))
        raise
    Finding.objects.unresolved().filter(file=image.original_file).resolve()
    lifecycle.release(lifecycle.held(rows, token))
    # The image may have been deleted for ever meanwhile.
    remove_if_deleted(image)


def _store(image: Image, staged: Staged) -> None:
    with identity.require_mounted():
        image_storage().store(staged.path, image.original_file, image.content_type)


def may_be_lost(image: Image) -> bool:
    """Whether the original is missing or damaged, or seems to be. Raises OSError."""
    is_suspect = image.is_failed or Finding.objects.unresolved().filter(file=image.original_file).exists()
    return is_suspect or image_storage().size_of(image.original_file) != image.bytes


def _give_up(image: Image, *, may_write_later: bool = False) -> None:
    if not reception.discard(image, may_write_later=may_write_later):
        # The reception's lease has ended: reconcile may have removed the row before the file was stored.
        remove_if_deleted(image)


def _give_up_without_database(image: Image) -> None:
    """Try once more; if the database is still away, reconcile gives the reception up later.

    The failed COMMIT may have succeeded after all; `discard` then leaves the published image alone.
    """
    connection.close_if_unusable_or_obsolete()
    with suppress(DatabaseError):
        _give_up(image)
