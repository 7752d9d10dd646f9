"""How much the disks of the store have left, and whether that is too little for the next upload."""

import os

from django.conf import settings

from images.storage import scratch
from images.storage.base import image_storage


def free_bytes() -> dict[str, int]:
    """What uploads may still fill, by disk: `staging`, and `storage` unless that is a bucket. Raises OSError."""
    left = {"staging": scratch.free_bytes(), "storage": image_storage().free_bytes()}
    return {disk: size for disk, size in left.items() if size is not None}


def full_disks() -> list[str]:
    """`staging`, `storage`: the disks that have no place for another file of the greatest size. Raises OSError.

    So has a staging that became read-only. Of a storage, its `answers` says that.
    """
    least = {"staging": 1, "storage": settings.MAX_UPLOAD_BYTES}
    left = free_bytes() if os.access(scratch.scratch_folder(), os.W_OK) else {**free_bytes(), "staging": 0}
    return [disk for disk, size in left.items() if size < least[disk]]
