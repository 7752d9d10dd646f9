"""An image's original on its way into the storage, and put back when it is lost there."""

import errno
import logging
from contextlib import suppress

from django.db import DatabaseError, IntegrityError, connection

from images import lifecycle
from images.deletion.removal import clear_if_dead
from images.models import Finding, Image
from images.storage import identity
from images.storage.base import image_storage
from images.uploads import reception
from images.uploads.staging import StagedFile
from imagestore.kit.database import refresh
from imagestore.kit.problems import Problem, storage_unavailable

logger = logging.getLogger(__name__)


def store(image: Image, staged: StagedFile) -> bool:
    """Bytes durable, then the row; False when the same bytes were published first.

    Whatever goes wrong, the entry is given up. Raises Problem, or what the database raises.
    """
    try:
        _store(image, staged)
        reception.publish(image)
    except IntegrityError:
        _give_up(image)
        return False
    except OSError:
        logger.exception("image %s could not be stored", image.public_id)
        _give_up(image, unanswered=True)
        raise storage_unavailable() from None
    except Problem:
        _give_up(image)
        raise
    except DatabaseError:
        _give_up_without_database(image)
        raise
    refresh(image, Image.objects.undeleted())
    return True


def put_back_if_lost(image: Image, staged: StagedFile) -> None:
    """A success promises that the original is there, so what is known against it is mended with the same bytes.

    Raises Problem `storage_unavailable`.
    """
    try:
        if _is_in_doubt(image):
            _put_back(image, staged)
    except OSError:
        logger.exception("whether image %s has its original is not known", image.public_id)
        raise storage_unavailable() from None


def _put_back(image: Image, staged: StagedFile) -> None:
    """Under a lease, as at first: what a storage that did not answer may still do comes before a deletion's end."""
    rows = Image.objects.filter(pk=image.pk)
    token = lifecycle.lease(rows, reception.RECEPTION_LEASE, over_pause=True)
    if token is None:
        raise OSError(errno.EAGAIN, "somebody works on it right now, or it is gone")
    try:
        _store(image, staged)
    except OSError:
        lifecycle.pause(lifecycle.held(rows, token))
        raise
    Finding.objects.unresolved().filter(file=image.original_file).resolve()
    lifecycle.release(lifecycle.held(rows, token))
    # It may have been deleted for ever meanwhile.
    clear_if_dead(image)


def _store(image: Image, staged: StagedFile) -> None:
    with identity.require_mounted():
        image_storage().store(staged.path, image.original_file, image.content_type)


def _is_in_doubt(image: Image) -> bool:
    suspected = image.is_failed or Finding.objects.unresolved().filter(file=image.original_file).exists()
    return suspected or image_storage().size_of(image.original_file) != image.bytes


def _give_up(image: Image, *, unanswered: bool = False) -> None:
    if not reception.discard(image, unanswered=unanswered):
        # Storing took longer than the reception's lease: its row may have gone before its bytes came.
        clear_if_dead(image)


def _give_up_without_database(image: Image) -> None:
    """It may be back already; else the row waits for reconcile. What was committed after all stays."""
    connection.close_if_unusable_or_obsolete()
    with suppress(DatabaseError):
        _give_up(image)
