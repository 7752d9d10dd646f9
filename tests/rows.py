"""Rows and files made directly, for tests that need no server and no upload."""

import zlib
from dataclasses import dataclass, field
from typing import Any

from django.core.files.base import ContentFile
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.tokens import issue
from albums.models import Album, AlbumWord
from images.covers import choose_covers
from images.deletion.trash import trash_images
from images.models import Image, ImageWord, Status, Upload
from images.processing.sizes import RENDER_VERSION, SIZES
from images.storage import identity
from images.storage.base import image_storage
from images.tests.pictures import jpeg_bytes
from images.totals import count_months
from images.uploads import resumable
from imagestore.kit.search import add_words

PASSWORD = "correct horse battery"
ORIGINAL = jpeg_bytes(64, 48)
VARIANT = jpeg_bytes(32, 24)


def person(name: str, **fields: Any) -> User:
    """Somebody who uses a store that has been started."""
    identity.establish()
    return User.objects.create_user(f"{name}@example.org", PASSWORD, **fields)


def bearer(user: User) -> dict[str, str]:
    """The header of an API client that has logged in."""
    return {"Authorization": f"Bearer {issue(user).access}"}


def album_of(owner: User, title: str = "Summer") -> Album:
    album = Album.objects.create(owner=owner, title=title)
    add_words(AlbumWord, [album])
    return album


def image_in(album: Album, name: str = "photo.jpg", status: Status = Status.READY, **fields: Any) -> Image:
    """An image with its files, as if it had been uploaded and made."""
    ready = status == Status.READY
    number = f"{Image.objects.count():064x}"
    now = timezone.now()
    variant = {
        "file": f"thumb.v{RENDER_VERSION}.jpg",
        "width": 32,
        "height": 24,
        "content_type": "image/jpeg",
        "bytes": len(VARIANT),
        "crc32": zlib.crc32(VARIANT),
    }
    image = Image.objects.create(
        **{
            "album": album, "owner": album.owner, "name": name, "status": status, "bytes": len(ORIGINAL),
            "sha256": number, "living_sha256": number, "crc32": zlib.crc32(ORIGINAL), "content_type": "image/jpeg",
            "width": 64, "height": 48, "sorted_at": now, "created_at": now,
            "variants": dict.fromkeys(SIZES, variant) if ready else {},
            **fields,
        }
    )  # fmt: skip
    add_words(ImageWord, [image])
    storage = image_storage()
    storage.save(image.original_file, ContentFile(ORIGINAL))
    if ready:
        storage.save(f"{image.storage_prefix}/thumb.v{RENDER_VERSION}.jpg", ContentFile(VARIANT))
    size = len(ORIGINAL)
    count_months(Image.objects.stored().filter(pk=image.pk, trashed_at=None), +1)
    Album.objects.filter(pk=album.pk).update(image_count=F("image_count") + 1, bytes=F("bytes") + size)
    choose_covers([album.pk])
    User.objects.filter(pk=album.owner_id).update(used_bytes=F("used_bytes") + size)
    return image


@dataclass
class World:
    """What alice has, and those who may or may not see it."""

    alice: User = field(default_factory=lambda: person("alice"))
    bob: User = field(default_factory=lambda: person("bob"))
    album: Album = field(init=False)
    image: Image = field(init=False)
    failed: Image = field(init=False)
    trashed: Image = field(init=False)
    upload: Upload = field(init=False)

    def __post_init__(self) -> None:
        self.album = album_of(self.alice)
        self.image = image_in(self.album)
        self.failed = image_in(
            self.album, "broken.jpg", Status.FAILED, error_code="damaged", error_detail="Cut off."
        )
        self.trashed = image_in(self.album, "old.jpg")
        trash_images(self.alice, Image.objects.filter(pk=self.trashed.pk))
        self.upload = resumable.create(self.album, length=100, name="sea.jpg", metadata="")
