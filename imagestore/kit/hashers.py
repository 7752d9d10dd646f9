"""Password hashers that let only a few threads hash at once, because Argon2 takes 100 MiB for each hash.

Every hash and every check of a password passes here: Django asks PASSWORD_HASHERS, whoever calls it.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.contrib.auth import hashers
from django.utils.translation import gettext_lazy as _

from imagestore.kit.problems import Problem

# The longest that a thread waits for a slot.
HASH_WAIT_SECONDS = 10.0

served_first: ContextVar[bool] = ContextVar("served_first", default=False)
"""Whether a known browser logs in. accounts.attempts sets it; each request has a context of its own."""


class Gate:
    """HASH_WORKERS slots and a bounded queue, because a thread that waits cannot answer other requests.

    Known browsers (`served_first`) go before all others, and have places of their own in the queue: an attack
    from many addresses must not keep them out.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._hashing = 0
        # served_first -> how many threads wait.
        self._waiting: Counter[bool] = Counter()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Raises Problem `busy` when too many threads wait already, or after HASH_WAIT_SECONDS."""
        with self._changed:
            if not self._has_slot():
                self._wait()
            self._hashing += 1
        try:
            yield
        finally:
            with self._changed:
                self._hashing -= 1
                self._changed.notify_all()

    def _has_slot(self) -> bool:
        return self._hashing < settings.HASH_WORKERS and (served_first.get() or not self._waiting[True])

    def _wait(self) -> None:
        is_first = served_first.get()
        if self._waiting[is_first] >= settings.THREADS // (4 if is_first else 2):
            raise busy()
        self._waiting[is_first] += 1
        try:
            if not self._changed.wait_for(self._has_slot, HASH_WAIT_SECONDS):
                raise busy()
        finally:
            self._waiting[is_first] -= 1
            # A second slot may be free, for which the others did not wait while a known browser did.
            self._changed.notify_all()


GATE = Gate()


def busy() -> Problem:
    return Problem(
        "busy", _("Too many people sign in or up at this moment. Nothing was changed; try again shortly.")
    )


class GatedArgon2Hasher(hashers.Argon2PasswordHasher):
    def encode(self, password: str, salt: str) -> str:
        with GATE.slot():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with GATE.slot():
            return super().verify(password, encoded)


class GatedPBKDF2Hasher(hashers.PBKDF2PasswordHasher):
    """Django's `verify` and `harden_runtime` call `encode`, so they pass the gate there."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with GATE.slot():
            return super().encode(password, salt, iterations)
