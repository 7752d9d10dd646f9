"""What a ZIP of 100,000 images costs before its first byte, and while it is sent; on SQLite, files in memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import django

from bench.bench_processing import show
from bench.seed import FILES, fields_of

IMAGES = 100_000


class _Original:
    size = len(FILES["original"])

    def chunks(self, byte_range: range) -> Iterator[bytes]:
        yield FILES["original"][byte_range.start : byte_range.stop]

    def close(self) -> None:
        pass


def measure() -> None:
    """In a process of its own, with an empty database."""
    from images.delivery import archive
    from images.delivery.members import archive_of

    album = _album()
    storage: Any = type("Storage", (), {"open_stored": lambda self, name: _Original()})
    setattr(archive, "image_storage", storage)  # noqa: B010 - for mypy it is a function
    for size in ("original", "large"):
        started = time.process_time()
        archive_of(album, size).close()
        show(f"layout, {size}", f"{time.process_time() - started:.2f} s of CPU")
    made = archive_of(album, "original")
    started = time.process_time()
    length = sum(map(len, made.chunks(range(made.size))))
    show(f"sent, {length / 1e6:.1f} MB, of which most are names", f"{time.process_time() - started:.2f} s of CPU")
    made = archive_of(album, "original")
    started = time.process_time()
    assert next(made.chunks(range(made.size // 2, made.size)))
    show("first bytes of a range from the middle", f"{1000 * (time.process_time() - started):.1f} ms of CPU")


def _album() -> Any:
    from django.core.management import call_command

    from accounts.models import User
    from albums.models import Album
    from images.models import Image

    call_command("migrate", verbosity=0)
    album = Album.objects.create(owner=User.objects.create_user("bench@example.org"), title="Bench")
    fields = fields_of(album)
    for first in range(0, IMAGES, 10_000):
        hashes = [sha256(b"%d" % number).hexdigest() for number in range(first, first + 10_000)]
        Image.objects.bulk_create(
            [Image(name=f"IMG_{h[:8]}.jpg", sha256=h, living_sha256=h, **fields) for h in hashes], batch_size=1000
        )
    return album


def main() -> None:
    print(f"\nThe ZIP of an album of {IMAGES:,} images", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "DJANGO_SETTINGS_MODULE": "imagestore.settings", "DATA_DIR": folder}
        subprocess.run([sys.executable, "-m", "bench.bench_archive", "measure"], env=env, check=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        django.setup()
        measure()
    else:
        main()
