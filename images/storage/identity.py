"""The marker: a file in the storage that says whose it is.

A disk that is not mounted is an empty folder. Without the marker nobody believes such a folder:
nothing is stored in it, nothing is removed for its sake, no image fails. Its id is in the database
too, and it is made while that has no images.
"""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import UUID

from django.conf import settings

from images.models import Image, Store
from images.storage.base import image_storage
from images.storage.scratch import work_folder

logger = logging.getLogger(__name__)

# Not hidden, so that `cp images/*` takes it along.
NAME = "image-store"
_EXPLANATION = "These files belong to an image-store. It does not start without this one: keep it with them.\n"
_ID_LENGTH = 32
# Of so many images, newest first, one original must be there before a storage is believed to be the right one.
SAMPLE_IMAGES = 100


class NotOurStorage(OSError):
    """The storage is not mounted, or it is another store's."""


def establish() -> None:
    """For every start of a server: mark the storage of a new store, or find that it is ours.

    Raises NotOurStorage. A storage that does not answer (OSError) stops only the first start.
    """
    try:
        # Before the database is asked: the marker is written after its row.
        found = _in_storage()
    except OSError:
        if not Store.objects.exists():
            raise
        logger.exception("the storage does not answer; whose it is will be seen when it does")
        return
    if found is None and not Image.objects.exists():
        write()
    else:
        _compare(found)


def check() -> None:
    """Raises NotOurStorage unless the marker is there and ours; OSError while the storage does not answer."""
    _compare(_in_storage())


def is_there() -> bool:
    """Any marker; asks no database. Raises OSError while the storage does not answer."""
    return _in_storage() is not None


@contextmanager
def require_mounted() -> Iterator[None]:
    """What is stored in this block went to the disk that was meant, or NotOurStorage is raised.

    Asked of disks only: a bucket that is gone says so by itself.
    """
    _check_mount()
    yield
    _check_mount()


def adopt() -> None:
    """Mark the storage again, once at least one of the newest originals has been found in it."""
    if not holds_originals():
        raise NotOurStorage(
            f"{_where()} holds none of the {SAMPLE_IMAGES} newest originals: it is not this store's."
        )
    write()


def holds_originals() -> bool:
    """Is any of the newest originals there? True as well when there are no images."""
    newest = Image.objects.undeleted().order_by("-pk")[:SAMPLE_IMAGES]
    files = [image.original_file for image in newest]
    return not files or any(image_storage().has(file) for file in files)


def _check_mount() -> None:
    if image_storage().may_look_empty and not is_there():
        raise NotOurStorage(f"{_where()} has lost its marker {NAME}: is the disk mounted?")


def _compare(found: str | None) -> None:
    ours = _in_database()
    if found is None:
        raise NotOurStorage(
            f"{_where()} has no file {NAME}, which marks the storage of this store. Is the disk mounted, and "
            "STORAGE_URL right? If only that file was lost: manage.py adopt_storage writes it again."
        )
    if ours is None or found != ours.hex:
        raise NotOurStorage(
            f"{_where()} belongs to another database: its file {NAME} says {found!r}, the database "
            f"{ours.hex if ours else 'nothing'}. Start with the database of these images, or with another storage."
        )


def _in_database() -> UUID | None:
    return Store.objects.values_list("marker", flat=True).first()


def _made_in_database() -> UUID:
    """Of two that start at once, one makes it and both write the same."""
    return Store.objects.get_or_create(pk=1)[0].marker


def _in_storage() -> str | None:
    try:
        file = image_storage().open_stored(NAME)
    except FileNotFoundError:
        return None
    with closing(file):
        return next(file.chunks(range(file.size)), b"")[:_ID_LENGTH].decode(errors="replace")


def write() -> None:
    """Mark the storage as this database's, whatever was said before."""
    marker = _made_in_database()
    with work_folder() as folder:
        draft = folder / NAME
        draft.write_text(f"{marker.hex}\n{_EXPLANATION}")
        image_storage().store(draft, NAME, "text/plain")


def _where() -> str:
    """For people: the folder or the bucket, without a secret."""
    options = settings.STORAGES["images"]["OPTIONS"]
    return f"The storage {options.get('bucket_name', '')}/{options['location']}".replace("//", "/")
