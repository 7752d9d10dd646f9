"""What the search for outdated images costs a store of 100,000 images, on both databases.

The benchmark starts itself as `python -m bench.bench_convergence measure ALBUM`, with a server's settings.
"""

import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import django

from bench.bench_deletion import seconds
from bench.bench_processing import show
from bench.bench_server import Client
from tests.mariadb import MariaDB, fresh_schema
from tests.servers import Server

ROWS = 100_000


def measure(album_id: str) -> None:
    from albums.models import Album
    from bench.seed import fields_of
    from images.models import Image
    from images.rendering import convergence

    fields = fields_of(Album.objects.get(public_id=UUID(album_id)))
    hashes = (sha256(f"{number}".encode()).hexdigest() for number in range(ROWS))
    Image.objects.bulk_create(
        (Image(name=f"{h[:8]}.jpg", sha256=h, living_sha256=h, **fields) for h in hashes), batch_size=1000
    )
    show("counting those left, before the walk", f"{seconds(convergence.count_left) * 1000:.0f} ms")
    walk, steps, slowest, started = convergence.Walk(), 0, 0.0, time.process_time()
    while convergence.walked_to() < Image.objects.latest("pk").pk:
        slowest = max(slowest, seconds(walk.claim_next))
        steps += 1
    show(f"a walk of {steps} steps, CPU of the server", f"{(time.process_time() - started) * 1000:.0f} ms")
    show("its slowest step", f"{slowest * 1000:.0f} ms")
    show("counting those left, after the walk", f"{seconds(convergence.count_left) * 1000:.1f} ms")


def bench(title: str, database_url: str, folder: Path) -> None:
    folder.mkdir()
    server = Server(folder, database_url, USER_QUOTA_BYTES="0").start()
    try:
        album = Client(server).album
    finally:
        server.stop()
    print(f"\nConvergence, {ROWS:,} images, on {title}", flush=True)
    command = [sys.executable, "-m", "bench.bench_convergence", "measure", album]
    subprocess.run(command, env=server.env, check=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, MariaDB() as database, fresh_schema(database.url) as schema:
        bench("SQLite", "", Path(folder, "sqlite"))
        bench("MariaDB", schema, Path(folder, "mariadb"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        django.setup()
        measure(sys.argv[2])
    else:
        main()
