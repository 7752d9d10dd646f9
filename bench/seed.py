"""`python -m bench.seed ALBUM COUNT`: add COUNT ready images, rows and files, to an album of a server."""

import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any
from uuid import UUID
from zlib import crc32

import django

from images.processing.sizes import RENDER_VERSION, SIZES

FILES = {
    "original": b"an original",
    **{f"{size}.v{RENDER_VERSION}.jpg": b"a size" for size in SIZES},
}


def fields_of(album: Any) -> dict[str, Any]:
    """All columns that READY images of this album share."""
    from django.utils import timezone

    from images.models import Status

    now = timezone.now()
    made = {"width": 320, "height": 240, "content_type": "image/jpeg"}
    variants = {
        file.split(".")[0]: {"file": file, "bytes": len(content), "crc32": crc32(content), **made}
        for file, content in FILES.items()
        if file != "original"
    }
    original = FILES["original"]
    return {
        "album": album, "owner": album.owner, "status": Status.READY, "bytes": len(original),
        "crc32": crc32(original), "width": 4000, "height": 3000, "content_type": "image/jpeg", "sorted_at": now,
        "created_at": now, "variants": variants,
    }  # fmt: skip


def fill(album_id: str, count: int) -> None:
    from django.core.files.base import ContentFile

    from albums.models import Album
    from images import covers, totals
    from images.models import Image
    from images.storage.base import image_storage

    album = Album.objects.get(public_id=UUID(album_id))
    fields, size = fields_of(album), len(FILES["original"])

    def store(image: Image) -> None:
        for file, content in FILES.items():
            image_storage().save(f"{image.storage_prefix}/{file}", ContentFile(content))

    hashes = [sha256(f"{album_id} {number}".encode()).hexdigest() for number in range(count)]
    images = Image.objects.bulk_create(
        [Image(name=f"{h[:8]}.jpg", sha256=h, living_sha256=h, **fields) for h in hashes], batch_size=1000
    )
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store, images))
    totals.add_to_album(album.pk, count, count * size)
    covers.choose_covers([album.pk])
    type(album.owner).objects.filter(pk=album.owner_id).update(used_bytes=count * size)


if __name__ == "__main__":
    django.setup()
    fill(sys.argv[1], int(sys.argv[2]))
