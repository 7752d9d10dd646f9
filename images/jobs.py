"""Who does the work: threads of this server, each watching one child process at a time.

The rows are the queue (images.rendering); this only decides when and how many. A lost wake-up
is harmless, because the dispatcher also looks by itself.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections, connections

from images import marker, rendering, runner
from images.processing import Crashed, Probed, probe_in_child, warm_up
from images.reconcile import reconcile
from images.removal import purge

logger = logging.getLogger(__name__)

# How often the dispatcher looks without being woken, the keeper reconciles, and it compares all sums (seconds).
LOOK = 1
RECONCILE = 60
COMPARE = 24 * 3600
# One server at a time reconciles; when it dies, another does after this. (Two at once would do no harm.)
TURN = timedelta(minutes=5)
# A header is read in a hundredth of this; a file made to take longer is refused (seconds).
PROBE_CPU = 2
PROBE_WALL = 10
# Leases of images that are being made are renewed this often (seconds; rendering.LEASE is longer).
RENEW = 10
# After a failure (a dead database, say), before the next try (seconds).
PAUSE = 2


class Turns:
    """A few slots for which owners take turns: whoever holds fewest is next, then whoever came first."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._held: Counter[int] = Counter()
        self._waiting: list[tuple[int, object]] = []
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, owner: int) -> Iterator[None]:
        ticket = (owner, object())
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._free and self._next() is ticket)
            self._waiting.remove(ticket)
            self._free -= 1
            self._held[owner] += 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._held[owner] -= 1
                self._changed.notify_all()

    def _next(self) -> tuple[int, object]:
        return min(self._waiting, key=lambda ticket: self._held[ticket[0]])


_probes = Turns(settings.PROBE_WORKERS)


def probe(path: Path, owner: int) -> Probed:
    """What is this file? Asked in a child, in slots of its own. Raises ProcessingError, or OSError.

    A child may die of what the machine does to it; a second one dies of the file.
    """
    limits = replace(rendering.limits(), cpu_seconds=PROBE_CPU, wall_seconds=PROBE_WALL)
    with _probes.turn(owner):
        try:
            return probe_in_child(path, limits)
        except Crashed:
            return probe_in_child(path, limits)


class Every:
    """Due at once, and again so many seconds after it was."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._next = seconds, time.monotonic()

    def is_due(self) -> bool:
        due = self.seconds_left() == 0
        if due:
            self._next = time.monotonic() + self._seconds
        return due

    def seconds_left(self) -> float:
        return max(0, self._next - time.monotonic())


class Engine:
    """The dispatcher, which feeds images to the render threads, and the keeper, which clears up."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self.work_waits = threading.Event()
        self.doomed_wait = threading.Event()
        self._comparing, self._is_new = Every(COMPARE), True
        self._held: set[rendering.Lease] = set()
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
        self.work_waits.set()
        self.doomed_wait.set()
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
                self.work_waits.wait(LOOK)
                self.work_waits.clear()
            else:
                owner = lease.owner
                self._pool.submit(self._render, lease)

    def _claim(self, owner: int) -> rendering.Lease | None:
        """Only with a free slot in hand: what waits here could be made elsewhere."""
        try:
            close_old_connections()
            return rendering.claim_next(owner)
        except Exception:
            logger.exception("the queue could not be read")
            time.sleep(PAUSE)
            return None

    def _render(self, lease: rendering.Lease) -> None:
        self._held.add(lease)
        try:
            close_old_connections()
            rendering.render(lease)
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
                    rendering.renew(held)
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
            self.doomed_wait.wait(reconciling.seconds_left())
            self.doomed_wait.clear()

    def _reconcile(self) -> None:
        """In one server at a time; but at its start each does: what it left when it died waits for no lease."""
        with runner.turn(runner.RECONCILE, TURN) as turn:
            if turn or self._is_new:
                self._is_new = False
                reconcile(sums=self._comparing.is_due())


_engine: Engine | None = None


def start() -> None:
    """Begin to work in this process; once, and never before a fork. Raises NotOurStorage."""
    global _engine
    if _engine is None:
        marker.establish()
        _engine = Engine()
        _engine.start()


def stop() -> None:
    global _engine
    if _engine is not None:
        _engine.stop()
        _engine = None


def wake_dispatcher() -> None:
    """There is something to make. Where no engine runs, another process looks."""
    if _engine is not None:
        _engine.work_waits.set()


def wake_keeper() -> None:
    """There is something to clear."""
    if _engine is not None:
        _engine.doomed_wait.set()
