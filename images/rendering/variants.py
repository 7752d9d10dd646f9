"""From PENDING to READY or FAILED: the sizes of one claimed image are made, stored and recorded.

A worker writes what came of it only while its claim still holds the row, so one that slept past
its lease overwrites nothing. An image that is made again stays READY: its row names the old files
until the new ones are stored, and those go after.
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
from django.utils import timezone

from images import integrity, lifecycle
from images.deletion.removal import clear_if_dead
from images.models import ORIGINAL, Image
from images.processing import Crashed, Damaged, OverLimits, ProcessingError, Rendered, render_in_child
from images.rendering import convergence
from images.rendering.limits import limits
from images.rendering.queue import RENDER_LEASE, Claim
from images.storage import identity
from images.storage.base import image_storage
from images.storage.scratch import work_folder

logger = logging.getLogger(__name__)

# How often its own child may die or run over its limits before an image is FAILED.
MAX_ATTEMPTS = 2
# When the storage does not answer, the image is tried again after this.
STORAGE_PAUSE = timedelta(seconds=30)
# An original that alone cannot be read for so long, by a storage that is there, is given up.
UNREADABLE_FOR = timedelta(hours=1)


def render(claim: Claim) -> None:
    """Make all sizes of a claimed image and record how that ended."""
    image = Image.objects.get(pk=claim.image)
    try:
        recorded = _make_and_record(claim, image)
    except OSError:
        logger.exception("the storage or the machine failed while image %s was made", image.public_id)
        lifecycle.pause(claim.row(), STORAGE_PAUSE)
        return
    if not recorded:
        clear_if_dead(image)
        lifecycle.release(claim.row())


def _make_and_record(claim: Claim, image: Image) -> bool:
    """False when the image is no longer this worker's to write. Raises OSError for what may pass."""
    try:
        made = _make(image)
    except (OverLimits, Crashed) as error:
        # The child's death counts against the image, because nothing else was in that child.
        logger.warning("image %s: %s in attempt %d", image.public_id, error.code, image.attempts + 1)
        attempts = {"attempts": F("attempts") + 1}
        if image.attempts + 1 < MAX_ATTEMPTS:
            return bool(lifecycle.release(claim.row(), **attempts))
        return _record_failure(claim, image, error, **attempts)
    except ProcessingError as error:
        return _record_failure(claim, image, error)
    except OSError:
        if not _is_unreadable(image):
            raise
        lost = Damaged("Its original cannot be read from the storage. Upload it again.")
        return _record_failure(claim, image, lost)
    return _record_success(claim, image, made)


def _is_unreadable(image: Image) -> bool:
    """For long, and it alone: the storage has and gives the file that says whose it is."""
    if timezone.now() - image.updated_at < UNREADABLE_FOR:
        return False
    return bool(integrity.confirm(image, read=True, only_original=True))


# ---- Make and store -------------------------------------------------------------------------


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

    with identity.require_mounted(), ThreadPoolExecutor(len(files), "store") as pool:
        return dict(zip(files, pool.map(store, files), strict=True))


# ---- Record ---------------------------------------------------------------------------------


def _record_success(claim: Claim, image: Image, made: dict[str, Any]) -> bool:
    """READY. Most images have nothing else in their folder; of the others, the rest goes behind the row."""
    if not image.variants and not claim.resumed:
        return bool(lifecycle.ready(claim.row(), **made))
    if not lifecycle.ready(claim.row(), release=False, **made):
        return False
    try:
        _remove_others(claim, image, made["variants"])
    except OSError as error:
        # The token stays in the row, so the next walk makes the image once more (images.rendering.convergence).
        logger.warning("old files of image %s are left: %s", image.public_id, error)
        return True
    return bool(lifecycle.release(claim.row()))


def _record_failure(claim: Claim, image: Image, error: ProcessingError, **changes: Any) -> bool:
    """FAILED; or READY as before, where it only could not be made again."""
    _remove_others(claim, image, image.variants)
    if image.is_ready:
        return bool(lifecycle.release(claim.row(), **convergence.given_up(error.detail), **changes))
    return bool(lifecycle.fail(claim.row(), code=error.code, detail=error.detail, **changes))


def _remove_others(claim: Claim, image: Image, variants: dict[str, Any]) -> None:
    """Remove all files but the original and these, while the image is still held."""
    if lifecycle.extend(claim.row(), RENDER_LEASE):
        keep = {ORIGINAL, *(variant["file"] for variant in variants.values())}
        image_storage().delete_others(image.storage_prefix, keep)
