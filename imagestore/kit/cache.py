"""Django's cache in Redis for all servers of a store, and in this process while Redis does not answer.

What lives here may be forgotten, so an outage fails no request: attempts are counted in local memory,
on from what this process has written itself, and by all servers together once Redis is back.
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

logger = structlog.get_logger(__name__)

# How long Redis may take to connect, and to answer; a log-in asks some twenty times (seconds).
REDIS_TIMEOUT_SECONDS = 0.3
# How long it is left alone after it took longer (seconds).
REDIS_PAUSE_SECONDS = 2.0
# How many deletions are made up for. The first ones matter: locks that were taken before Redis went.
MAX_OWED_DELETIONS = 1000
# What is no answer. UnicodeError: a host that cannot be looked up, or bytes that are no text.
NO_ANSWER = (RedisError, OSError, UnicodeError, json.JSONDecodeError)
REDIS_OPTIONS = {
    "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
    "socket_timeout": REDIS_TIMEOUT_SECONDS,
    "retry": Retry(NoBackoff(), 0),
    # Each part of a greeting would be one more answer to wait for.
    "protocol": 2,
    "driver_info": None,
    # Not pickle: it would let whoever can write to Redis run code here.
    "serializer": json,
}


class Outage:
    """Is Redis away? Known to all threads, each of which has a cache object of its own."""

    def __init__(self) -> None:
        self.is_on = False
        self.owed: set[tuple[str, int | None]] = set()
        self._lock = threading.Lock()
        self._next_look = 0.0

    def begin(self, error: Exception) -> None:
        """Logged once, by the error's kind: its text may name more than a log should hold."""
        with self._lock:
            self._next_look = time.monotonic() + REDIS_PAUSE_SECONDS
            if not self.is_on:
                logger.warning("redis is away, each server counts for itself", error=type(error).__name__)
            self.is_on = True

    def is_time_to_look(self) -> bool:
        """True for one thread after each pause; the others do not wait for what it finds."""
        with self._lock:
            if time.monotonic() < self._next_look:
                return False
            self._next_look = time.monotonic() + REDIS_PAUSE_SECONDS
            return True

    def end(self) -> None:
        self.owed.clear()
        self.is_on = False
        logger.info("redis is back")


@cache
def outage_of(url: str) -> Outage:
    return Outage()


def _shared(operation: str, *, also_here: bool = False) -> Callable[..., Any]:
    """An operation of Redis, or else of local memory; `also_here`, so that this process knows it afterwards."""

    def carry_out(self: "SharedCache", *args: Any, **kwargs: Any) -> Any:
        here = partial(getattr(self._here, operation), *args, **kwargs)
        known = here() if also_here else None
        if self._is_there():
            try:
                return getattr(self._redis, operation)(*args, **kwargs)
            except NO_ANSWER as error:
                self._outage.begin(error)
        return known if also_here else here()

    return carry_out


class SharedCache(BaseCache):
    """No operation fails because of Redis, or waits long for it."""

    def __init__(self, url: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._outage = outage_of(url)
        self._here = LocMemCache(url, params)
        self._redis = RedisCache([url], {**params, "OPTIONS": REDIS_OPTIONS})

    add, get, get_many, has_key = _shared("add"), _shared("get"), _shared("get_many"), _shared("has_key")
    incr, touch = _shared("incr"), _shared("touch")
    set, set_many = _shared("set", also_here=True), _shared("set_many", also_here=True)
    delete_many, clear = _shared("delete_many", also_here=True), _shared("clear", also_here=True)
    _delete = _shared("delete", also_here=True)

    def delete(self, key: str, version: int | None = None) -> bool:
        deleted: bool = self._delete(key, version=version)
        if self._outage.is_on and len(self._outage.owed) < MAX_OWED_DELETIONS:
            self._outage.owed.add((key, version))
        return deleted

    def _is_there(self) -> bool:
        """Once in a while during an outage, Redis is asked, and told what was deleted without it."""
        if not self._outage.is_on or not self._outage.is_time_to_look():
            return not self._outage.is_on
        try:
            # Something written: a full or read-only Redis refuses only that.
            self._redis.set("is-redis-back", True, REDIS_PAUSE_SECONDS)
            for version in {version for _, version in self._outage.owed.copy()}:
                keys = [key for key, of in self._outage.owed.copy() if of == version]
                self._redis.delete_many(keys, version=version)
        except NO_ANSWER:
            return False
        self._outage.end()
        return True
