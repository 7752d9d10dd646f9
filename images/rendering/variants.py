"""From PENDING to READY or FAILED: claim, render, record, release.

A worker holds the image by a lease in its row. Whatever it finds out is written only while its
token still holds the row, so one that slept past its lease overwrites nothing.
"""

import logging
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from images import integrity
from images.deletion.removal import clear_if_dead
from images.models import ORIGINAL, Image, Status
from images.processing import Crashed, Damaged, OverLimits, ProcessingError, Rendered, render_in_child
from images.rendering.limits import limits
from images.rendering.queue import LEASE, Lease
from images.storage import identity
from images.storage.base import image_storage
from images.storage.scratch import work_folder

logger = logging.getLogger(__name__)


# How often its own child may die or run over its limits before an image is FAILED.
ATTEMPTS = 2


# When the storage does not answer, the image is tried again after this.
STORAGE_PAUSE = timedelta(seconds=30)


# An original that alone cannot be read for so long, by a storage that is there, is given up.
UNREADABLE = timedelta(hours=1)


def render(lease: Lease) -> None:
    """Make all sizes of a claimed image and record how that ended."""
    image = Image.objects.get(pk=lease.image)
    try:
        outcome = _outcome(image)
        if "status" in outcome:
            _tidy(lease, image, outcome)
    except OSError:
        logger.exception("the storage or the machine failed while image %s was made", image.public_id)
        lease.row().update(leased_until=Now() + STORAGE_PAUSE, lease_token=None)
        return
    if not lease.record(**outcome):
        clear_if_dead(image)
        lease.row().update(leased_until=None, lease_token=None)


def _outcome(image: Image) -> dict[str, Any]:
    """What its row shall say. Raises OSError for what may pass."""
    try:
        return _make(image)
    except (OverLimits, Crashed) as error:
        return _count_attempt(image, error)
    except ProcessingError as error:
        return _failure(error)
    except OSError:
        if not _is_unreadable(image):
            raise
        return _failure(Damaged("Its original cannot be read from the storage. Upload it again."))


def _is_unreadable(image: Image) -> bool:
    """For long, and it alone: the storage has and gives its marker."""
    if timezone.now() - image.updated_at < UNREADABLE:
        return False
    return bool(integrity.confirmed(image, read=True, only_original=True))


def _tidy(lease: Lease, image: Image, outcome: dict[str, Any]) -> None:
    """Remove what earlier tries left, and sizes of an older version, while the image is still held.

    Names that the row will bear, or bears until then, stay; most images have nothing else.
    """
    if outcome["status"] == Status.READY and not image.variants:
        return
    if lease.row().update(leased_until=Now() + LEASE):
        variants = outcome.get("variants", image.variants)
        keep = {ORIGINAL, *(variant["file"] for variant in variants.values())}
        image_storage().delete_others(image.storage_prefix, keep)


def _make(image: Image) -> dict[str, Any]:
    """The sizes of one image, made and stored, as its row will hold them.

    Raises ProcessingError, or OSError for what may pass.
    """
    with ExitStack() as stack:
        try:
            original = stack.enter_context(image_storage().local_copy(image.original_file))
        except FileNotFoundError:
            # Believed of a storage that is ours; one that is not mounted has lost nothing.
            identity.check()
            raise Damaged("Its original is missing from the storage. Upload it again.") from None
        folder = stack.enter_context(work_folder())
        rendered = render_in_child(original, folder, limits())
        checksums = _store(image, rendered, folder)
    return {
        "status": Status.READY,
        "variants": {
            size: {**asdict(variant), "crc32": checksums[variant.file]}
            for size, variant in rendered.variants.items()
        },
        "placeholder": rendered.placeholder,
        "width": rendered.width,
        "height": rendered.height,
    }


def _store(image: Image, rendered: Rendered, folder: Path) -> dict[str, int]:
    """All files of the variants at once; sizes that came out equal share one. Their CRC-32 by name."""
    storage = image_storage()
    files = {variant.file: variant.content_type for variant in rendered.variants.values()}

    def store(file: str) -> int:
        storage.store(folder / file, f"{image.storage_prefix}/{file}", files[file])
        return zlib.crc32((folder / file).read_bytes())

    with identity.mounted(), ThreadPoolExecutor(len(files), "store") as pool:
        return dict(zip(files, pool.map(store, files), strict=True))


def _count_attempt(image: Image, error: ProcessingError) -> dict[str, Any]:
    """The child's death counts against the image, because nothing else was in that child."""
    logger.warning("image %s: %s in attempt %d", image.public_id, error.code, image.attempts + 1)
    failure = _failure(error) if image.attempts + 1 >= ATTEMPTS else {}
    return {"attempts": F("attempts") + 1, **failure}


def _failure(error: ProcessingError) -> dict[str, Any]:
    return {"status": Status.FAILED, "error_code": error.code, "error_detail": error.detail[:255]}
