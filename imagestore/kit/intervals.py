"""Work that is due every so many seconds."""

import time


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
