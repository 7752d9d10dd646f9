"""Who does the work: threads of this server, each watching one child process at a time.

The rows are the queue (images.rendering); this only decides when and how many. A lost wake-up
is harmless, because the dispatcher also looks by itself.
"""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import close_old_connections, connections

from images import locks, wakeups
from images.deletion.removal import purge
from images.processing import warm_up
from images.rendering import queue, variants
from images.storage import identity
from images.upkeep.reconcile import RECONCILE_LEASE, reconcile
from imagestore.kit.intervals import Every

logger = logging.getLogger(__name__)


# How often the dispatcher looks without being woken, the keeper reconciles, and it compares all sums (seconds).
LOOK = 1


RECONCILE = 60


COMPARE = 24 * 3600


# Leases of images that are being made are renewed this often (seconds; queue.LEASE is longer).
RENEW = 10


# After a failure (a dead database, say), before the next try (seconds).
PAUSE = 2


class Engine:
    """The dispatcher, which feeds images to the render threads, and the keeper, which clears up."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._comparing, self._is_new = Every(COMPARE), True
        self._held: set[queue.Lease] = set()
        self._slots = threading.Semaphore(settings.RENDER_WORKERS)
        self._pool = ThreadPoolExecutor(settings.RENDER_WORKERS, "render")
        self._threads = [
            threading.Thread(target=self._dispatch, name="dispatcher", daemon=True),
            threading.Thread(target=self._keep, name="keeper", daemon=True),
        ]
        self._renewer = threading.Thread(target=self._renew, name="renewer", daemon=True)
        self._stopped = threading.Event()

    def start(self) -> None:
        warm_up()
        for thread in [*self._threads, self._renewer]:
            thread.start()

    def stop(self) -> None:
        """Take nothing new; what is being made is finished first."""
        self._stopping.set()
        wakeups.work_waits.set()
        wakeups.removal_waits.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown()
        self._stopped.set()
        self._renewer.join()

    def _dispatch(self) -> None:
        owner = 0
        while not self._stopping.is_set():
            self._slots.acquire()
            lease = None if self._stopping.is_set() else self._claim(owner)
            if lease is None:
                self._slots.release()
                wakeups.work_waits.wait(LOOK)
                wakeups.work_waits.clear()
            else:
                owner = lease.owner
                self._pool.submit(self._render, lease)

    def _claim(self, owner: int) -> queue.Lease | None:
        """Only with a free slot in hand: what waits here could be made elsewhere."""
        try:
            close_old_connections()
            return queue.claim_next(owner)
        except Exception:
            logger.exception("the queue could not be read")
            time.sleep(PAUSE)
            return None

    def _render(self, lease: queue.Lease) -> None:
        self._held.add(lease)
        try:
            close_old_connections()
            variants.render(lease)
        except Exception:
            logger.exception("image row %d was left to its lease", lease.image)
        finally:
            self._held.discard(lease)
            connections.close_all()
            self._slots.release()

    def _renew(self) -> None:
        """Also while stopping: what is being made then is finished."""
        while not self._stopped.wait(RENEW):
            try:
                close_old_connections()
                if held := list(self._held):
                    queue.renew(held)
            except Exception:
                logger.exception("leases could not be renewed; it is tried again")

    def _keep(self) -> None:
        reconciling = Every(RECONCILE)
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
        with locks.turn(locks.RECONCILE, RECONCILE_LEASE) as turn:
            if turn or self._is_new:
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
