"""The queue of images to be rendered. Their rows are the queue: a worker claims one by taking its lease.

PENDING images wait in it, and images that show their sizes, but were turned by their owners (`RenderAgain`).
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import close_old_connections
from django.db.models import F

from images import lifecycle, locks, metrics
from images.models import Image, ImageQuerySet, RenderAgain

logger = logging.getLogger(__name__)

# The lease is short, so that another worker soon takes a dead worker's image. A living worker extends it.
RENDER_LEASE = timedelta(seconds=30)
EXTEND_SECONDS = 10
# From here on an image is large. Most phones' photos are below.
LARGE_PIXELS = 16_000_000
LARGE_BYTES = 32_000_000
# So many turned images of the next owner are looked at.
TURNED_IMAGES = 100
_SIZE_COLUMNS = ("width", "height", "bytes")


@dataclass(frozen=True)
class Claim:
    """One image held by one worker."""

    image: int
    owner: int
    token: UUID
    resumed: bool
    """Another worker had this image and did not end as it should; it may have left files."""
    is_large: bool = False
    """It may take long to render."""

    def row(self) -> ImageQuerySet:
        """The image's row; none once another worker has taken it over."""
        row: ImageQuerySet = lifecycle.held(Image.objects.filter(pk=self.image), self.token)
        return row


def count_waiting(most: int) -> int:
    """How many images wait, turned ones included; `most` are counted."""
    waiting = Image.objects.waiting().order_by("owner_id", "pk").values_list("pk")[:most].count()
    return min(most, waiting + len(_turned(0)[:most]))


def claim_next(after_owner: int = 0, *, only_small: bool = False) -> Claim | None:
    """Claim the oldest waiting image of the next owner in rotation; None when no image waits."""
    while True:
        image = _next(after_owner, only_small=only_small)
        if image is None and after_owner:
            image = _next(0, only_small=only_small)
        if image is None:
            return None
        if claimed := claim(image, Image.objects.waiting() if image.is_pending else Image.objects.ready()):
            return claimed


def _next(after_owner: int, *, only_small: bool) -> Image | None:
    """Of the first owner behind this one; turned images first, because their owner looks at them."""
    found = []
    for rows in (_turned(after_owner), Image.objects.waiting().filter(owner_id__gt=after_owner)):
        rows = rows.order_by("owner_id", "pk")
        if only_small:
            rows = rows.alias(pixels=F("width") * F("height"))
            rows = rows.filter(pixels__lt=LARGE_PIXELS, bytes__lt=LARGE_BYTES)
        found.append(first(rows))
    return min((image for image in found if image), key=lambda image: image.owner_id, default=None)


def _turned(after_owner: int) -> ImageQuerySet:
    """Keys are read first: a database might read all READY images instead. Usually there are none."""
    rows = RenderAgain.objects.filter(owner_id__gt=after_owner).order_by("owner_id", "image_id")
    keys = list(rows.values_list("image_id", flat=True)[:TURNED_IMAGES])
    # During a backup no old file may be removed, so no image is rendered again.
    if not keys or locks.is_held(locks.BACKUP):
        return Image.objects.none()
    turned: ImageQuerySet = Image.objects.ready().unleased().filter(pk__in=keys)
    return turned


def claim(image: Image, among: ImageQuerySet) -> Claim | None:
    """Claim this image if it is still `among` these; None when another worker was first."""
    token = lifecycle.lease(among.filter(pk=image.pk), RENDER_LEASE, to_render=True)
    if token is None:
        return None
    if image.lease_token and image.leased_until:
        logger.warning("the lease of image row %d ran out: its worker died or was too slow", image.pk)
        metrics.LEASE_EXPIRIES.labels(metrics.RENDER).inc()
    is_large = image.width * image.height >= LARGE_PIXELS or image.bytes >= LARGE_BYTES
    return Claim(image.pk, image.owner_id, token, not image.is_settled, is_large)


def first(images: ImageQuerySet) -> Image | None:
    """The first of these images, with only the columns that `claim` needs."""
    columns = ("pk", "owner_id", "status", "lease_token", "leased_until", "may_have_orphans", *_SIZE_COLUMNS)
    image: Image | None = images.only(*columns).first()
    return image


class Claims:
    """The claims that this process holds. A thread extends their leases."""

    def __init__(self) -> None:
        self._held: set[Claim] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._extend, name="extend-leases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def is_empty(self) -> bool:
        """Whether this process holds no claim now."""
        return not self._held

    @contextmanager
    def hold(self, claim: Claim) -> Iterator[None]:
        self._held.add(claim)
        try:
            yield
        finally:
            self._held.discard(claim)

    def _extend(self) -> None:
        while not self._ended.wait(EXTEND_SECONDS):
            try:
                close_old_connections()
                if claims := list(self._held):
                    extend(claims)
            except Exception:
                logger.exception("leases could not be extended; it is tried again")


def extend(claims: list[Claim]) -> None:
    """Extend the leases of these claims, except those that another worker took over."""
    # Filtered by key as well, because `lease_token` has no index.
    images = Image.objects.filter(
        pk__in=[claim.image for claim in claims], lease_token__in=[claim.token for claim in claims]
    )
    lifecycle.extend(images, RENDER_LEASE)
