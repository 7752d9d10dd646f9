"""Celery workers with one core each: how fast one and two of them make the sizes of photos that wait.

Each worker is in a network namespace of its own, and reaches database, broker and bucket alone. MariaDB, RabbitMQ
and the bucket (SeaweedFS) run on the same cores. The uploads are over before the clock starts.
"""

import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.bench_server import Client
from bench.namespace import Namespace
from bench.photos import TWELVE_MP, different_photos
from tests.faults.store import Store
from tests.faults.worker import Worker
from tests.mariadb import MariaDB, fresh_schema
from tests.rabbitmq_server import RabbitMQ
from tests.seaweed import SeaweedFS

PHOTOS = 60
ROUNDS = 3


class PinnedWorker(Worker):
    """On one core, one image at a time."""

    def __init__(self, folder: Path, store: Store, core: int, namespace: Namespace) -> None:
        urls = {
            name: namespace.url(store.env[name]) for name in ("DATABASE_URL", "CELERY_BROKER_URL", "STORAGE_URL")
        }
        super().__init__(folder, store, RENDER_WORKERS="1", **urls)
        self._core, self._namespace = core, namespace

    def command(self) -> list[str]:
        return [*self._namespace.prefix(), "taskset", "--cpu-list", str(self._core), *super().command()]


def photos_a_second(client: Client, workers: list[PinnedWorker], photos: list[bytes]) -> float:
    """The workers sleep while the photos are uploaded into an album of their own."""
    client.album = client.session.post(f"{client.base}/albums/", json={"title": "Round"}).json()["id"]
    with ExitStack() as asleep:
        for worker in workers:
            asleep.enter_context(worker.frozen())
        for photo in photos:
            client.upload(photo)
    began = time.perf_counter()
    while client.waits():
        time.sleep(0.1)
    return len(photos) / (time.perf_counter() - began)


def measure(store: Store, folder: Path) -> dict[int, list[float]]:
    client = Client(store)
    contents = iter(list(different_photos(TWELVE_MP, 2 * ROUNDS * PHOTOS)))
    rates: dict[int, list[float]] = {1: [], 2: []}
    for number in range(ROUNDS):
        for count in rates:
            with ExitStack() as stack:
                workers = []
                for core in range(count):
                    namespace = stack.enter_context(Namespace(core))
                    workers.append(PinnedWorker(folder / f"{number}-{count}-{core}", store, core, namespace))
                    stack.callback(workers[-1].kill)
                    workers[-1].start()
                rates[count].append(photos_a_second(client, workers, [next(contents) for _ in range(PHOTOS)]))
                print(f"{count} workers: {rates[count][-1]:.1f} photos/s", flush=True)
    return rates


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(fresh_schema(stack.enter_context(MariaDB()).url))
        broker, bucket = stack.enter_context(RabbitMQ()), stack.enter_context(SeaweedFS())
        knobs = {"CELERY_BROKER_URL": broker.url, "STORAGE_URL": bucket.url("bench")}
        store = Store(folder / "server", database, **knobs)
        stack.callback(store.end)
        store.start()
        one, two = (statistics.median(rates) for rates in measure(store, folder).values())
        print(f"one worker {one:.1f}, two workers {two:.1f} photos/s of 12 MP: {two / one:.2f}")


if __name__ == "__main__":
    main()
