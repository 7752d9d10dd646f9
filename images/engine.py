"""Who does the work and when: threads of this server, each watching one child process at a time.

The rows are the queue (images.rendering.queue); the engine only decides when, and how many at once.
Services wake it by two events (images.wakeups). A lost wake-up is harmless, because it also looks by itself.
"""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from django.conf import settings
from django.db import close_old_connections, connections

from images import locks, wakeups
from images.deletion.removal import purge
from images.processing import warm_up
from images.rendering import queue, variants
from images.rendering.convergence import Walk
from images.rendering.queue import Claim
from images.storage import identity
from images.upkeep.reconcile import RECONCILE_LEASE, reconcile
from imagestore.kit.intervals import Every

logger = logging.getLogger(__name__)

# How often the dispatcher looks for waiting images without being woken.
POLL_SECONDS = 1
# How often it looks for a READY image that should be made again: when nothing waits, and one at a time.
CONVERGE_SECONDS = 0.5
# How often maintenance reconciles, and how often it compares all sums.
RECONCILE_SECONDS = 60
COMPARE_SUMS_SECONDS = 24 * 3600
# After a failure (a dead database, say), before the next try.
PAUSE_SECONDS = 2


class Engine:
    """Two threads: the dispatcher feeds images to the render threads, maintenance clears up."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._claims = queue.Claims()
        self._slots = threading.Semaphore(settings.RENDER_WORKERS)
        self._pool = ThreadPoolExecutor(settings.RENDER_WORKERS, "render")
        self._walk, self._converging = Walk(), Every(CONVERGE_SECONDS)
        self._again: Future[None] | None = None
        self._comparing, self._is_new = Every(COMPARE_SUMS_SECONDS), True
        self._threads = [
            threading.Thread(target=self._dispatch, name="dispatcher", daemon=True),
            threading.Thread(target=self._maintain, name="maintenance", daemon=True),
        ]

    def start(self) -> None:
        warm_up()
        self._claims.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take nothing new. What is being made is finished first, and held until then."""
        self._stopping.set()
        wakeups.work_waits.set()
        wakeups.removal_waits.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown()
        self._claims.end()

    # ---- The dispatcher ---------------------------------------------------------------------

    def _dispatch(self) -> None:
        """Claims an image only with a free slot in hand: what waited here could be made elsewhere."""
        owner = 0
        while not self._stopping.is_set():
            self._slots.acquire()
            if claim := self._claim(owner):
                owner = claim.owner
                self._pool.submit(self._render, claim)
            elif claim := self._claim_outdated():
                self._again = self._pool.submit(self._render, claim)
            else:
                self._slots.release()
                wakeups.work_waits.wait(min(POLL_SECONDS, self._converging.seconds_left()))
                wakeups.work_waits.clear()

    def _claim(self, owner: int) -> Claim | None:
        try:
            close_old_connections()
            return None if self._stopping.is_set() else queue.claim_next(owner)
        except Exception:
            logger.exception("the queue could not be read")
            time.sleep(PAUSE_SECONDS)
            return None

    def _claim_outdated(self) -> Claim | None:
        """Nothing waits, so one READY image may be made again, if it is time."""
        busy = self._again is not None and not self._again.done()
        if self._stopping.is_set() or not self._converging.is_due() or busy:
            return None
        try:
            return self._walk.claim_next()
        except Exception:
            logger.exception("images to be made again could not be looked for")
            return None

    def _render(self, claim: Claim) -> None:
        try:
            close_old_connections()
            with self._claims.keep(claim):
                variants.render(claim)
        except Exception:
            logger.exception("image row %d was left to its lease", claim.image)
        finally:
            connections.close_all()
            self._slots.release()

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
                logger.exception("clearing up failed; it is tried again")
            wakeups.removal_waits.wait(reconciling.seconds_left())
            wakeups.removal_waits.clear()

    def _reconcile(self) -> None:
        """In one server at a time; but at its start each does: what it left when it died waits for no lease."""
        with locks.hold(locks.RECONCILE, RECONCILE_LEASE) as lock:
            if lock or self._is_new:
                self._is_new = False
                reconcile(sums=self._comparing.is_due())


_engine: Engine | None = None


def start() -> None:
    """Begin to work in this process; once, and never before a fork. Raises NotOurStorage."""
    global _engine
    if _engine is None:
        identity.establish()
        _engine = Engine()
        _engine.start()


def stop() -> None:
    global _engine
    if _engine is not None:
        _engine.stop()
        _engine = None
