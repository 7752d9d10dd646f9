"""Django's cache in Redis, shared by all servers of a store; in this process's memory while Redis is away.

Put nothing in this cache that must not be lost. An outage of Redis fails no request: each process
goes on with the values that it has written itself, and counts attempts alone. Once Redis answers,
all servers count together again.
"""

import json
import threading
import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import structlog
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from imagestore.kit.metrics import REDIS_AWAY

logger = structlog.get_logger(__name__)

# The longest wait for a connection and for an answer. One log-in waits for about thirty answers.
REDIS_TIMEOUT_SECONDS = 0.3
# After a failure, a process sends Redis nothing for this long.
REDIS_PAUSE_SECONDS = 2.0
# So many deletions of an outage are repeated after it. The first ones matter most: they release locks that
# allauth took in Redis before the outage.
MAX_MISSED_DELETIONS = 1000
# Errors that begin an outage. UnicodeError: the host has no valid name, or the answer is not text.
OUTAGE_ERRORS = (RedisError, OSError, UnicodeError, json.JSONDecodeError)
REDIS_OPTIONS = {
    "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
    "socket_timeout": REDIS_TIMEOUT_SECONDS,
    "retry": Retry(NoBackoff(), 0),
    # No greeting on connecting: each of its commands is one more answer to wait for.
    "protocol": 2,
    "driver_info": None,
    # Never pickle: any program that can write to Redis could then run code in this process.
    "serializer": json,
}


class Outage:
    """Whether Redis is away. All threads share one object; Django gives each thread a cache of its own."""

    def __init__(self) -> None:
        self.is_on = False
        self.missed_deletions: set[tuple[str, int | None]] = set()
        self._lock = threading.Lock()
        self._next_probe = 0.0

    def begin(self, error: Exception) -> None:
        """Log an outage once, and only the error's type: its text may hold secrets."""
        with self._lock:
            self._next_probe = time.monotonic() + REDIS_PAUSE_SECONDS
            if not self.is_on:
                logger.warning("redis is away, each server counts for itself", error=type(error).__name__)
            self.is_on = True
            REDIS_AWAY.set(1)

    def claim_probe(self) -> bool:
        """True for one thread after each pause: it asks Redis, while the other threads use local memory."""
        with self._lock:
            if time.monotonic() < self._next_probe:
                return False
            self._next_probe = time.monotonic() + REDIS_PAUSE_SECONDS
            return True

    def end(self) -> None:
        self.missed_deletions.clear()
        self.is_on = False
        REDIS_AWAY.set(0)
        logger.info("redis is back")


@cache
def outage_of(url: str) -> Outage:
    return Outage()


def _shared(operation: str, *, also_local: bool = False) -> Callable[..., Any]:
    """A method that runs `operation` on Redis, or on local memory while Redis is away.

    `also_local` runs it on both, so that local memory has the value when an outage begins.
    """

    def run(self: "SharedCache", *args: Any, **kwargs: Any) -> Any:
        run_locally = partial(getattr(self._local, operation), *args, **kwargs)
        local_result = run_locally() if also_local else None
        if self._redis_answers():
            try:
                return getattr(self._redis, operation)(*args, **kwargs)
            except OUTAGE_ERRORS as error:
                self._outage.begin(error)
        return local_result if also_local else run_locally()

    return run


class SharedCache(BaseCache):
    """A cache in Redis whose operations never fail or wait long because of Redis."""

    def __init__(self, url: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._outage = outage_of(url)
        self._local = LocMemCache(url, params)
        self._redis = RedisCache([url], {**params, "OPTIONS": REDIS_OPTIONS})

    add, get, get_many, has_key = _shared("add"), _shared("get"), _shared("get_many"), _shared("has_key")
    incr, touch = _shared("incr"), _shared("touch")
    set, set_many = _shared("set", also_local=True), _shared("set_many", also_local=True)
    delete_many, clear = _shared("delete_many", also_local=True), _shared("clear", also_local=True)
    _delete = _shared("delete", also_local=True)

    def delete(self, key: str, version: int | None = None) -> bool:
        deleted: bool = self._delete(key, version=version)
        if self._outage.is_on and len(self._outage.missed_deletions) < MAX_MISSED_DELETIONS:
            self._outage.missed_deletions.add((key, version))
        return deleted

    def _redis_answers(self) -> bool:
        """True without an outage. In one, a claimed probe asks Redis and repeats the missed deletions."""
        if not self._outage.is_on or not self._outage.claim_probe():
            return not self._outage.is_on
        try:
            # Write, do not read: a full or read-only Redis still answers reads.
            self._redis.set("is-redis-back", True, REDIS_PAUSE_SECONDS)
            missed = self._outage.missed_deletions.copy()
            for version in {version for _, version in missed}:
                keys = [key for key, key_version in missed if key_version == version]
                self._redis.delete_many(keys, version=version)
        except OUTAGE_ERRORS:
            return False
        self._outage.end()
        return True
