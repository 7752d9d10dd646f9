"""F4, F6: a MariaDB of its own is killed, frozen, restarted, or lost in the middle of a COMMIT."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.faults.background_load import SEED, BackgroundLoad, sign_up_users
from tests.faults.counts import count
from tests.faults.invariants import check, settle
from tests.faults.mariadb_proxy import Proxy
from tests.faults.recording_user import RecordingUser, picture
from tests.faults.stops.stop_points import RECEIVING, Step
from tests.faults.store import Store, wait_for
from tests.mariadb import MariaDB

pytestmark = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("mysql"),
    reason="about MariaDB: runs in the half of the tests that is on MySQL's protocol",
)
# A database that is gone is a 503 within 5 s; threefold slack.
SOON = 15
METRICS_TOKEN = "a token for tests only, known to everybody"


class DurableMariaDB(MariaDB):
    """As in production: what is committed has been written. (The tests' own database may forget a second.)"""

    def prepare(self) -> None:
        super().prepare()
        with (self.folder / "init.sql").open("a") as sql:
            sql.write("SET GLOBAL innodb_flush_log_at_trx_commit = 1;\nCREATE DATABASE IF NOT EXISTS store;\n")

    def die(self) -> None:
        self.kill()
        count("outages survived")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        with super().frozen():
            yield
        count("outages survived")


@pytest.fixture(scope="module")
def database() -> Iterator[DurableMariaDB]:
    with DurableMariaDB() as started:
        yield started


@pytest.fixture(scope="module")
def proxy(database: DurableMariaDB) -> Iterator[Proxy]:
    with Proxy(database.port) as started:
        yield started


@pytest.fixture(scope="module")
def own_store(database: DurableMariaDB, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    url = database.url.replace(f":{database.port}/", f":{proxy.port}/")
    store = Store(tmp_path_factory.mktemp("mariadb-store"), url, METRICS_TOKEN=METRICS_TOKEN)
    try:
        yield store.start()
    finally:
        store.end()


@pytest.fixture
def store(own_store: Store, database: DurableMariaDB) -> Iterator[Store]:
    own_store.stand_up()
    yield own_store
    own_store.disarm()
    # A test that failed may have left it dead.
    if not database.is_running():
        database.start()


def refused_soon(user: RecordingUser, method: str, path: str) -> None:
    started = time.monotonic()
    answer = user.ask(method, path, due=60)
    seconds = time.monotonic() - started
    assert answer is not None
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert seconds < SOON


@pytest.mark.parametrize("step", [RECEIVING[2], RECEIVING[4], RECEIVING[6]], ids=str)
def test_the_database_is_killed_in_the_middle_of_an_upload(
    store: Store, database: DurableMariaDB, alice: RecordingUser, step: Step
) -> None:
    """A clear 503, and the very same server process goes on when the database is back."""
    worker, album = store.worker(), alice.album()
    alice.store_image(album)
    settle(store)
    store.arm(step, "pause")
    answers = []
    sending = threading.Thread(target=lambda: answers.append(alice.send(album)))
    sending.start()
    store.wait_for_hit()
    database.die()
    store.go_on()
    sending.join(60)
    assert not sending.is_alive()
    assert (answers[0].status_code, answers[0].json()["code"]) == (503, "database_unavailable"), answers[0].text
    refused_soon(alice, "GET", "albums/")
    refused_soon(alice, "POST", "albums/")
    database.start()
    check(store, alice)
    assert len(alice.record.stored) == 2
    assert store.worker() == worker


def test_a_frozen_database_is_a_503_in_time(store: Store, database: DurableMariaDB, alice: RecordingUser) -> None:
    worker, album = store.worker(), alice.album()
    alice.store_image(album)
    settle(store)
    with database.frozen():
        for _ in range(3):
            refused_soon(alice, "GET", f"albums/{album}/images/")
        started = time.monotonic()
        answer = alice.send(album)
        assert answer is not None
        assert answer.status_code == 503
        assert time.monotonic() - started < SOON
    check(store, alice)
    assert store.worker() == worker


def test_health_names_a_frozen_database_within_two_seconds(store: Store, database: DurableMariaDB) -> None:
    with database.frozen():
        for _ in range(3):
            started = time.monotonic()
            answer = requests.get(f"{store.url}/healthz/ready", timeout=30)
            assert time.monotonic() - started < 2
            assert (answer.status_code, answer.json()["down"]) == (503, ["database"])
        assert requests.get(f"{store.url}/healthz/live", timeout=2).status_code == 200
    wait_for(lambda: requests.get(f"{store.url}/healthz/ready", timeout=30).status_code == 200, "ready again")


def test_metrics_of_the_server_are_told_while_the_database_is_frozen(
    store: Store, database: DurableMariaDB
) -> None:
    def scraped() -> str:
        answer = requests.get(
            f"{store.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=SOON
        )
        assert answer.status_code == 200
        return answer.text

    assert "imagestore_images " in scraped()
    with database.frozen():
        found = scraped()
        assert 'imagestore_up{check="database"} 0.0' in found
        assert 'imagestore_requests_total{method="GET",status="2xx",view="metrics"}' in found
        assert "imagestore_images " not in found
    wait_for(lambda: "imagestore_images " in scraped(), "all metrics again")


def test_the_database_restarts_while_images_are_made(
    store: Store, database: DurableMariaDB, alice: RecordingUser
) -> None:
    """No image pays for it with an attempt."""
    album = alice.album()
    images = [alice.store_image(album, picture(1600, 1200)) for _ in range(6)]
    database.die()
    time.sleep(1)
    database.start()
    check(store, alice)
    assert {alice.state_of(image)["status"] for image in images} == {"ready"}
    assert store.scalar(f"SELECT SUM(attempts) FROM images_image WHERE owner_id = "
                        f"(SELECT id FROM accounts_user WHERE email = '{alice.email}')") == 0  # fmt: skip


@pytest.mark.parametrize("committed", [True, False], ids=["committed", "not-committed"])
@pytest.mark.parametrize("nth", [1, 2], ids=["entering", "publishing"])
def test_a_commit_of_unknown_end_makes_one_image_when_repeated(
    store: Store, proxy: Proxy, alice: RecordingUser, nth: int, committed: bool
) -> None:
    """F6: 503, and the same bytes again give the image that is there, or make it."""
    album = alice.album()
    alice.store_image(album)
    settle(store)
    cuts = proxy.cuts
    proxy.cut_at_commit(nth, committed=committed)
    answer = alice.send(album)
    wait_for(lambda: proxy.cuts == cuts + 1, "the cut", seconds=5)
    count("outages survived")
    assert answer is not None
    assert answer.status_code == 503
    check(store, alice)
    assert len(alice.images(album)) == 2


@pytest.mark.parametrize("committed", [True, False], ids=["committed", "not-committed"])
def test_a_delete_of_unknown_end_may_be_repeated(
    store: Store, proxy: Proxy, alice: RecordingUser, committed: bool
) -> None:
    album = alice.album()
    image = alice.store_image(album)
    settle(store)
    proxy.cut_at_commit(1, committed=committed)
    answer = alice.erase(image)
    assert answer is not None
    assert answer.status_code == 503
    count("outages survived")
    check(store, alice)
    again = alice.erase(image)
    assert again is not None
    assert again.status_code == (404 if committed else 204)
    check(store, alice)


@pytest.mark.faults_full
def test_killed_and_restarted_ten_times_under_load(store: Store, database: DurableMariaDB) -> None:
    users = sign_up_users(store)
    with BackgroundLoad(users, SEED).running():
        for _ in range(10):
            time.sleep(2)
            database.die()
            time.sleep(1)
            database.start()
    check(store, *users)
