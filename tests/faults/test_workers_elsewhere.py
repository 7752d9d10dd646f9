"""M8: Celery workers and their broker are killed, frozen or away, and each image is made once all the same."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.conftest import open_store
from tests.faults.counts import count
from tests.faults.invariants import check
from tests.faults.recording_user import RecordingUser, heavy_picture, picture
from tests.faults.store import Store
from tests.faults.worker import Worker
from tests.people import PATIENCE
from tests.processes import free_ports
from tests.rabbitmq_server import RabbitMQ
from tests.redis_server import RedisServer
from tests.seaweed import on_s3

METRICS_TOKEN = "a token for tests only, known to everybody"
# A render's lease is 30 s; what a dead worker held is claimed again then.
TAKEN_OVER = 60
Broker = RabbitMQ | RedisServer


# In `make test` one of them for each database, in `make test-faults` both.
_other = RedisServer if os.environ["DATABASE_URL"].startswith("sqlite") else RabbitMQ
BROKERS = [
    pytest.param(kind, marks=pytest.mark.faults_full if kind is _other else (), id=kind.__name__.lower())
    for kind in (RabbitMQ, RedisServer)
]


@pytest.fixture(scope="module", params=BROKERS)
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    with request.param() as started:
        yield started


@pytest.fixture(scope="module")
def store(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened, stack = open_store(tmp_path_factory.mktemp("server"), {"CELERY_BROKER_URL": broker.url})
    with stack:
        yield opened


@pytest.fixture
def user(store: Store) -> RecordingUser:
    return RecordingUser.sign_up(store, "ada")


@contextmanager
def workers(store: Store, folder: Path, number: int = 2, **knobs: str) -> Iterator[list[Worker]]:
    with ExitStack() as stack:
        started = []
        for index in range(number):
            started.append(Worker(folder / f"worker{index}", store, **knobs).start())
            stack.callback(started[-1].kill)
        yield started


def all_made(user: RecordingUser, images: list[str], seconds: float = 60) -> None:
    for image in images:
        assert user.wait_until_made(image, seconds)["status"] == "ready"


def upload(user: RecordingUser, pictures: list[bytes]) -> list[str]:
    album = user.album()
    return [user.store_image(album, content) for content in pictures]


def test_workers_make_what_the_server_only_takes(store: Store, user: RecordingUser, tmp_path: Path) -> None:
    images = upload(user, [picture() for _ in range(10)])
    time.sleep(2)
    assert {user.state_of(image)["status"] for image in images} == {"pending"}
    port, other = map(str, free_ports(2))
    with (
        workers(store, tmp_path, 1, METRICS_TOKEN=METRICS_TOKEN, WORKER_METRICS_PORT=port),
        workers(store, tmp_path / "other", 1, METRICS_TOKEN=METRICS_TOKEN, WORKER_METRICS_PORT=other),
    ):
        all_made(user, images)
        [late] = upload(user, [picture()])
        began = time.monotonic()
        all_made(user, [late])
        assert time.monotonic() - began < 15, "a message, not a poll, should start it"
        assert renders_counted_at(port) + renders_counted_at(other) == 11
    check(store, user)


def renders_counted_at(port: str) -> float:
    """What the worker that answers there tells Prometheus."""
    answer = requests.get(
        f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=PATIENCE
    )
    assert answer.status_code == 200
    return sum(
        sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "imagestore_render_seconds_count"
    )


@pytest.mark.skipif(on_s3(), reason="about a folder that is not mounted")
def test_a_worker_does_not_start_on_the_storage_of_no_store(store: Store, tmp_path: Path) -> None:
    elsewhere = f"file://{tmp_path / 'not-mounted'}"
    with (
        pytest.raises(RuntimeError, match=r"This worker cannot start: .* has no file image-store"),
        workers(store, tmp_path, 1, STORAGE_URL=elsewhere),
    ):
        pass


def test_workers_killed_in_mid_work(store: Store, user: RecordingUser, tmp_path: Path) -> None:
    """One dies at a time; the other, or one that is started later, makes what it held."""
    with workers(store, tmp_path, 3) as [first, second, _]:
        images = upload(user, [heavy_picture() for _ in range(8)])
        first.kill()
        time.sleep(0.3)
        second.kill()
        count("kills survived", 2)
        all_made(user, images, TAKEN_OVER)
    check(store, user)


def test_a_worker_that_ends_in_peace_finishes_what_it_holds(
    store: Store, user: RecordingUser, tmp_path: Path
) -> None:
    images = upload(user, [heavy_picture() for _ in range(4)])
    with workers(store, tmp_path, 1) as [worker]:
        user.wait_until_made(images[0])
        assert worker.stop() == 0
    with workers(store, tmp_path / "next", 1):
        all_made(user, images)
    check(store, user)


def test_a_broker_that_dies_and_comes_back_empty(
    store: Store, user: RecordingUser, broker: Broker, tmp_path: Path
) -> None:
    """Uploads go on meanwhile, as fast as ever; afterwards all are made, though no message survived."""
    with workers(store, tmp_path):
        with broker.killed():
            began = time.monotonic()
            images = upload(user, [picture() for _ in range(5)])
            assert time.monotonic() - began < 15
        all_made(user, images, TAKEN_OVER)
    check(store, user)


def test_a_frozen_broker_holds_no_request(
    store: Store, user: RecordingUser, broker: Broker, tmp_path: Path
) -> None:
    with workers(store, tmp_path):
        with broker.frozen():
            began = time.monotonic()
            images = upload(user, [picture() for _ in range(5)])
            assert time.monotonic() - began < 15
            time.sleep(5)
        all_made(user, images, TAKEN_OVER)
    check(store, user)


def test_messages_that_no_server_has_sent_end_no_worker(
    store: Store, user: RecordingUser, broker: Broker, tmp_path: Path
) -> None:
    from celery import Celery

    celery = Celery(broker=broker.url)
    for forged in ({"timelimit": "x"}, {"timelimit": [[], {}]}, {"retries": "x"}, {"expires": "x"}, {"eta": 7}):
        celery.send_task("render_next", queue="render", headers=forged)
    with workers(store, tmp_path, 1) as [worker]:
        all_made(user, upload(user, [picture()]))
        assert worker.is_running()
    check(store, user)


def test_messages_delivered_too_often_are_harmless(
    store: Store, user: RecordingUser, broker: Broker, tmp_path: Path
) -> None:
    from celery import Celery

    celery = Celery(broker=broker.url)
    for _ in range(200):
        celery.send_task("render_next", queue="render")
    with workers(store, tmp_path):
        images = upload(user, [picture() for _ in range(10)])
        all_made(user, images)
    check(store, user)


def test_a_broker_behind_a_black_hole(tmp_path: Path) -> None:
    """It takes connections and never says a word. The server starts, takes uploads and ends in time."""
    with socket.create_server(("127.0.0.1", 0), backlog=1) as hole:
        url = f"amqp://guest:guest@127.0.0.1:{hole.getsockname()[1]}//"
        opened, stack = open_store(tmp_path / "hole", {"CELERY_BROKER_URL": url})
        with stack:
            bob = RecordingUser.sign_up(opened, "bob")
            began = time.monotonic()
            upload(bob, [picture() for _ in range(3)])
            assert time.monotonic() - began < 15
            began = time.monotonic()
            assert opened.stop() == 0
            assert time.monotonic() - began < 30
