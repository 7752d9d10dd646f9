"""`python -m tests.browser.fill ALBUM COUNT [PICTURE]`: rows of images, in the store of the environment.

One photo every six hours since 2019, of many proportions. They have no files; with PICTURE, copies of this file,
where the store's files are on a disk.
"""

import os
import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from tests.servers import ROOT, Server

if TYPE_CHECKING:
    from images.models import Image

PROPORTIONS = [(1500, 1000), (1000, 1500), (1600, 900), (1200, 1200), (4000, 800), (800, 2000), (1333, 1000)]
BATCH_ROWS = 1000


def fill(server: Server, album: str, count: int, picture: Path | None = None) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.browser.fill", album, str(count), *([str(picture)] if picture else [])],
        cwd=ROOT, env=server.environment(), check=True,
    )  # fmt: skip


def main(album_id: str, count: int, picture: str = "") -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "imagestore.settings"
    import django

    django.setup()
    from albums.models import Album
    from images.models import Image, Status
    from images.processing.sizes import RENDER_VERSION, SIZES
    from images.totals import count_months
    from imagestore.kit.words import natural_key

    album = Album.objects.get(public_id=UUID(album_id))
    chance = random.Random(7)
    start = datetime(2019, 1, 1, 12, tzinfo=UTC)
    rows = []
    for number in range(count):
        width, height = PROPORTIONS[chance.randrange(len(PROPORTIONS))]
        variant = {
            "file": f"thumb.v{RENDER_VERSION}.jpg", "width": width, "height": height,
            "content_type": "image/jpeg", "bytes": 1000,
        }  # fmt: skip
        taken, name, digest = start + timedelta(hours=6 * number), f"IMG_{number:05}.jpg", f"{number:064x}"
        rows.append(
            Image(
                album=album, owner=album.owner, name=name, name_key=natural_key(name), bytes=1000,
                sha256=digest, living_sha256=digest, crc32=0, content_type="image/jpeg",
                width=width, height=height, taken_at=taken, sorted_at=taken, created_at=taken,
                placeholder="1QcSHQRnh493V4dIh4eXh1h4kJUI", status=Status.READY,
                variants=dict.fromkeys(SIZES, variant),
            )
        )  # fmt: skip
    Image.objects.bulk_create(rows, BATCH_ROWS)
    if picture:
        _store(rows, picture)
    count_months(Image.objects.filter(album=album), +1)
    Album.objects.filter(pk=album.pk).update(image_count=count, bytes=count * 1000)


def _store(rows: "list[Image]", picture: str) -> None:
    from images.storage.base import image_storage

    for image in rows:
        file = Path(image_storage().path(f"{image.storage_prefix}/{image.variants['thumb']['file']}"))
        file.parent.mkdir(parents=True)
        shutil.copyfile(picture, file)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
