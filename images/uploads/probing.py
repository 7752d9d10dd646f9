"""Probes uploads in child processes: a few at once, in slots that owners share fairly."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from images.processing import Crashed, Probed, probe_in_child
from images.processing.formats import HEAD_BYTES, recognise
from images.rendering.limits import limits

# The store refuses a file whose header takes longer to read. A good header takes a hundredth of that.
PROBE_CPU_SECONDS = 2
PROBE_WALL_SECONDS = 10


class FairSlots:
    """A free slot goes to the waiting owner that holds the fewest slots; among equals, to the first that came."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._held: Counter[int] = Counter()
        self._waiting: list[tuple[int, object]] = []
        self._changed = threading.Condition()

    @contextmanager
    def slot(self, owner: int) -> Iterator[None]:
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


_slots = FairSlots(settings.PROBE_WORKERS)


def begins_as_picture(path: Path) -> bool:
    """A cheap look at the first bytes. False: `probe` would refuse the file, too. Raises OSError."""
    with path.open("rb") as file:
        return recognise(file.read(HEAD_BYTES)) is not None


def probe(path: Path, owner: int) -> Probed:
    """Read the file's format, size in px, time and camera in a child process. Raises ProcessingError, OSError.

    A second child is tried when the first one crashed: the machine may have killed it (low memory).
    """
    probe_limits = replace(limits(), cpu_seconds=PROBE_CPU_SECONDS, wall_seconds=PROBE_WALL_SECONDS)
    with _slots.slot(owner):
        try:
            return probe_in_child(path, probe_limits)
        except Crashed:
            return probe_in_child(path, probe_limits)
