"""Work on the whole store that one process does at a time: a lease in the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.db.models.functions import Now

from images.models import Runner

RECONCILE = "reconcile"


# While it is held, no file leaves the storage.
BACKUP = "backup"


@dataclass(frozen=True)
class Turn:
    """One kind of work, held by this process."""

    name: str
    token: UUID
    lease: timedelta

    def renew(self) -> bool:
        """Hold it for another lease from now; False once the lease has ended, taken over or not.

        What it held back may have been done since, and nobody would know.
        """
        held = Runner.objects.held(self.name, self.token).running()
        return bool(held.update(leased_until=Now() + self.lease))


@contextmanager
def turn(name: str, lease: timedelta) -> Iterator[Turn | None]:
    """Hold this work until the end of the block, or of the lease if this process dies; None while another does."""
    token = uuid4()
    taken = Runner.objects.take(name, token=token, lease=lease)
    try:
        yield Turn(name, token, lease) if taken else None
    finally:
        Runner.objects.held(name, token).update(token=None, leased_until=None)


def is_taken(name: str) -> bool:
    return Runner.objects.running().filter(name=name).exists()
