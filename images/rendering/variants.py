"""From PENDING to READY or FAILED: renders the sizes of one claimed image, stores and records them.

A worker writes to the row only while its claim holds it, so a worker that slept past its lease
overwrites nothing. An image that is rendered again stays READY: its row names the old files until
the new ones are stored; then the old files are removed.
"""

import logging
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from django.db.models import F
from django.utils import timezone

from images import integrity, lifecycle, metrics
from images.covers import albums_locked
from images.deletion.removal import refuse_during_backup, remove_if_deleted
from images.models import ORIGINAL, Image, RenderAgain
from images.processing import Crashed, Damaged, OverLimits, ProcessingError, Rendered, render_in_child
from images.rendering import convergence
from images.rendering.limits import render_limits
from images.rendering.queue import RENDER_LEASE, Claim
from images.storage import identity
from images.storage.base import image_storage
from images.storage.scratch import work_folder
from imagestore.kit.database import retry_transaction

logger = logging.getLogger(__name__)

# How often an image's child process may die or exceed its limits before the image is FAILED.
MAX_ATTEMPTS = 2
# When the storage fails, the image is tried again after this time.
STORAGE_RETRY_AFTER = timedelta(seconds=30)
# When the storage works, but not for this original, the image is FAILED after this time.
GIVE_UP_UNREADABLE_AFTER = timedelta(hours=1)


def render(claim: Claim) -> None:
    """Render all sizes of a claimed image, and record the outcome in its row."""
    image = Image.objects.get(pk=claim.image)
    bound = structlog.contextvars.bound_contextvars(image=str(image.public_id))
    with bound, metrics.rendering(image, is_large=claim.is_large):
        _render(claim, image)


def _render(claim: Claim, image: Image) -> None:
    try:
        recorded = _render_and_record(claim, image)
    except OSError:
        logger.exception("the storage or the machine failed while image %s was rendered", image.public_id)
        metrics.count_failure(metrics.STORAGE)
        lifecycle.pause(claim.row(), STORAGE_RETRY_AFTER)
        return
    if not recorded:
        # Lost, deleted, or turned meanwhile: then it still waits, and what was stored is in the way.
        remove_if_deleted(image)
        lifecycle.lapse(claim.row())


def _render_and_record(claim: Claim, image: Image) -> bool:
    """False when this worker has lost the image, or its owner has turned it. Raises OSError for what may pass."""
    try:
        columns = _render_and_store(image)
    except (OverLimits, Crashed) as error:
        # The death of the child is an attempt of this image, because the child worked on no other.
        attempt = image.attempts + 1
        logger.warning("image %s: %s in attempt %d: %s", image.public_id, error.code, attempt, error.detail)
        attempts: dict[str, Any] = {"attempts": F("attempts") + 1}
        if image.attempts + 1 < MAX_ATTEMPTS:
            metrics.count_failure(error.code)
            return bool(lifecycle.release(claim.row(), **attempts))
        return _record_failure(claim, image, error, **attempts)
    except ProcessingError as error:
        return _record_failure(claim, image, error)
    except OSError:
        if not _is_original_unreadable(image):
            raise
        unreadable = Damaged("Its original cannot be read from the storage. Upload it again.")
        return _record_failure(claim, image, unreadable)
    return _record_success(claim, image, columns)


def _is_original_unreadable(image: Image) -> bool:
    """True when the image has waited long enough, and the storage works but for its original.

    The storage works if `confirm` can read the identity file in it.
    """
    if timezone.now() - image.updated_at < GIVE_UP_UNREADABLE_AFTER:
        return False
    return bool(integrity.confirm(image, read=True, only_original=True))


# ---- Render and store -----------------------------------------------------------------------


def _render_and_store(image: Image) -> dict[str, Any]:
    """Render and store all sizes of an image. Returns the columns for its row.

    Raises ProcessingError, or OSError for a failure that may pass.
    """
    with ExitStack() as stack:
        try:
            original = stack.enter_context(image_storage().local_copy(image.original_file))
        except FileNotFoundError:
            # Raises NotOurStorage when the disk is not mounted: then the original is not lost.
            identity.check()
            raise Damaged("Its original is missing from the storage. Upload it again.") from None
        folder = stack.enter_context(work_folder())
        rendered = render_in_child(original, folder, render_limits(image), image.rotation)
        checksums = _store(image, rendered, folder)
    return {
        "variants": {
            size: {**asdict(variant), "crc32": checksums[variant.file]}
            for size, variant in rendered.variants.items()
        },
        "placeholder": rendered.placeholder,
        "width": rendered.width,
        "height": rendered.height,
        "damage_code": rendered.damage.code if rendered.damage else "",
        "damage_detail": rendered.damage.detail if rendered.damage else "",
        # What probing read stays where rendering finds less, as in the texts of a PNG.
        "lens": rendered.lens or image.lens,
        "exposure": asdict(rendered.exposure) if rendered.exposure else image.exposure,
    }


def _store(image: Image, rendered: Rendered, folder: Path) -> dict[str, int]:
    """Store the variants' files in parallel. Returns the CRC-32 of each by file name.

    Sizes of equal width and height share a file.
    """
    storage = image_storage()
    files = {variant.file: variant.content_type for variant in rendered.variants.values()}

    def store(file: str) -> int:
        storage.store(folder / file, f"{image.storage_prefix}/{file}", files[file])
        return zlib.crc32((folder / file).read_bytes())

    with identity.require_mounted(), ThreadPoolExecutor(len(files), "store") as pool:
        return dict(zip(files, pool.map(store, files), strict=True))


# ---- Record ---------------------------------------------------------------------------------


def _record_success(claim: Claim, image: Image, columns: dict[str, Any]) -> bool:
    """READY. If the folder may hold other files, remove them after the row names the new ones."""
    if not image.variants and not claim.resumed:
        return _write_ready(claim, image, columns)
    if not _write_ready(claim, image, columns, release=False):
        return False
    try:
        refuse_during_backup()
        _remove_others(claim, image, columns["variants"])
    except OSError as error:
        # The token stays in the row, so the next walk renders the image again (images.rendering.convergence).
        logger.warning("old files of image %s are left: %s", image.public_id, error)
        return True
    return bool(lifecycle.release(claim.row(), settled=True))


@retry_transaction
def _write_ready(claim: Claim, image: Image, columns: dict[str, Any], *, release: bool = True) -> bool:
    with albums_locked(claim.row()) as row:
        recorded = lifecycle.ready(row.filter(rotation=image.rotation), release=release, **columns)
        if recorded:
            RenderAgain.objects.filter(image=image).delete()
        return bool(recorded)


def _record_failure(claim: Claim, image: Image, error: ProcessingError, **changes: Any) -> bool:
    """FAILED; or still READY, with its old variants, when it could not be rendered again."""
    metrics.count_failure(error.code)
    _remove_others(claim, image, image.variants)
    RenderAgain.objects.filter(image=image, image__rotation=image.rotation).delete()
    if image.is_ready:
        changes |= convergence.failure_columns(error.detail)
        return bool(lifecycle.release(claim.row(), settled=True, **changes))
    return bool(lifecycle.fail(claim.row(), code=error.code, detail=error.detail, **changes))


def _remove_others(claim: Claim, image: Image, variants: dict[str, Any]) -> None:
    """Remove all files but the original and these variants, if the claim still holds the image."""
    if lifecycle.extend(claim.row(), RENDER_LEASE):
        named = {ORIGINAL, *(variant["file"] for variant in variants.values())}
        image_storage().delete_others(image.storage_prefix, named)
