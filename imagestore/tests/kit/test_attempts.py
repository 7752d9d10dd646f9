"""Attempts within a window, and the time until the next window."""

from threading import Barrier, Thread

import pytest
from django.core.cache import cache

from imagestore.kit import attempts
from imagestore.kit.attempts import count_attempt


@pytest.fixture
def clock(monkeypatch):
    """The time in seconds; tests set it."""

    class Clock:
        now = 7200.0

    monkeypatch.setattr(attempts, "time", lambda: Clock.now)
    return Clock


def count(key="a"):
    return count_attempt(key, most=2, window_seconds=3600)


def test_what_is_over_waits_for_the_next_window(clock):
    clock.now = 7300.4
    assert [count(), count(), count(), count()] == [0, 0, 3500, 3500]
    clock.now = 10_799
    assert count() == 1
    clock.now = 10_800
    assert [count(), count(), count()] == [0, 0, 3600]


def test_each_key_is_counted_alone(clock):
    assert [count(), count(), count("b"), count()] == [0, 0, 0, 3600]


def test_a_counter_that_is_lost_between_two_steps_begins_again(clock, monkeypatch):
    monkeypatch.setattr(type(cache._connections[cache._alias]), "add", lambda *args, **kwargs: True)
    assert count() == 0


def test_attempts_at_once_are_all_counted(clock):
    barrier, allowed = Barrier(8), []

    def attempt():
        barrier.wait()
        allowed.append(count() == 0)

    threads = [Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(allowed) == [False] * 6 + [True] * 2
