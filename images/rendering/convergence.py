"""Images that are READY, but not as the table of sizes wants them today: found, counted, claimed.

Such an image lacks a size, bears an older render version, or its last making ended half way. It
stays READY and shows what it has until it is made again (images.rendering.variants). One that cannot
be made again keeps what it has; its row says so, and it is left alone until the table changes or
an operator asks (`manage.py render_again`).

No index knows such images, so a walk looks for them in the order of their keys, a step at a time.
"""

import time
import zlib
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Max, Q, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from images.models import Image, ImageQuerySet, leased
from images.processing.sizes import RENDER_VERSION, SIZES
from images.rendering.queue import Claim, claim
from imagestore.kit.intervals import Every

# Keys that one step of the walk, and one question of the count, looks at.
STEP_ROWS = 5000
# The longest that an operator's page waits for the count.
COUNT_SECONDS = 1
# So often a walk begins: for what another process, an older server say, made or left half made meanwhile.
WALK_SECONDS = 3600

TABLE = " ".join([f"v{RENDER_VERSION}:", *(f"{size} {px}" for size, px in SIZES.items())])
"""What an image should look like, in words."""

_GIVEN_UP = f"Not made again as {TABLE}"[:150]
# Up to which key the walk has seen to it, for the count; in the cache, because forgetting it does no harm.
_POSITION = f"images.convergence.{zlib.crc32(TABLE.encode())}"


def outdated() -> ImageQuerySet:
    """READY images that should be made again, those that workers hold included."""
    wrong = Q(lease_token__isnull=False)
    files = {f"file_of_{size}": Coalesce(KT(f"variants__{size}__file"), Value("", TextField())) for size in SIZES}
    for file in files:
        wrong |= ~Q(**{f"{file}__contains": f".v{RENDER_VERSION}."})
    images: ImageQuerySet = Image.objects.ready().alias(**files).filter(wrong)
    return images.exclude(error_detail__startswith=_GIVEN_UP)


def given_up(detail: str) -> dict[str, str]:
    """What the row of an image says that could not be made again, for operators: its owner sees what it has."""
    return {"error_detail": f"{_GIVEN_UP}: {detail}"[:255]}


def count_given_up() -> int:
    return Image.objects.ready().filter(error_detail__startswith=_GIVEN_UP).count()


def forgive() -> int:
    """Let images that could not be made again be tried once more; how many."""
    images = Image.objects.ready().exclude(error_detail="")
    return images.update(error_detail="", error_code="", attempts=0)


@dataclass(frozen=True)
class Left:
    """How many images are still to be made again; where the time was over, there may be more."""

    images: int
    counted_all: bool


def count_left(seconds: float = COUNT_SECONDS) -> Left:
    """Looks at what the walk has not passed yet, in questions that are short for the database."""
    left, newest, deadline = 0, _newest(), time.monotonic() + seconds
    for start in range(walked_to(), newest, STEP_ROWS):
        if time.monotonic() > deadline:
            return Left(left, counted_all=False)
        left += outdated().filter(pk__gt=start, pk__lte=start + STEP_ROWS).count()
    return Left(left, counted_all=True)


def walked_to() -> int:
    """The key up to which a walk has looked; 0 where that is not known."""
    position: int = cache.get(_POSITION, 0)
    return position


class Walk:
    """From the oldest image to the newest, in steps that each ask the database little."""

    def __init__(self) -> None:
        self._position, self._due = 0, Every(WALK_SECONDS)
        self._walking = self._passed_held = False

    def claim_next(self) -> Claim | None:
        """The next outdated image, unless another worker holds it; None when this step found none."""
        if self._due.is_due() or (self._passed_held and not self._walking):
            # A worker that died holds its image for a while, so the walk comes by again soon.
            self._position, self._walking, self._passed_held = 0, True, False
        if not self._walking:
            return None
        end = self._position + STEP_ROWS
        step = outdated().filter(pk__gt=self._position, pk__lte=end).annotate(is_held=leased()).order_by("pk")
        image: Any = step.only("pk", "owner_id", "lease_token").first()
        self._position = image.pk if image else end
        self._walking = image is not None or end < _newest()
        cache.set(_POSITION, self._position, timeout=None)
        if image and not image.is_held:
            return claim(image, outdated())
        self._passed_held |= image is not None
        return None


def _newest() -> int:
    return Image.objects.aggregate(newest=Max("pk"))["newest"] or 0
