"""Work on the whole store that one process does at a time: a lease in the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from images import lifecycle
from images.models import Runner, RunnerQuerySet

RECONCILE = "reconcile"
# While it is held, no file leaves the storage.
BACKUP = "backup"


@dataclass(frozen=True)
class Lock:
    """One kind of work, held by this process."""

    name: str
    token: UUID
    duration: timedelta

    def extend(self) -> bool:
        """Hold it for another `duration` from now. False once it has ended, taken over or not.

        Another process may have done since what the lock held back.
        """
        return bool(lifecycle.extend(_rows(self.name, self.token).running(), self.duration))


@contextmanager
def hold(name: str, duration: timedelta) -> Iterator[Lock | None]:
    """Hold this work to the end of the block, or for `duration` if this process dies.

    None while another process holds it.
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
    """For a restored database: the backup itself was being taken when its rows were copied."""
    lifecycle.release(Runner.objects.all())


def _rows(name: str, token: UUID | None) -> RunnerQuerySet:
    rows: RunnerQuerySet = lifecycle.held(Runner.objects.filter(name=name), token)
    return rows
