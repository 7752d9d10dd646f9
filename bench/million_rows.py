"""The rows of a store with two owners of 10⁶ images each and one of 10³ (bench.million)."""

import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib import import_module
from itertools import islice
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Max

from accounts.models import User
from albums.models import Album
from bench.million_words import fill_words
from images.covers import choose_covers
from images.models import Image
from images.processing.sizes import RENDER_VERSION, SIZES
from imagestore.kit.words import natural_key

BATCH_ROWS = 2000
COVER_BATCH_ALBUMS = 500
IMAGE_BYTES = 3_000_000
# Every so many images one is in the trash by itself, failed, or waiting.
TRASHED_EVERY, FAILED_EVERY, PENDING_EVERY = 97, 3301, 4999

_NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
_PLACES = ("Norway", "Lisbon", "Corfu", "Kyoto", "Vienna", "Iceland", "Ærø", "Zürich", "Malmö", "京都", "Galway")
_OCCASIONS = (
    "holiday",
    "wedding",
    "birthday",
    "hike",
    "garden",
    "Christmas",
    "concert",
    "weekend",
    "school",
    "snow",
)
_WORDS = (
    "the", "old", "harbour", "after", "rain", "with", "grandmother", "her", "dog", "on", "a", "bridge", "near",
    "our", "house", "at", "dawn", "éclair", "Ärger",
)  # fmt: skip
_CAMERAS = ("Canon EOS 6D", "NIKON D750", "Apple iPhone 12", "Google Pixel 7", "SONY ILCE-7M3", "FUJIFILM X-T3", "")
_NAMES = ("IMG_{:04}.jpg", "DSC{:05}.JPG", "PXL_{:08}.jpg", "P{:07}.jpeg", "Photo {}.heic")


@dataclass(frozen=True)
class Collection:
    """What one owner has. `trashed_albums` come on top of `albums`, and have one image each."""

    email: str
    albums: int
    images: int
    largest: int
    """How many of the images are in one album; the rest is spread evenly."""
    trashed_albums: int = 0

    def album_sizes(self) -> list[int]:
        others = self.albums - 1
        rest = self.images - self.largest
        sizes = [rest // others + (number < rest % others) for number in range(others)]
        sizes.insert(others // 2, self.largest)
        return sizes + [1] * self.trashed_albums


LARGE = Collection("large@example.org", 10_000, 10**6, 10**5, trashed_albums=1000)
SECOND = Collection("second@example.org", 10_000, 10**6, 10**5, trashed_albums=1000)
SMALL = Collection("small@example.org", 10, 10**3, 10**2)
COLLECTIONS = (SMALL, LARGE, SECOND)


def fill(*emails: str) -> None:
    """Make the tables, then those of these owners that are missing; of all owners without `emails`."""
    call_command("migrate", verbosity=0)
    for collection in [one for one in COLLECTIONS if one.email in emails or not emails]:
        if not User.objects.filter(email=collection.email).exists():
            started = time.monotonic()
            _Filler(collection).fill()
            print(
                f"{collection.email}: {collection.images:,} images in {time.monotonic() - started:.0f} s",
                flush=True,
            )
    fill_words()
    # As the migration does it, which has met an empty table above.
    import_module("images.migrations.0012_fill_months").fill(apps, None)


class _Filler:
    """Writes the rows of one owner with plain SQL: through models it would take ten times as long."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self.random = random.Random(collection.email)
        self.owner = User(
            pk=self._next_key(User), email=collection.email, used_bytes=sum(collection.album_sizes()) * IMAGE_BYTES
        )
        self.first_album, self.first_image = self._next_key(Album), self._next_key(Image)

    def _next_key(self, model: Any) -> int:
        return 1 + (model.objects.aggregate(last=Max("pk"))["last"] or 0)

    def fill(self) -> None:
        sizes = self.collection.album_sizes()
        with connection.constraint_checks_disabled():
            self._insert(Album, self._album_rows(sizes))
            self._insert(Image, self._image_rows(sizes))
            keys = range(self.first_album, self.first_album + len(sizes))
            for start in range(0, len(keys), COVER_BATCH_ALBUMS):
                choose_covers(keys[start : start + COVER_BATCH_ALBUMS])
            # Last, so that a fill that was stopped is not taken for a whole one.
            self.owner.set_unusable_password()
            self.owner.save(force_insert=True)

    def _insert(self, model: Any, rows: Iterator[dict[str, Any]]) -> None:
        while batch := list(islice(rows, BATCH_ROWS)):
            columns = ", ".join(batch[0])
            places = ", ".join(["%s"] * len(batch[0]))
            # One line: MySQL's driver then sends all rows in one statement.
            statement = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places})"
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany(statement, [list(row.values()) for row in batch])

    # ---- Values as the database's driver takes them ------------------------------------------

    def _public_id(self, moment: datetime) -> str:
        """A UUIDv7 of this moment."""
        milliseconds = int(moment.timestamp() * 1000)
        number = (
            milliseconds << 80 | 7 << 76 | self.random.getrandbits(12) << 64 | 2 << 62 | self.random.getrandbits(62)
        )
        public_id = UUID(int=number)
        return str(public_id) if connection.features.has_native_uuid_field else public_id.hex

    @staticmethod
    def _time(moment: datetime | None) -> str | None:
        return moment and moment.replace(tzinfo=None).isoformat(" ", "microseconds")

    def _text(self, words: int) -> str:
        return " ".join(self.random.choices(_WORDS, k=words))

    # ---- Rows --------------------------------------------------------------------------------

    def _uploaded_at(self, number: int, count: int) -> datetime:
        """Albums came over five years, one after the other."""
        return _NOW - timedelta(days=5 * 365) * (1 - number / count) + timedelta(microseconds=number + 1)

    def _album_rows(self, sizes: list[int]) -> Iterator[dict[str, Any]]:
        for number, size in enumerate(sizes):
            created = self._uploaded_at(number, len(sizes))
            is_trashed = number >= self.collection.albums
            title = f"{self.random.choice(_PLACES)} {self.random.choice(_OCCASIONS)} {2011 + number % 15}"
            counted = sum(not self._is_trashed(self._first_of(number, sizes) + place) for place in range(size))
            yield {
                "id": self.first_album + number,
                "public_id": self._public_id(created),
                "owner_id": self.owner.pk,
                "title": title,
                "title_key": natural_key(title),
                "description": self._text(self.random.randrange(12)),
                "cover_choice": None,
                "image_count": counted,
                "bytes": counted * IMAGE_BYTES,
                "created_at": self._time(created),
                "updated_at": self._time(
                    created + timedelta(hours=self.random.randrange(1000), microseconds=number)
                ),
                "trashed_at": self._time(_NOW) if is_trashed else None,
            }

    def _first_of(self, album: int, sizes: list[int]) -> int:
        if album == 0:
            self._firsts = [0]
            for size in sizes:
                self._firsts.append(self._firsts[-1] + size)
        return self._firsts[album]

    @staticmethod
    def _is_trashed(number: int) -> bool:
        return number % TRASHED_EVERY == 5

    def _image_rows(self, sizes: list[int]) -> Iterator[dict[str, Any]]:
        number = 0
        for album, size in enumerate(sizes):
            began = self._uploaded_at(album, len(sizes))
            taken_year = self.random.randrange(15)
            for place in range(size):
                yield self._image_row(number, album, began + timedelta(seconds=place), taken_year)
                number += 1

    def _image_row(self, number: int, album: int, uploaded: datetime, years_ago: int) -> dict[str, Any]:
        rnd = self.random
        taken = None if number % 20 == 0 else _NOW - timedelta(days=365 * years_ago, seconds=rnd.randrange(10**7))
        status = "failed" if number % FAILED_EVERY == 7 else "pending" if number % PENDING_EVERY == 11 else "ready"
        digest = sha256(f"{self.collection.email} {number}".encode()).hexdigest()
        name = rnd.choice(_NAMES).format(rnd.randrange(10_000))
        return {
            "id": self.first_image + number,
            "public_id": self._public_id(uploaded),
            "album_id": self.first_album + album,
            "owner_id": self.owner.pk,
            "name": name,
            "name_key": natural_key(name),
            "caption": self._text(rnd.randrange(2, 9)) if number % 3 == 0 else "",
            "bytes": IMAGE_BYTES,
            "sha256": digest,
            "crc32": 0,
            "living_sha256": digest,
            "content_type": "image/jpeg",
            "width": 4032,
            "height": 3024,
            "taken_at": self._time(taken),
            "taken_offset_minutes": 60 if taken and number % 2 else None,
            "taken_from": "camera" if taken else "",
            "sorted_at": self._time(taken or uploaded),
            "position": int(uploaded.timestamp()) * 10**9 + number,
            "camera": _CAMERAS[number % len(_CAMERAS)],
            "favourite": number % 50 == 0,
            "placeholder": "1QcSHQRnh493V4dIh4eXh1h4kJUI" if status == "ready" else "",
            "variants": _VARIANTS if status == "ready" else "{}",
            "status": status,
            "error_code": "damaged" if status == "failed" else "",
            "error_detail": "The picture is cut off." if status == "failed" else "",
            "attempts": 0,
            "verified_at": self._time(uploaded),
            "created_at": self._time(uploaded),
            "updated_at": self._time(uploaded),
            "trashed_at": self._time(_NOW) if self._is_trashed(number) else None,
        }


def _variants() -> str:
    return json.dumps(
        {
            size: {
                "file": f"{size}.v{RENDER_VERSION}.jpg", "width": px, "height": px * 3 // 4,
                "content_type": "image/jpeg", "bytes": px * px // 8, "crc32": 3_735_928_559,
            }
            for size, px in SIZES.items()
        }
    )  # fmt: skip


_VARIANTS = _variants()


if __name__ == "__main__":
    fill(*sys.argv[1:])
