"""What is this file? Asked of a child process, in a few slots that owners share fairly."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from images.processing import Crashed, Probed, probe_in_child
from images.rendering.limits import limits

# A header is read in a hundredth of this; a file made to take longer is refused (seconds).
PROBE_CPU_SECONDS = 2


PROBE_WALL_SECONDS = 10


class FairSlots:
    """A few slots. The owner who holds the fewest gets the next one, then the one who came first."""

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


def probe(path: Path, owner: int) -> Probed:
    """What is this file? Asked in a child, in slots of its own. Raises ProcessingError, or OSError.

    A child may die of what the machine does to it; a second one dies of the file.
    """
    probing = replace(limits(), cpu_seconds=PROBE_CPU_SECONDS, wall_seconds=PROBE_WALL_SECONDS)
    with _slots.slot(owner):
        try:
            return probe_in_child(path, probing)
        except Crashed:
            return probe_in_child(path, probing)
