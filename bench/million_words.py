"""Writes the words of a store whose rows came by plain SQL (bench.million), by plain SQL, too.

`manage.py rebuild_search` does the same and compares first; for 10⁶ images it takes several times as long.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import connection, transaction

from albums.models import Album, AlbumWord
from images.models import Image, ImageWord
from imagestore.kit.batches import batches
from imagestore.kit.search import Word

BATCH_ROWS = 5000
BATCH_WORDS = 20_000


def fill_words() -> None:
    """Of the tables that have none. Call it when all rows are there."""
    texts = Image.objects.only("owner", "album", *Image.searched)
    for words, rows in ((AlbumWord, Album.objects.all()), (ImageWord, texts)):
        if not words.objects.exists():
            _insert(
                words,
                (values for batch in batches(rows, BATCH_ROWS) for row in batch for values in words.values_of(row)),
            )


def _insert(words: type[Word], values: Iterator[tuple[Any, ...]]) -> None:
    places = ", ".join(["%s"] * len(words.columns()))
    statement = f"INSERT INTO {words._meta.db_table} ({', '.join(words.columns())}) VALUES ({places})"
    while batch := list(islice(values, BATCH_WORDS)):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(statement, batch)
