"""Rendering on other machines: the server's side tells workers that images wait, the worker's side renders them.

With a broker (CELERY_BROKER_URL) a server renders nothing itself. The rows stay the queue (images.rendering.queue):
each message lets one worker claim the next image. Messages are topped up as long as images wait, so none must
arrive.
"""

import logging
import threading

from django.conf import settings
from django.db import close_old_connections

from images import wakeups
from images.processing import warm_up
from images.rendering import queue, variants
from images.rendering.convergence import CONVERGE_SECONDS, Walk
from images.rendering.limits import check_sandbox
from images.rendering.queue import Claim
from images.storage import identity
from imagestore.kit import broker

logger = logging.getLogger(__name__)

# So many messages wait at most. They must last until the servers look again.
MOST_MESSAGES = 100
POLL_SECONDS = 1
# How long the announcer pauses when broker or database fail.
RETRY_SECONDS = 2


class Announcer:
    """A server's thread that sends one message for each image that waits."""

    def __init__(self) -> None:
        self._sender = broker.Sender()
        self._is_away = False

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                self._announce()
            except Exception as error:
                self._tell(error)
                stopping.wait(RETRY_SECONDS)
            wakeups.work_waits.wait(POLL_SECONDS)
            wakeups.work_waits.clear()
        self._sender.close()

    def _announce(self) -> None:
        close_old_connections()
        if waiting := queue.count_waiting(MOST_MESSAGES):
            self._sender.fill(waiting)
        if self._is_away:
            logger.info("the broker or the database answers again")
        self._is_away = False

    def _tell(self, error: Exception) -> None:
        """Once for each outage. Images wait in their rows meanwhile."""
        if not self._is_away:
            logger.warning("workers cannot be told of waiting images: %s", type(error).__name__)
        self._is_away = True


class Worker:
    """Renders one image for each message, in the threads of a Celery worker (imagestore.celery)."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._claims = queue.Claims()
        # Large images leave one thread free, as in images.engine.
        self._long_slots = threading.Semaphore(max(1, settings.RENDER_WORKERS - 1))
        self._owner = 0
        self._converging = threading.Thread(target=self._converge, name="converge", daemon=True)

    def start(self) -> None:
        """Raises NotOurStorage, and ImproperlyConfigured where a required sandbox is missing."""
        check_sandbox()
        identity.establish(may_write=False)
        warm_up()
        self._claims.start()
        self._converging.start()

    def stop(self) -> None:
        self._stopping.set()
        self._converging.join()
        self._claims.end()

    def render_next(self) -> None:
        """Claim the next waiting image and render it. Never raises: what fails waits until its lease ends."""
        may_be_long = self._long_slots.acquire(blocking=False)
        try:
            close_old_connections()
            if claim := queue.claim_next(self._owner, only_small=not may_be_long):
                self._owner = claim.owner
                if may_be_long and not claim.is_large:
                    self._long_slots.release()
                    may_be_long = False
                self._render(claim)
        except Exception:
            logger.exception("the queue could not be read, or an image not rendered; it waits until its lease ends")
        finally:
            if may_be_long:
                self._long_slots.release()
            close_old_connections()

    def _render(self, claim: Claim) -> None:
        with self._claims.hold(claim):
            variants.render(claim)

    def _converge(self) -> None:
        """Render outdated images again, one at a time, while no message keeps this worker busy."""
        walk = Walk()
        while not self._stopping.wait(CONVERGE_SECONDS):
            try:
                close_old_connections()
                if self._claims.is_empty and (claim := walk.claim_next()):
                    self._render(claim)
            except Exception:
                logger.exception("outdated images could not be rendered again")
