"""Work on the whole store that one process does at a time: a lease in the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from images import lifecycle
from images.models import Runner, RunnerQuerySet

RECONCILE = "reconcile"
# While a process holds this lock, `images.deletion.removal` removes no file.
BACKUP = "backup"
CDN_PURGE = "cdn purge"


@dataclass(frozen=True)
class Lock:
    """The lock on one kind of work, held by this process."""

    name: str
    token: UUID
    duration: timedelta

    def extend(self) -> bool:
        """Let the lease end `duration` from now. False when it had ended before.

        After False, another process may have done what this lock forbids.
        """
        return bool(lifecycle.extend(_rows(self.name, self.token).running(), self.duration))


@contextmanager
def hold(name: str, duration: timedelta) -> Iterator[Lock | None]:
    """Hold the lock until the block ends, or for `duration` if this process dies.

    Yields None while another process holds it.
    """
    Runner.objects.get_or_create(name=name)
    token = lifecycle.lease(Runner.objects.filter(name=name), duration)
    try:
        yield Lock(name, token, duration) if token else None
    finally:
        lifecycle.release(_rows(name, token))


def is_held(name: str) -> bool:
    return Runner.objects.running().filter(name=name).exists()


def release_all() -> None:
    """Call after restoring a database: its rows were copied while the backup held its lock."""
    lifecycle.release(Runner.objects.all())


def _rows(name: str, token: UUID | None) -> RunnerQuerySet:
    rows: RunnerQuerySet = lifecycle.held(Runner.objects.filter(name=name), token)
    return rows
