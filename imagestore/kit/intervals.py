"""Periodic work."""

import time


class Every:
    """Says when periodic work is due: at once, then `seconds` after each time it was due."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._next = seconds, time.monotonic()

    def is_due(self) -> bool:
        """Whether to do the work now. True starts the next interval."""
        due = self.seconds_left() == 0
        if due:
            self._next = time.monotonic() + self._seconds
        return due

    def seconds_left(self) -> float:
        return max(0, self._next - time.monotonic())
