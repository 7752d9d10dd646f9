"""How much the disks of the store have left, and whether that is too little for the next upload."""

from django.conf import settings

from images.storage import scratch
from images.storage.base import image_storage


def full_disks() -> list[str]:
    """`staging`, `storage`: the disks that have no place for another file of the greatest size. Raises OSError."""
    full = []
    if scratch.free_bytes() <= 0:
        full.append("staging")
    left = image_storage().free_bytes()
    if left is not None and left < settings.MAX_UPLOAD_BYTES:
        full.append("storage")
    return full
