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
# However busy the machine is, a page that takes longer is not served.
CEILING_SECONDS = 4.0


class Neighbour:
    def __init__(self, person: Person) -> None:
        self.person = person
        self.album = person.album()
        self._session = person.portal()
        self._p95()  # warm
        self._in_peace = self._p95()
        self._under_attack: list[float] = []

    @contextmanager
    def is_served(self) -> Iterator[None]:
        """The attack goes on inside the block; at its end the neighbour looks at pages."""
        yield
        self._under_attack.append(self._p95())

    def judge(self) -> None:
        """Call it when the attack is over: what is slow on a busy machine is compared with peace on the same."""
        worst = max(self._under_attack, default=0.0)
        self._under_attack.clear()
        if worst > max(FACTOR * self._in_peace, FLOOR_SECONDS):
            in_peace = max(self._in_peace, self._p95())
            figures = f"p95 {1000 * worst:.0f} ms under attack, {1000 * in_peace:.0f} ms in peace"
            assert worst <= min(FACTOR * in_peace, CEILING_SECONDS), figures

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
