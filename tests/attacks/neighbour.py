"""A user who looks at pages while the store is attacked."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.people import Person

PAGES = 40
# Stop looking after this long: the figure is bad enough by then.
MEASURE_SECONDS = 15
# P13 of the promises: under attack a page may take five times as long as in peace.
FACTOR = 5
# Less than this is noise of a busy machine. Each attack once took more than ten times of it.
FLOOR_SECONDS = 0.5


class Neighbour:
    def __init__(self, person: Person) -> None:
        self.person = person
        self.album = person.album()
        self._session = person.portal()
        self._p95()  # warm
        self.in_peace = self._p95()
        self.under_attack = 0.0

    @contextmanager
    def is_served(self) -> Iterator[None]:
        """The attack goes on inside the block; at its end the neighbour looks at pages."""
        yield
        self.under_attack = self._p95()
        limit = max(FACTOR * self.in_peace, FLOOR_SECONDS)
        figures = f"p95 {1000 * self.under_attack:.0f} ms under attack, {1000 * self.in_peace:.0f} ms in peace"
        print(figures)
        assert self.under_attack <= limit, figures

    def _p95(self) -> float:
        """Of the page of albums, in seconds."""
        seconds: list[float] = []
        give_up = time.monotonic() + MEASURE_SECONDS
        while len(seconds) < PAGES and time.monotonic() < give_up:
            started = time.monotonic()
            answer = self._session.get(f"{self.person.base}/albums/", timeout=2 * MEASURE_SECONDS)
            seconds.append(time.monotonic() - started)
            assert answer.status_code == 200
        return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]
