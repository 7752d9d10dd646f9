"""F9: the Redis of two servers is killed, frozen, kept busy or emptied, and no request fails or waits for long.

There is no broker that could be lost: the rows are the queue, and Redis holds the counters of attempts alone.
"""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import pytest

from imagestore.kit.cache import REDIS_PAUSE_SECONDS, REDIS_TIMEOUT_SECONDS
from tests.faults.background_load import SEED, BackgroundLoad, sign_up_users
from tests.faults.conftest import open_store
from tests.faults.counts import count
from tests.faults.invariants import check
from tests.faults.recording_user import RecordingUser
from tests.faults.store import Store, wait_for
from tests.people import Person
from tests.redis_server import RedisServer

# settings.ACCOUNT_RATE_LIMITS: failed log-ins in five minutes per account, in one minute per address.
PER_ACCOUNT, PER_ADDRESS = 5, 10
# A request takes a second at most, and waits for Redis once; threefold slack (s).
SOON = 3 * (1 + REDIS_TIMEOUT_SECONDS)
# The first request that counts after a pause finds Redis again; threefold slack (s).
BACK = 3 * (REDIS_PAUSE_SECONDS + REDIS_TIMEOUT_SECONDS)

_number = itertools.count(1)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as started:
        yield started


@pytest.fixture(scope="module")
def servers(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """Two of one store, with one Redis."""
    first, stack = open_store(tmp_path_factory.mktemp("first"), {"REDIS_URL": redis.url})
    with stack:
        same = {name: first.env[name] for name in ("DATA_DIR", "STORAGE_URL", "REDIS_URL")}
        second = Store(tmp_path_factory.mktemp("second"), first.env["DATABASE_URL"], **same)
        stack.callback(second.end)
        # With a log it starts at once: the first one has made all that a start makes.
        second.log.touch()
        yield first, second.start()


@pytest.fixture
def store(servers: tuple[Store, Store]) -> Store:
    servers[0].stand_up()
    return servers[0]


@pytest.fixture
def twin(servers: tuple[Store, Store]) -> Store:
    servers[1].stand_up()
    return servers[1]


# ---- What is done to it -----------------------------------------------------------------------


@contextmanager
def killed(redis: RedisServer) -> Iterator[None]:
    with redis.killed():
        yield


@contextmanager
def frozen(redis: RedisServer) -> Iterator[None]:
    with redis.frozen():
        yield


@contextmanager
def busy(redis: RedisServer) -> Iterator[None]:
    redis.sleep(1.5)
    yield


@contextmanager
def emptied(redis: RedisServer) -> Iterator[None]:
    redis.client().flushall()
    yield


# ---- What goes on meanwhile -------------------------------------------------------------------


def address() -> str:
    """One that nobody's attempts were counted for."""
    number = next(_number)
    return f"127.200.{number // 250}.{number % 250 + 1}"


class Life:
    """A user who uploads, signs in, lists and downloads, all at once."""

    def __init__(self, user: RecordingUser) -> None:
        self.user, self.album = user, user.album()
        self.image = user.store_image(self.album)
        self.statuses: set[int | None] = set()
        self.longest = 0.0
        self.goes_on = True

    def _log_in(self) -> None:
        body = {"email": self.user.email, "password": self.user.password}
        self.statuses.add(self._status("POST", "auth/login/", json=body))

    def _upload(self) -> None:
        answer = self.user.send(self.album, due=SOON)
        self.statuses.add(answer and answer.status_code)

    def _look(self) -> None:
        self.statuses.add(self._status("GET", f"albums/{self.album}/images/"))
        self.statuses.add(self._status("GET", f"images/{self.image}/file/"))

    def _status(self, method: str, path: str, **options: object) -> int | None:
        answer = self.user.ask(method, path, due=SOON, **options)
        return answer and answer.status_code

    def _repeat(self, work: Callable[[], None]) -> None:
        while self.goes_on:
            began = time.monotonic()
            work()
            self.longest = max(self.longest, time.monotonic() - began)
            time.sleep(0.15)

    @contextmanager
    def lived(self) -> Iterator[None]:
        with ThreadPoolExecutor(3) as pool:
            done = [pool.submit(self._repeat, work) for work in (self._log_in, self._upload, self._look)]
            try:
                yield
            finally:
                self.goes_on = False
            for one in done:
                one.result()


def guess(server: Store, source: str, email: str = "") -> int:
    """A wrong password for this account, or a new one each time; the status."""
    person = Person(server, email or f"nobody.{next(_number)}@example.org", source)
    began = time.monotonic()
    answer = person.post("auth/login/", json={"email": person.email, "password": "wrong one 99"})
    assert time.monotonic() - began < SOON
    return answer.status_code


def guesses(servers: list[Store], source: str, number: int) -> list[int]:
    return [guess(server, source) for server in itertools.islice(itertools.cycle(servers), number)]


def sign_in(server: Store, user: RecordingUser) -> None:
    """From another address; it is counted before the password is looked at."""
    began = time.monotonic()
    Person(server, user.email, address()).log_in()
    assert time.monotonic() - began < SOON


def wait_until_back(server: Store, user: RecordingUser) -> None:
    """It looks for Redis when somebody's attempt is to be counted."""

    def is_back() -> bool:
        time.sleep(0.2)
        sign_in(server, user)
        log = server.log.read_text()
        return log.count("redis is away") == log.count("redis is back")

    wait_for(is_back, "redis to be used again", seconds=BACK)


def outages_in(server: Store) -> int:
    return server.log.read_text().count("redis is away")


# ---- What must hold ---------------------------------------------------------------------------

Outage = Callable[[RedisServer], AbstractContextManager[None]]


@pytest.mark.parametrize("outage", [killed, frozen, busy, emptied], ids=lambda outage: outage.__name__)
def test_life_goes_on(store: Store, redis: RedisServer, alice: RecordingUser, outage: Outage) -> None:
    life, before, worker = Life(alice), outages_in(store), store.worker()
    with life.lived():
        time.sleep(0.3)
        with outage(redis):
            sign_in(store, alice)
            time.sleep(0.7)
            # Within its time-outs: on a busy machine a database alone may take too long once.
            wait_for(lambda: alice.get("/healthz/ready").status_code == 200, "a server that is ready", SOON)
        count("outages survived")
    wait_until_back(store, alice)
    assert life.statuses == {200, 201}
    assert life.longest < SOON
    assert outages_in(store) == before + (outage is not emptied)
    assert redis.password not in store.log.read_text()
    check(store, alice)
    assert store.worker() == worker


def test_two_servers_count_together_before_and_after_an_outage_and_go_on_alone_in_it(
    store: Store, twin: Store, redis: RedisServer, alice: RecordingUser
) -> None:
    guesser = address()
    assert guesses([twin, store], guesser, 4) == [401] * 4
    with redis.killed():
        assert guesses([store], guesser, PER_ADDRESS - 3) == [401] * (PER_ADDRESS - 4) + [429]
    count("outages survived")
    wait_until_back(store, alice)
    wait_until_back(twin, alice)
    servers_in_rotation = itertools.cycle([store, twin])
    guesser = address()
    answers = [guess(next(servers_in_rotation), guesser, "somebody@example.org") for _ in range(PER_ACCOUNT + 1)]
    assert answers == [401] * PER_ACCOUNT + [429]


@pytest.mark.faults_full
def test_an_emptied_redis_counts_from_zero(store: Store, redis: RedisServer) -> None:
    guesser = address()
    guess(store, guesser)
    redis.client().flushall()
    assert guesses([store], guesser, PER_ADDRESS + 1) == [401] * PER_ADDRESS + [429]


@pytest.mark.faults_full
def test_a_store_starts_and_works_without_its_redis(new_store: Callable[..., Store]) -> None:
    with RedisServer() as gone:
        gone.kill()
        store = new_store(REDIS_URL=gone.url)
        alice = RecordingUser.sign_up(store, "alice")
        alice.store_image(alice.album())
        assert guesses([store], address(), PER_ADDRESS + 1) == [401] * PER_ADDRESS + [429]
        gone.start()
        wait_until_back(store, alice)
        check(store, alice)


@pytest.mark.faults_full
def test_redis_comes_and_goes_under_load(store: Store, redis: RedisServer) -> None:
    print(f"FAULT_SEED={SEED}")
    dice, users = random.Random(SEED), sign_up_users(store)
    life = Life(users[0])
    with BackgroundLoad(users[1:], SEED).running(), life.lived():
        for _ in range(10):
            with dice.choice([killed, frozen, busy, emptied])(redis):
                time.sleep(dice.uniform(0.1, 2 * REDIS_PAUSE_SECONDS))
            count("outages survived")
            time.sleep(dice.uniform(0.1, 2 * REDIS_PAUSE_SECONDS))
    # So many log-ins from one address are refused in the end; nothing else is.
    assert life.statuses <= {200, 201, 429}
    check(store, *users)
