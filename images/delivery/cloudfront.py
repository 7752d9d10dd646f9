"""Links by which CloudFront sends files out of the bucket itself, past the store (docs/cdn.md).

CloudFront checks their signature, leaves it out of its cache's key, and refuses them from their end on. Each file
has a signature of its own (a canned policy): one for the folder of an image would open its original to all who
have a link to its thumb.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from images.models import storage_prefix
from images.storage.base import image_storage

# About a kilobyte each.
REMEMBERED_LINKS = 10_000


def folder_of(public_id: UUID) -> str:
    """The path of an image's files at CloudFront, which is that in the bucket."""
    storage: Any = image_storage()
    return f"/{storage.location}/{storage_prefix(public_id)}/".replace("//", "/")


@lru_cache(REMEMBERED_LINKS)
def sign(url: str, expires: int) -> str:
    """`expires` in seconds of the epoch. An RSA signature costs more than the rest of a row in a list."""
    storage: Any = image_storage()
    end = datetime.fromtimestamp(expires, UTC)
    return str(storage.cloudfront_signer.generate_presigned_url(url, date_less_than=end))
