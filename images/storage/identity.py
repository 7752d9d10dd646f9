"""The identity file: a file in the storage that says whose storage it is.

A disk that is not mounted looks like an empty folder. While the identity file is missing, the store
writes no file there, removes none, deletes no row and marks no image as FAILED. The database holds
the same id (Store.marker). A server writes a missing file only while its database has no images.
"""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import UUID

from django.conf import settings

from images.models import Image, Store
from images.storage.base import ImageStorage, image_storage
from images.storage.scratch import work_folder

logger = logging.getLogger(__name__)

# Not a hidden file, so that `cp images/*` copies it.
NAME = "image-store"
_EXPLANATION = "These files belong to an image-store. It does not start without this one: keep it with them.\n"
_ID_LENGTH = 32
# `adopt` wants to find at least one original of so many newest images.
SAMPLE_IMAGES = 100


class NotOurStorage(OSError):
    """The storage is not mounted, or it is another store's."""


def establish(*, may_write: bool = True) -> None:
    """Call when a server starts: write the identity file of a new store, or check that it is ours.

    A worker may not write: a folder that is not mounted looks to it like the storage of a new store.
    Raises NotOurStorage. A storage that does not answer stops only the very first start (OSError).
    """
    try:
        # Read the storage before the database: another server that starts now writes its row before its file.
        stored_id = _read_from_storage()
    except OSError:
        if not Store.objects.exists():
            raise
        logger.exception("the storage does not answer; its identity is checked when it does")
        return
    if stored_id is None and may_write and not Image.objects.exists():
        write()
    else:
        _compare(stored_id)


def check() -> None:
    """Raises NotOurStorage unless our identity file is there, OSError when the storage does not answer."""
    _compare(_read_from_storage())


def is_there() -> bool:
    """Is there an identity file, ours or not? Asks no database. Raises OSError when the storage does not answer."""
    return _read_from_storage() is not None


def is_ours(storage: ImageStorage, name: str) -> bool:
    """Does this file of a storage hold our database's id?"""
    own_id = _read_from_database()
    return own_id is not None and read_from(storage, name) == own_id.hex


def is_of_another_database() -> bool:
    """Does the identity file name another database than ours? Raises OSError when the storage does not answer."""
    stored_id = _read_from_storage()
    own_id = _read_from_database()
    return stored_id is not None and stored_id != (own_id.hex if own_id else None)


@contextmanager
def require_mounted() -> Iterator[None]:
    """Raises NotOurStorage if the disk is not mounted before or after the block, so wrap every store in it.

    Checks disks only: a bucket that is gone answers with an error.
    """
    _check_mount()
    yield
    _check_mount()


def adopt() -> None:
    """Write a lost identity file again. Raises NotOurStorage when the storage has none of the newest originals."""
    if not holds_originals():
        raise NotOurStorage(
            f"{_where()} holds none of the {SAMPLE_IMAGES} newest originals: it is not this store's."
        )
    write()


def holds_originals() -> bool:
    """Is any of the newest originals there? True for a store without images."""
    newest = Image.objects.undeleted().order_by("-pk")[:SAMPLE_IMAGES]
    files = [image.original_file for image in newest]
    return not files or any(image_storage().has(file) for file in files)


def _check_mount() -> None:
    if image_storage().may_look_empty and not is_there():
        raise NotOurStorage(f"{_where()} has lost its marker {NAME}: is the disk mounted?")


def _compare(stored_id: str | None) -> None:
    own_id = _read_from_database()
    if stored_id is None:
        raise NotOurStorage(
            f"{_where()} has no file {NAME}, which marks the storage of this store. Is the disk mounted, and "
            "STORAGE_URL right? If only that file was lost: manage.py adopt_storage writes it again."
        )
    if own_id is None or stored_id != own_id.hex:
        raise NotOurStorage(
            f"{_where()} belongs to another database: its file {NAME} says {stored_id!r}, the database "
            f"{own_id.hex if own_id else 'nothing'}. Start with the database of these images, or with another "
            "storage."
        )


def _read_from_database() -> UUID | None:
    return Store.objects.values_list("marker", flat=True).first()


def _get_or_create_id() -> UUID:
    """If two servers start at once, one creates the row, and both write the same id."""
    return Store.objects.get_or_create(pk=1)[0].marker


def _read_from_storage() -> str | None:
    return read_from(image_storage(), NAME)


def read_from(storage: ImageStorage, name: str) -> str | None:
    """The id in this file of a storage; None without such a file. Raises OSError."""
    try:
        file = storage.open_stored(name)
    except FileNotFoundError:
        return None
    with closing(file):
        return next(file.chunks(range(file.size)), b"")[:_ID_LENGTH].decode(errors="replace")


def write() -> None:
    """Write this database's identity file into the storage, in place of any other."""
    write_into(image_storage(), NAME)


def write_into(storage: ImageStorage, name: str) -> None:
    own_id = _get_or_create_id()
    with work_folder() as folder:
        draft = folder / name
        draft.write_text(f"{own_id.hex}\n{_EXPLANATION}")
        storage.store(draft, name, "text/plain")


def _where() -> str:
    """The folder or bucket, for messages; never its secret."""
    options = settings.STORAGES["images"]["OPTIONS"]
    return f"The storage {options.get('bucket_name', '')}/{options['location']}".replace("//", "/")
