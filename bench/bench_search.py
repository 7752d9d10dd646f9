"""Search among 10⁶ images of one owner, beside the database's own full-text index.

python -m bench.bench_search DATABASE_URL     of a database that bench.million has filled, with the words of
                                              bench.million_words

The full-text index is made in a table of its own, beside the store's, and dropped in the end. It finds other images
on each database: MariaDB leaves out stop words and words of one or two letters, and knows no emoji; neither finds
in a script without spaces, and neither folds all of case, accents and width as the other does.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import django

SEARCHES = {
    "nothing found": "qqqq",
    "a rare word": "9988",
    "a word of 1 %": "99",
    "a frequent word": "dawn",
    "the most frequent word": "jpg",
    "two frequent words": "canon harbour",
    "two that no image has together": "fujifilm sony",
    "a phrase": '"the old"',
}
ROUNDS = 5
OWNER = "large@example.org"


def median_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def measure(scope: str) -> Iterator[tuple[str, float, float]]:
    """For each search: its name, our ms and those of the full-text index, for the first page of 50."""
    from django.db import connection

    from accounts.models import User
    from images.models import Image
    from images.services import LIST

    owner = User.objects.get(email=OWNER)
    album = owner.albums.latest("image_count")
    rows = Image.objects.in_album(album) if scope == "album" else Image.objects.owned_by(owner)
    column, key = ("album_id", album.pk) if scope == "album" else ("owner_id", owner.pk)

    def ours(text: str) -> None:
        request = LIST.read({"search": text})
        request.page(request.apply(rows))

    def full_text(text: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_QUERIES[connection.vendor].format(column=column), [_full_text(text), key])
            cursor.fetchall()

    for name, text in SEARCHES.items():
        yield name, median_ms(lambda text=text: ours(text)), median_ms(lambda text=text: full_text(text))


_ORDER = "ORDER BY i.created_at DESC, i.public_id DESC LIMIT 51"
_QUERIES = {
    "mysql": "SELECT i.id FROM bench_full_text f JOIN images_image i ON i.id = f.image"
    f" WHERE MATCH(f.text) AGAINST(%s IN BOOLEAN MODE) AND i.{{column}} = %s AND i.trashed_at IS NULL {_ORDER}",
    "sqlite": "SELECT i.id FROM bench_full_text f CROSS JOIN images_image i ON i.id = f.rowid"
    f" WHERE f.text MATCH %s AND i.{{column}} = %s AND i.trashed_at IS NULL {_ORDER}",
}
_NAME = "REPLACE(REPLACE(name, '_', ' '), '.', ' ')"
_TEXTS = f"{_NAME} || ' ' || caption || ' ' || camera"
_TABLES = {
    "mysql": [
        "CREATE TABLE bench_full_text (image BIGINT PRIMARY KEY, text TEXT) CHARACTER SET utf8mb4",
        f"INSERT INTO bench_full_text SELECT id, CONCAT_WS(' ', {_NAME}, caption, camera) FROM images_image",
        "CREATE FULLTEXT INDEX bench_full_text_text ON bench_full_text (text)",
    ],
    "sqlite": [
        "CREATE VIRTUAL TABLE bench_full_text USING fts5(text, tokenize='unicode61 remove_diacritics 2')",
        f"INSERT INTO bench_full_text (rowid, text) SELECT id, {_TEXTS} FROM images_image",
    ],
}


def _full_text(text: str) -> str:
    from django.db import connection

    if text.startswith('"'):
        return text
    sign = "+" if connection.vendor == "mysql" else ""
    return " ".join(f"{sign}{word}*" for word in text.split())


@contextmanager
def full_text_index() -> Iterator[float]:
    """Yields the seconds that making it took."""
    from django.db import connection

    def run(*statements: str) -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    run("DROP TABLE IF EXISTS bench_full_text")
    started = time.monotonic()
    run(*_TABLES[connection.vendor])
    try:
        yield time.monotonic() - started
    finally:
        run("DROP TABLE bench_full_text")


def main(database_url: str) -> None:
    os.environ["DATABASE_URL"] = database_url
    django.setup()
    with full_text_index() as seconds:
        print(f"the full-text index was made in {seconds:.0f} s")
        for scope in ("album", "owner"):
            print(f"\n| {scope} | words | full text |\n| --- | --- | --- |")
            for name, ours, full_text in measure(scope):
                print(f"| {name} | {ours:.1f} ms | {full_text:.1f} ms |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
