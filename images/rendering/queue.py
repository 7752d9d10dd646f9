"""The queue of images to be rendered. Their rows are the queue: a worker claims one by taking its lease."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import close_old_connections
from django.db.models import F

from images import lifecycle
from images.models import Image, ImageQuerySet

logger = logging.getLogger(__name__)

# The lease is short, so that another worker soon takes a dead worker's image. A living worker extends it.
RENDER_LEASE = timedelta(seconds=30)
EXTEND_SECONDS = 10
# From here on an image is large. Most phones' photos are below.
LARGE_PIXELS = 16_000_000
LARGE_BYTES = 32_000_000
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


def claim_next(after_owner: int = 0, *, only_small: bool = False) -> Claim | None:
    """Claim the oldest waiting image of the next owner in rotation; None when no image waits."""
    waiting = Image.objects.waiting().order_by("owner_id", "pk")
    if only_small:
        waiting = waiting.alias(pixels=F("width") * F("height"))
        waiting = waiting.filter(pixels__lt=LARGE_PIXELS, bytes__lt=LARGE_BYTES)
    while True:
        image = first(waiting.filter(owner_id__gt=after_owner)) or first(waiting)
        if image is None:
            return None
        if claimed := claim(image, Image.objects.waiting()):
            return claimed


def claim(image: Image, among: ImageQuerySet) -> Claim | None:
    """Claim this image if it is still `among` these; None when another worker was first."""
    token = lifecycle.lease(among.filter(pk=image.pk), RENDER_LEASE, to_render=True)
    if token is None:
        return None
    is_large = image.width * image.height >= LARGE_PIXELS or image.bytes >= LARGE_BYTES
    return Claim(image.pk, image.owner_id, token, not image.is_settled, is_large)


def first(images: ImageQuerySet) -> Image | None:
    """The first of these images, with only the columns that `claim` needs."""
    image: Image | None = images.only("pk", "owner_id", "lease_token", "may_have_orphans", *_SIZE_COLUMNS).first()
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
