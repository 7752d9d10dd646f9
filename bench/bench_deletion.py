"""How long it takes to trash an album of 10,000 images, to restore it and to delete it, on both databases."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.bench_processing import show
from bench.bench_server import Client
from tests.servers import MariaDB, Server, fresh_schema

IMAGES = 10_000


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def bench(title: str, database_url: str, folder: Path) -> None:
    folder.mkdir()
    server = Server(folder, database_url).start()
    try:
        client = Client(server)
        settings = {**os.environ, **server.env, "DJANGO_SETTINGS_MODULE": "imagestore.settings"}
        keys = dict(line.split("=", 1) for line in (folder / "data/secrets.env").read_text().split())
        seed = [sys.executable, "-m", "bench.seed", client.album, str(IMAGES)]
        subprocess.run(seed, env=settings | keys, check=True)
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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, MariaDB() as database, fresh_schema(database.url) as schema:
        bench("SQLite", "", Path(folder, "sqlite"))
        bench("MariaDB", schema, Path(folder, "mariadb"))


if __name__ == "__main__":
    main()
