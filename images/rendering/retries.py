"""How often failed images may be tried again. Each try may cost as much CPU as the first."""

from images.models import Image
from imagestore.kit.attempts import count_attempt

RETRIES_PER_IMAGE = 5
RETRIES_PER_OWNER = 60
RETRY_WINDOW_SECONDS = 3600


def count_retry(image: Image) -> int:
    """Count one try. Returns 0 if it is allowed, else the seconds until it is."""
    of_image = count_attempt(f"retry-image:{image.pk}", most=RETRIES_PER_IMAGE, window_seconds=RETRY_WINDOW_SECONDS)
    return of_image or count_attempt(
        f"retry-owner:{image.owner_id}", most=RETRIES_PER_OWNER, window_seconds=RETRY_WINDOW_SECONDS
    )
