"""Tells a CDN in front what was deleted for ever, so that it drops what it has stored of it (docs/cdn.md).

The transaction that deletes the rows of images, when their files are gone, adds a row of `CdnPurge` for each. A
thread of the engine posts those that are due to CDN_PURGE_URL, and deletes the rows once the answer is a success.
So no kill loses a purge, a hook that is down delays only purges, and one that answers too late is told twice.
"""

import logging
import threading
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections
from django.db.models.functions import Now

from images import locks
from images.delivery.links import folder_of
from images.models import CdnPurge, Image
from imagestore.kit.intervals import Backoff
from imagestore.kit.webhook import post_json

logger = logging.getLogger(__name__)

# A CDN that purged earlier might store a file again: nginx in front sends it for PROXY_CACHE_SECONDS after the
# store has removed it (images.delivery.responses), and an answer may be on its way.
DELAY = timedelta(seconds=30)
# One request names so many images. Cloudflare takes so many prefixes at once.
BATCH_IMAGES = 100
# How often the database is asked for purges that are due.
POLL_SECONDS = 2
# A request to the hook, its answer included, may take so long.
HOOK_SECONDS = 20
# When the server that purges dies, another one goes on after this time.
LEASE = timedelta(minutes=1)


def add(images: Iterable[Image]) -> None:
    """Call in the transaction that deletes the rows of these images, when their files are gone."""
    if settings.CDN_PURGE_URL:
        purges = [CdnPurge(image=image.public_id, due_at=Now() + DELAY) for image in images]
        CdnPurge.objects.bulk_create(purges, ignore_conflicts=True)


def forget_ended() -> int:
    """Delete purges that are needless by now: all links to those images have ended. Returns how many."""
    longest = 2 * max(settings.LINK_WINDOW, settings.ORIGINAL_LINK_WINDOW)
    ended: tuple[int, object] = CdnPurge.objects.filter(due_at__lt=Now() - longest).delete()
    if ended[0]:
        logger.warning("the CDN was not told of %d deleted images, whose links have ended by now", ended[0])
    return ended[0]


class Purger:
    def __init__(self) -> None:
        self._backoff = Backoff()

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                close_old_connections()
                self.purge_due(stopping)
            except Exception:
                logger.exception("the purges of the CDN cannot be read, it is tried again")
            stopping.wait(self._backoff.seconds or POLL_SECONDS)

    def purge_due(self, stopping: threading.Event) -> None:
        """Tell the hook of all that is due, in one server at a time. Stop when it fails."""
        if not CdnPurge.objects.due().exists():
            return
        with locks.hold(locks.CDN_PURGE, LEASE) as lock:
            while lock and lock.extend() and not stopping.is_set() and self._purge_batch():
                pass

    def _purge_batch(self) -> bool:
        """False when nothing was due, or the hook failed."""
        images = list(CdnPurge.objects.due().values_list("image", flat=True)[:BATCH_IMAGES])
        if not images:
            return False
        if failure := _post(images):
            if self._backoff.fail():
                logger.warning("the hook of the CDN takes no purges, they wait: %s", failure)
            return False
        CdnPurge.objects.filter(image__in=images).delete()
        self._backoff.succeed()
        logger.info("the CDN was told of %d deleted images", len(images))
        return True


def _post(images: list[UUID]) -> str:
    """Empty when the hook has taken them, else why not. It repeats no address, which may hold a secret."""
    message = {"prefixes": [folder_of(image) for image in images]}
    try:
        status = post_json(settings.CDN_PURGE_URL, message, settings.CDN_PURGE_TOKEN, HOOK_SECONDS)
    except OSError as error:
        return type(error).__name__
    return "" if 200 <= status < 300 else f"status {status}"
