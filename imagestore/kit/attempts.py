"""Counts attempts in Django's cache: servers that share a Redis count together."""

from time import time

from django.core.cache import cache


def count_attempt(key: str, *, most: int, window_seconds: int) -> int:
    """Count one attempt. Returns 0 if it is allowed, else the seconds until attempts of this key are allowed again.

    A window begins at each multiple of `window_seconds`; `most` attempts are allowed in each.
    """
    window, elapsed = divmod(int(time()), window_seconds)
    counter = f"attempts:{key}:{window}"
    cache.add(counter, 0, window_seconds)
    try:
        attempts = cache.incr(counter)
    except ValueError:
        # The counter went between the two calls, with a Redis or for want of memory.
        attempts = 1
    return 0 if attempts <= most else window_seconds - elapsed
