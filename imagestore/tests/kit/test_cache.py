"""The cache that holds the counters of attempts: Redis, and this process while Redis is away."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as project
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from accounts.models import User
from accounts.tests.helpers import PASSWORD, PER_ACCOUNT, PER_ADDRESS, fail_at_api, is_throttled, post
from imagestore.kit import cache as cache_module
from imagestore.kit.cache import REDIS_TIMEOUT_SECONDS, SharedCache
from imagestore.kit.cache_url import cache_from_url
from imagestore.kit.metrics import REGISTRY
from tests.processes import free_port
from tests.redis_server import RedisServer

# What an operation may wait for Redis, with threefold slack (s).
BOUND = 3 * REDIS_TIMEOUT_SECONDS
# How long the tests leave Redis alone (s).
PAUSE = 0.4


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as started:
        yield started


@pytest.fixture
def redis(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> RedisServer:
    """Empty and at work, as every cache of this test believes too."""
    monkeypatch.setattr(cache_module, "REDIS_PAUSE_SECONDS", PAUSE)
    cache_module.outage_of.cache_clear()
    server.client().flushall()
    return server


def cache_at(url: str) -> SharedCache:
    """A cache object of its own, as each thread has one; another URL of one Redis stands for another process."""
    settings = cache_from_url(url)
    return SharedCache(settings["LOCATION"], {"OPTIONS": settings["OPTIONS"]})


@pytest.fixture
def cache(redis: RedisServer) -> SharedCache:
    made = cache_at(redis.url)
    made.clear()
    return made


@pytest.fixture
def elsewhere(redis: RedisServer) -> SharedCache:
    """The same Redis as another server sees it, which shares no memory with this one."""
    made = cache_at(redis.url.replace("127.0.0.1", "localhost"))
    made.clear()
    return made


def use_everything(cache: SharedCache) -> list[object]:
    """The answers of each operation there is."""
    cache.set("a", [1.5, 2.5], 60)
    cache.set_many({"b": {"x": None}, "n": 1})
    answers = [
        cache.get("a"), cache.get("nothing", "else"), cache.get_many(["a", "b", "nothing"]),
        cache.add("a", 9), cache.add("c", True, timeout=10), cache.has_key("c"), "nothing" in cache,
        cache.incr("n", 4), cache.decr("n"), cache.touch("a", 60), cache.touch("nothing"),
        cache.get_or_set("d", 7), cache.get_or_set("d", 8), cache.incr_version("a"), cache.get("a", version=2),
        cache.delete("c"), cache.delete("c"), cache.delete_many(["a", "b"]), cache.get("b"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="not found"):
        cache.incr("nothing")
    cache.clear()
    cache.close()
    return [*answers, cache.get("n")]


EVERYTHING = [
    [1.5, 2.5], "else", {"a": [1.5, 2.5], "b": {"x": None}},
    False, True, True, False,
    5, 4, True, False,
    7, 7, 2, [1.5, 2.5],
    True, False, None, None,
    None,
]  # fmt: skip


# ---- With Redis -----------------------------------------------------------------------------


def test_every_operation_with_redis(cache: SharedCache, elsewhere: SharedCache) -> None:
    assert use_everything(cache) == EVERYTHING
    cache.set("shared", [1])
    assert elsewhere.get("shared") == [1]


def test_what_redis_holds_is_never_unpickled(cache: SharedCache, redis: RedisServer) -> None:
    redis.client().set(cache.make_key("a"), b"cos\nsystem\n(S'true'\ntR.")
    assert cache.get("a", "nothing") == "nothing"


# ---- Without --------------------------------------------------------------------------------


def test_every_operation_while_redis_is_dead(cache: SharedCache, redis: RedisServer) -> None:
    with redis.killed():
        assert use_everything(cache) == EVERYTHING


@pytest.mark.parametrize("operation", [
    ("add", "x", 1), ("get", "x"), ("set", "x", 1), ("touch", "x"), ("has_key", "x"), ("get_many", ["x"]),
    ("set_many", {"x": 1}), ("delete", "x"), ("delete_many", ["x"]), ("clear",),
], ids=lambda operation: operation[0])  # fmt: skip
def test_each_operation_meets_the_silence_first_and_waits_a_moment(
    cache: SharedCache, redis: RedisServer, operation: tuple
) -> None:
    name, *arguments = operation
    with redis.frozen():
        began = time.monotonic()
        getattr(cache, name)(*arguments)
        assert time.monotonic() - began < BOUND


def test_incr_goes_on_from_what_was_set_here(cache: SharedCache, redis: RedisServer) -> None:
    cache.set("n", 3)
    with redis.frozen():
        assert cache.incr("n") == 4


def test_one_of_many_waits_and_one_warning_is_logged(
    cache: SharedCache, redis: RedisServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "REDIS_PAUSE_SECONDS", 60)
    with redis.frozen(), caplog.at_level(logging.INFO):
        cache.get("a")
        began = time.monotonic()
        for n in range(1000):
            cache_at(redis.url).set(f"key-{n}", n)
        # Were each to wait, it would take a thousand times REDIS_TIMEOUT_SECONDS.
        assert time.monotonic() - began < 100 * REDIS_TIMEOUT_SECONDS
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert redis.password not in caplog.text
    assert str(redis.port) not in caplog.text


def test_threads_that_meet_the_silence_together_log_one_warning(
    cache: SharedCache, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    ready = threading.Barrier(8)

    def ask(_: int) -> float:
        own = cache_at(redis.url)
        ready.wait(timeout=60)
        began = time.monotonic()
        own.get("a")
        return time.monotonic() - began

    with redis.frozen(), ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(ask, range(8)))
    assert max(waits) < BOUND
    assert len(caplog.records) == 1


def test_a_look_that_fails_delays_one_thread_only(
    cache: SharedCache, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the pause one thread asks Redis; the others ask local memory alone, so nothing delays them."""
    asked = []
    for operation in ("get", "set"):
        ask = getattr(RedisCache, operation)
        monkeypatch.setattr(
            RedisCache, operation, lambda self, key, *rest, ask=ask: (asked.append(key), ask(self, key, *rest))[1]
        )
    with redis.frozen():
        cache.get("a")
        time.sleep(PAUSE)
        monkeypatch.setattr(cache_module, "REDIS_PAUSE_SECONDS", 60)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: cache_at(redis.url).get("a"), range(8)))
    assert asked == ["a", "is-redis-back"]


@pytest.mark.parametrize("refusal", ["full", "wrong-password", "no-redis", "black-hole", "no-such-host"])
def test_a_redis_that_is_of_no_use_is_away(
    redis: RedisServer, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as silent, socket.socket() as filler:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        filler.connect(silent.getsockname())
        url = {
            "full": redis.url,
            "wrong-password": redis.url.replace(redis.password, "guessed"),
            "no-redis": f"redis://127.0.0.1:{free_port()}",
            "black-hole": f"redis://127.0.0.1:{silent.getsockname()[1]}/0",
            "no-such-host": "redis://nowhere.invalid:6379/0",
        }[refusal]
        redis.client().config_set("maxmemory", 1 if refusal == "full" else 0)
        try:
            assert use_everything(cache_at(url)) == EVERYTHING
        finally:
            redis.client().config_set("maxmemory", 0)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


# ---- And back -------------------------------------------------------------------------------


def wait_for_redis(cache: SharedCache) -> None:
    deadline = time.monotonic() + 30
    while cache._outage.is_on:
        assert time.monotonic() < deadline, "does not come back"
        cache.get("a")
        time.sleep(0.05)


def is_told_away() -> float | None:
    return REGISTRY.get_sample_value("imagestore_redis_away")


def test_it_comes_back_by_itself_and_says_so(
    cache: SharedCache, elsewhere: SharedCache, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    with redis.killed():
        cache.get("a")
        assert is_told_away() == 1
    with caplog.at_level(logging.INFO):
        wait_for_redis(cache)
    assert is_told_away() == 0
    assert "redis is back" in caplog.text
    cache.set("shared", [1])
    assert elsewhere.get("shared") == [1]


def test_a_restart_between_two_requests_is_no_outage(
    cache: SharedCache, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    cache.set("a", 1)
    with redis.killed():
        pass
    assert cache.get("a") is None
    assert caplog.records == []


def test_a_lock_that_was_taken_before_the_outage_is_free_after_it(
    cache: SharedCache, elsewhere: SharedCache, redis: RedisServer
) -> None:
    assert cache.add("lock", True, timeout=60)
    assert cache.add("lock-of-2", True, timeout=60, version=2)
    with redis.frozen():
        # Redis finds this one waiting when it wakes.
        assert cache.add("late-lock", True, timeout=60)
        for name in ("lock", "late-lock"):
            cache.delete(name)
        cache.delete("lock-of-2", version=2)
    wait_for_redis(cache)
    assert elsewhere.get_many(["lock", "late-lock"]) == {}
    assert elsewhere.add("lock-of-2", True, version=2)


def test_what_is_owed_has_an_end(cache: SharedCache, redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "MAX_MISSED_DELETIONS", 3)
    with redis.killed():
        for n in range(9):
            cache.delete(f"key-{n}")
        assert cache._outage.missed_deletions == {("key-0", None), ("key-1", None), ("key-2", None)}


# ---- Attempts -------------------------------------------------------------------------------


@pytest.fixture
def _attempts_in_redis(redis: RedisServer, settings, db: None) -> Iterator[None]:
    settings.CACHES = {"default": cache_from_url(redis.url)}
    caches["default"].clear()
    yield
    caches["default"].clear()


@pytest.mark.usefixtures("_attempts_in_redis")
@pytest.mark.parametrize("before", [0, 4, PER_ADDRESS])
def test_attempts_before_and_in_an_outage_are_counted_together(redis: RedisServer, before: int) -> None:
    tries = iter(range(PER_ADDRESS + 1))
    answers = [fail_at_api(f"user{next(tries)}@example.org") for _ in range(before)]
    with redis.killed():
        answers += [fail_at_api(f"user{n}@example.org") for n in tries]
    assert [is_throttled(answer) for answer in answers] == [False] * PER_ADDRESS + [True]


@pytest.mark.usefixtures("_attempts_in_redis")
def test_attempts_are_counted_in_redis_and_from_zero_when_it_was_emptied(alice: User, redis: RedisServer) -> None:
    for _ in range(2):
        assert redis.client().keys() == []
        answers = [fail_at_api(address="192.0.2.1") for _ in range(PER_ACCOUNT + 1)]
        assert [is_throttled(answer) for answer in answers] == [False] * PER_ACCOUNT + [True]
        redis.client().flushall()
    body = {"email": alice.email, "password": PASSWORD}
    assert post("api-login", body, Client(REMOTE_ADDR="192.0.2.1")).status_code == 200


# ---- REDIS_URL ------------------------------------------------------------------------------


def test_without_redis_url_the_cache_is_local_memory() -> None:
    assert cache_from_url("") == project.CACHES["default"]
    assert cache_from_url("")["BACKEND"].endswith("LocMemCache")


@pytest.mark.parametrize(
    "url",
    ["redis://localhost", "redis://h:6379/", "redis://h/15", "rediss://ada:s%2Fcret@cache.example.org:6380/0",
     "redis://:s3cret@[::1]:6379/0", "redis://:a,b;c@h"],
)  # fmt: skip
def test_a_redis_url(url: str) -> None:
    assert cache_from_url(url)["LOCATION"] == url


@pytest.mark.parametrize(
    "url",
    ["localhost:6379", "redis:", "redis:///0", "http://:s3cret@h", "redis://:s3cret@h:99999", "redis://:s3cret@h:0",
     "redis://:s3/cret@h", "redis://:s3cret@h/images", "redis://:s3cret@h?db=1", "redis://:s3cret@h/0#x",
     "redis://:s3cret@a..b/0", "redis://:s3cret@a b/0", "redis://:s3cret@[::1/0", "memory"],
)  # fmt: skip
def test_nonsense_stops_the_start_and_keeps_its_secret(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as stopped:
        cache_from_url(url)
    assert str(stopped.value).startswith("REDIS_URL must look like")
    assert "s3" not in str(stopped.value)
