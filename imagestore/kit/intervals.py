"""Periodic work, and pauses between tries."""

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


class Backoff:
    """Pauses while another server fails: after so many failures in a row 1, 2, 4 … seconds, at most a minute."""

    def __init__(self) -> None:
        self.failures = 0

    def fail(self) -> bool:
        """Whether this failure is the first one in a row."""
        self.failures += 1
        return self.failures == 1

    def succeed(self) -> bool:
        """Whether this ends a row of failures."""
        failed, self.failures = self.failures, 0
        return bool(failed)

    @property
    def seconds(self) -> float:
        """0 without a failure."""
        return min(2.0 ** min(self.failures - 1, 6), 60) if self.failures else 0
