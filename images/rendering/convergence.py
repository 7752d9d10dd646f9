"""Outdated images: READY ones that today's table of sizes would render differently.

An outdated image lacks a size, has an older render version, or its last rendering ended half way.
It stays READY and shows its old variants until it is rendered again (images.rendering.variants).
If that fails, the old variants stay, and the row says so. The server then leaves the image alone
until the table changes or an operator runs `manage.py render_again`.

No index covers outdated images, so a walk searches all images by key, a step at a time.
"""

import time
import zlib
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Max, Q, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from images import locks
from images.models import Image, ImageQuerySet, leased
from images.processing.sizes import RENDER_VERSION, SIZES
from images.rendering.queue import Claim, claim, first
from imagestore.kit.intervals import Every

# How often an outdated image is rendered again, while no image waits: one at a time.
CONVERGE_SECONDS = 0.5
# How many rows one step of the walk, or one query of the count, may read.
STEP_ROWS = 5000
# The longest that an operator's page waits for the count.
COUNT_SECONDS = 1
# How often a new walk begins. It finds images that another process, such as an older server, has rendered since.
WALK_SECONDS = 3600

TABLE = " ".join([f"v{RENDER_VERSION}:", *(f"{size} {px}" for size, px in SIZES.items())])
"""Render version and sizes in px, as text: "v1: thumb 320 …"."""

_GIVEN_UP = f"Not made again as {TABLE}"[:150]
# The cache entry with the last key that the walk has passed; the count begins there. Losing it does no harm.
_POSITION = f"images.convergence.{zlib.crc32(TABLE.encode())}"


def outdated() -> ImageQuerySet:
    """READY images that should be rendered again, also those that a worker holds."""
    is_outdated = Q(lease_token__isnull=False) | Q(may_have_orphans=True)
    files = {f"file_of_{size}": Coalesce(KT(f"variants__{size}__file"), Value("", TextField())) for size in SIZES}
    for file in files:
        is_outdated |= ~Q(**{f"{file}__contains": f".v{RENDER_VERSION}."})
    images: ImageQuerySet = Image.objects.ready().alias(**files).filter(is_outdated)
    return images.exclude(error_detail__startswith=_GIVEN_UP)


def failure_columns(detail: str) -> dict[str, str]:
    """The columns to write when an outdated image could not be rendered again. Only operators see them."""
    return {"error_detail": f"{_GIVEN_UP}: {detail}"[:255]}


def count_given_up() -> int:
    return Image.objects.ready().filter(error_detail__startswith=_GIVEN_UP).count()


def reset_failures() -> int:
    """Let images that could not be rendered again be tried once more. Returns how many."""
    images = Image.objects.ready().exclude(error_detail="")
    return images.update(error_detail="", error_code="", attempts=0)


@dataclass(frozen=True)
class Left:
    """How many outdated images are left. When `counted_all` is False, there may be more."""

    images: int
    counted_all: bool


def count_left(seconds: float = COUNT_SECONDS) -> Left:
    """Count the outdated images that the walk has not passed yet, for at most `seconds`, in short queries."""
    left, newest, deadline = 0, _newest(), time.monotonic() + seconds
    for start in range(walked_to(), newest, STEP_ROWS):
        if time.monotonic() > deadline:
            return Left(left, counted_all=False)
        left += outdated().filter(pk__gt=start, pk__lte=start + STEP_ROWS).count()
    return Left(left, counted_all=True)


def walked_to() -> int:
    """The last key that the walk has passed; 0 when the cache has lost it."""
    position: int = cache.get(_POSITION, 0)
    return position


class Walk:
    """Searches all images, oldest first, in steps of at most STEP_ROWS."""

    def __init__(self) -> None:
        self._position, self._interval = 0, Every(WALK_SECONDS)
        self._walking = self._passed_held = False

    @property
    def is_on(self) -> bool:
        """False between two walks, when a step has nothing to do."""
        return self._walking or self._passed_held

    def claim_next(self) -> Claim | None:
        """Go one step: claim the first outdated image in it. None without one, or while another worker holds it."""
        if self._interval.is_due() or (self._passed_held and not self._walking):
            # The worker that held an image may have died, so the next walk begins at once.
            self._position, self._walking, self._passed_held = 0, True, False
        # During a backup no old file may be removed, so no image is rendered again.
        if not self._walking or locks.is_held(locks.BACKUP):
            return None
        end = self._position + STEP_ROWS
        step = outdated().filter(pk__gt=self._position, pk__lte=end).annotate(is_held=leased()).order_by("pk")
        image: Any = first(step)
        self._position = image.pk if image else end
        self._walking = image is not None or end < _newest()
        cache.set(_POSITION, self._position, timeout=None)
        if image and not image.is_held:
            return claim(image, outdated())
        self._passed_held |= image is not None
        return None


def _newest() -> int:
    return Image.objects.aggregate(newest=Max("pk"))["newest"] or 0
