"""One task of one name at a time, over all servers."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from images import engine, locks
from images.deletion.removal import doom_images, purge
from images.models import Image, Runner
from images.tests.helpers import album, received, stored, user

pytestmark = pytest.mark.django_db(transaction=True)


LEASE = timedelta(minutes=5)
# ---- One at a time ----------------------------------------------------------------------------


def test_one_runner_at_a_time_and_the_next_after_it():
    with locks.hold("reconcile", LEASE) as first:
        assert first
        assert locks.is_held("reconcile")
        with locks.hold("reconcile", LEASE) as second, locks.hold("backup", LEASE) as other:
            assert (second, other is None) == (None, False)
        assert locks.is_held("reconcile")
    assert not locks.is_held("reconcile")
    with locks.hold("reconcile", LEASE) as third:
        assert third


def test_a_runner_that_died_is_followed_when_its_lease_ends():
    with locks.hold("reconcile", timedelta(seconds=-1)) as dead:
        assert dead
        with locks.hold("reconcile", LEASE) as next_one:
            assert next_one
            assert not dead.extend()
            assert next_one.extend()


def test_a_runner_whose_lease_is_longer_than_any_holds_nothing_back():
    """It was given by a clock that has been set back since."""
    with locks.hold("backup", timedelta(days=365)):
        assert not locks.is_held("backup")
        with locks.hold("backup", LEASE) as next_one:
            assert next_one
            assert locks.is_held("backup")


def test_a_lease_that_has_ended_is_not_extended_even_when_it_is_free():
    with locks.hold("backup", LEASE) as lock:
        assert lock.extend()
        Runner.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        assert not lock.extend()
        assert not locks.is_held("backup")


def test_a_runner_that_failed_lets_go():
    with pytest.raises(ZeroDivisionError), locks.hold("reconcile", LEASE):
        _ = 1 / 0
    assert not locks.is_held("reconcile")


def test_the_command_says_that_another_one_reconciles():
    with locks.hold(locks.RECONCILE, LEASE), pytest.raises(CommandError, match="right now"):
        call_command("reconcile")
    call_command("reconcile", stdout=StringIO())


def test_a_server_that_starts_does_not_wait_for_the_lease_of_the_one_that_died(monkeypatch):
    runs = []
    monkeypatch.setattr(engine, "reconcile", lambda sums, words: runs.append(sums))
    fresh = engine.Engine()
    with locks.hold(locks.RECONCILE, LEASE):
        fresh._reconcile()
        fresh._reconcile()
    assert len(runs) == 1
    fresh._reconcile()
    assert len(runs) == 2
    assert not Runner.objects.exclude(leased_until=None).exists()


def test_nothing_leaves_the_storage_while_a_backup_is_taken():
    alice = user()
    received(album(alice))
    doom_images(alice, Image.objects.all())
    with locks.hold(locks.BACKUP, LEASE):
        assert (purge(), len(stored())) == (0, 1)
    assert (purge(), stored()) == (1, set())
