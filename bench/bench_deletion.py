"""How long it takes to trash an album of 10,000 images, to restore it and to delete it, on both databases.

And how fast the files of images go in a bucket (SeaweedFS), by the storage alone.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile

from bench.bench_processing import show
from bench.bench_server import Client
from bench.goals import Goal, table
from bench.seed import FILES
from images.deletion.removal import BATCH_IMAGES
from images.models import storage_prefix
from images.storage.base import image_storage
from images.storage.url import storage_from_url
from tests.mariadb import MariaDB, fresh_schema
from tests.seaweed import SeaweedFS
from tests.servers import Server

IMAGES = 10_000
IMAGES_IN_BUCKET = 2_000


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def bench(title: str, database_url: str, folder: Path) -> None:
    folder.mkdir()
    server = Server(folder, database_url, USER_QUOTA_BYTES="0").start()
    try:
        client = Client(server)
        seed = [sys.executable, "-m", "bench.seed", client.album, str(IMAGES)]
        subprocess.run(seed, env=server.env, check=True)
        print(f"\nAn album of {IMAGES:,} images, on {title}")
        _delete(client, folder / "data/images")
    finally:
        server.stop()


def _delete(client: Client, stored: Path) -> None:
    album = f"{client.base}/albums/{client.album}/"

    def ask(method: str, url: str) -> None:
        client.session.request(method, url).raise_for_status()

    show("to the trash", f"{seconds(lambda: ask('DELETE', album)) * 1000:.0f} ms")
    restore = f"{client.base}/trash/{client.album}/restore/"
    show("restored", f"{seconds(lambda: ask('POST', restore)) * 1000:.0f} ms")
    show("deleted for ever", f"{seconds(lambda: ask('DELETE', f'{album}?permanent=true')) * 1000:.0f} ms")
    folders = len(list(stored.glob("*/*/*")))
    show("its files follow", f"{folders / seconds(lambda: _wait_until_empty(stored)):.0f} images/s")


def _wait_until_empty(stored: Path) -> None:
    while any(stored.glob("*/*/*")):
        time.sleep(0.05)


def goals() -> Iterator[Goal]:
    with SeaweedFS() as server:
        url = storage_from_url(server.url("bench"), default=Path("/nowhere"))
        settings.STORAGES = {**settings.STORAGES, "images": url}
        folders = [storage_prefix(uuid4()) for _ in range(IMAGES_IN_BUCKET)]
        files = {folder: [f"{folder}/{file}" for file in FILES] for folder in folders}
        names = [name for named in files.values() for name in named]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: image_storage().save(name, ContentFile(b"a file")), names))
        starts = range(0, len(folders), BATCH_IMAGES)
        batches = [{folder: files[folder] for folder in folders[start : start + BATCH_IMAGES]} for start in starts]
        taken = seconds(lambda: [image_storage().delete_folders(batch) for batch in batches])
        yield Goal("files of images removed from S3", len(names) / taken, "keys/s", 3000, at_least=True)


def main() -> None:
    print(table(goals()))
    compare_databases()


def compare_databases() -> None:
    with tempfile.TemporaryDirectory() as folder, MariaDB() as database, fresh_schema(database.url) as schema:
        bench("SQLite", "", Path(folder, "sqlite"))
        bench("MariaDB", schema, Path(folder, "mariadb"))


if __name__ == "__main__":
    main()
