"""The engine: threads of this server that render images, reconcile, remove deleted files, send mails, and tell
a CDN what was deleted.

The rows are the queue (images.rendering.queue); the engine only decides when, and how many at once. With
CELERY_BROKER_URL it renders nothing, but tells workers on other machines of it (images.rendering.remote).
Services wake it by events (images.wakeups, accounts.outbox.queue). A lost wake-up is harmless: it also asks the
database at intervals.
"""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from django.conf import settings
from django.db import close_old_connections

from accounts.outbox.queue import mail_waits
from accounts.outbox.sender import Sender
from images import locks, wakeups
from images.deletion.cdn import Purger
from images.deletion.removal import purge
from images.processing import warm_up
from images.rendering import queue, variants
from images.rendering.convergence import CONVERGE_SECONDS, Walk
from images.rendering.limits import check_sandbox
from images.rendering.queue import Claim
from images.rendering.remote import Announcer
from images.storage import identity
from images.upkeep.reconcile import RECONCILE_LEASE, reconcile
from images.upkeep.words import RUN_SECONDS, WordsPass
from imagestore.kit.intervals import Every

logger = logging.getLogger(__name__)

# How often the dispatcher asks for waiting images without a wake-up.
POLL_SECONDS = 1
# How often maintenance reconciles, and how often it compares all sums.
RECONCILE_SECONDS = 60
COMPARE_SUMS_SECONDS = 24 * 3600
# How long the dispatcher pauses when the database fails.
RETRY_SECONDS = 2
# How long the end of the engine waits for a mail, or for a request to the CDN's hook, that is on its way.
SENDER_STOP_SECONDS = 3


class Engine:
    """Threads: the dispatcher gives images to the render threads, maintenance reconciles and removes, the sender
    sends mails; with CDN_PURGE_URL another one tells the CDN what was deleted.
    """

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._claims = queue.Claims()
        self._slots = threading.Semaphore(settings.RENDER_WORKERS)
        # Work that may take long leaves one slot free: a small picture does not wait for large ones to end.
        self._long_slots = threading.Semaphore(max(1, settings.RENDER_WORKERS - 1))
        self._pool = ThreadPoolExecutor(settings.RENDER_WORKERS, "render")
        self._walk, self._converge_interval = Walk(), Every(CONVERGE_SECONDS)
        self._converging: Future[None] | None = None
        self._sums_interval, self._is_first_run = Every(COMPARE_SUMS_SECONDS), True
        self._words = WordsPass(RUN_SECONDS)
        # Behind a broker, workers on other machines render.
        has_workers = bool(settings.CELERY_BROKER_URL)
        dispatch = partial(Announcer().run, self._stopping) if has_workers else self._dispatch
        self._threads = [
            threading.Thread(target=dispatch, name="dispatcher", daemon=True),
            threading.Thread(target=self._maintain, name="maintenance", daemon=True),
        ]
        senders = [Sender().run, *([Purger().run] if settings.CDN_PURGE_URL else [])]
        self._senders = [threading.Thread(target=run, args=[self._stopping], daemon=True) for run in senders]

    def start(self) -> None:
        warm_up()
        self._claims.start()
        for thread in (*self._threads, *self._senders):
            thread.start()

    def stop(self) -> None:
        """Claim no more images. Returns when the images that are being rendered are finished."""
        self._stopping.set()
        wakeups.work_waits.set()
        wakeups.removal_waits.set()
        mail_waits.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown()
        self._claims.end()
        # A mail server, or a hook, may be silent. What it did not take stays in its row; the process ends without
        # these threads.
        for sender in self._senders:
            sender.join(SENDER_STOP_SECONDS)

    # ---- The dispatcher ---------------------------------------------------------------------

    def _dispatch(self) -> None:
        """Take a free slot before claiming, so that no claimed image waits here while another server is free."""
        owner = 0
        while not self._stopping.is_set():
            self._slots.acquire()
            may_be_long = self._long_slots.acquire(blocking=False)
            if claim := self._claim(owner, only_small=not may_be_long):
                owner = claim.owner
                if may_be_long and not claim.is_large:
                    self._long_slots.release()
                self._pool.submit(self._render, claim, is_long=claim.is_large)
            elif may_be_long and (claim := self._claim_outdated()):
                self._converging = self._pool.submit(self._render, claim, is_long=True)
            else:
                self._release(is_long=may_be_long)
                wakeups.work_waits.wait(
                    self._converge_interval.seconds_left() if self._walk.is_on else POLL_SECONDS
                )
                wakeups.work_waits.clear()

    def _release(self, *, is_long: bool) -> None:
        if is_long:
            self._long_slots.release()
        self._slots.release()

    def _claim(self, owner: int, *, only_small: bool = False) -> Claim | None:
        try:
            close_old_connections()
            return None if self._stopping.is_set() else queue.claim_next(owner, only_small=only_small)
        except Exception:
            logger.exception("the queue could not be read")
            time.sleep(RETRY_SECONDS)
            return None

    def _claim_outdated(self) -> Claim | None:
        """One outdated READY image, if it is time for one and none is being rendered again."""
        busy = self._converging is not None and not self._converging.done()
        if self._stopping.is_set() or not self._converge_interval.is_due() or busy:
            return None
        try:
            return self._walk.claim_next()
        except Exception:
            logger.exception("outdated images could not be read")
            return None

    def _render(self, claim: Claim, *, is_long: bool) -> None:
        try:
            close_old_connections()
            with self._claims.hold(claim):
                variants.render(claim)
        except Exception:
            logger.exception("image row %d could not be rendered; it waits until its lease ends", claim.image)
        finally:
            self._release(is_long=is_long)
            if is_long:
                # The dispatcher may hold a slot and wait because only large images are left.
                wakeups.work_waits.set()

    # ---- Maintenance ------------------------------------------------------------------------

    def _maintain(self) -> None:
        reconciling = Every(RECONCILE_SECONDS)
        while not self._stopping.is_set():
            try:
                close_old_connections()
                if reconciling.is_due():
                    self._reconcile()
                else:
                    purge()
            except Exception:
                logger.exception("maintenance failed; it is tried again")
            wakeups.removal_waits.wait(reconciling.seconds_left())
            wakeups.removal_waits.clear()

    def _reconcile(self) -> None:
        """Reconcile, in one server at a time. The first run ignores the lock: a server that died may hold it."""
        with locks.hold(locks.RECONCILE, RECONCILE_LEASE) as lock:
            if lock or self._is_first_run:
                self._is_first_run = False
                reconcile(sums=self._sums_interval.is_due(), words=self._words)


_engine: Engine | None = None


def start() -> None:
    """Start the engine of this process, at most one. Never call it before a fork.

    Raises NotOurStorage, and ImproperlyConfigured where a required sandbox is missing.
    """
    global _engine
    if _engine is None:
        check_sandbox()
        identity.establish()
        _engine = Engine()
        _engine.start()


def stop() -> None:
    global _engine
    if _engine is not None:
        _engine.stop()
        _engine = None
