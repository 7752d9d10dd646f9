"""Compares the words of albums and images, and their natural keys, with their texts; writes again what differs.

They differ in rows that an older version of the store wrote: all, after the update that brought words.
"""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

from albums.models import Album, AlbumWord
from images.models import Image, ImageWord
from imagestore.kit.intervals import Every
from imagestore.kit.search import Word, confirm_disagreeing, disagreeing, repair_words

# Rows that are compared by one query, and those that differ repaired by one transaction.
BATCH_ROWS = 50
# How often the server compares all rows.
PASS_SECONDS = 24 * 3600
# How long one run of reconcile may compare.
RUN_SECONDS = 10

Progress = Callable[[int, int], None]
# The words of a table, and keys of its rows whose words differ.
Differing = tuple[type[Word], set[int]]


def compare(progress: Progress = lambda done, total: None) -> Iterator[Differing]:
    """All rows whose words differ, a batch at a time, which may be empty."""
    total, done = Album.objects.count() + Image.objects.count(), 0
    for words, rows in _tables():
        after: int | None = 0
        while after is not None:
            keys, after = disagreeing(words, rows, after, BATCH_ROWS)
            yield words, keys
            done = min(done + BATCH_ROWS, total)
            progress(done, total)


def _tables() -> list[tuple[type[Word], Any]]:
    images = Image.objects.only("owner", "album", "name_key", *Image.searched)
    return [(AlbumWord, Album.objects.all()), (ImageWord, images)]


def rebuild(progress: Progress = lambda done, total: None) -> int:
    """Write again all words that differ, also while servers run. Returns of how many rows. Safe to repeat."""
    return sum(repair_words(words, keys) for words, keys in compare(progress) if keys)


def count_differing(progress: Progress = lambda done, total: None) -> int:
    return sum(len(confirm_disagreeing(words, keys)[1]) for words, keys in compare(progress) if keys)


class WordsPass:
    """One server's way through all rows, in runs of `seconds`; a new one begins PASS_SECONDS after the last."""

    def __init__(self, seconds: float = math.inf) -> None:
        self._seconds, self._interval = seconds, Every(PASS_SECONDS)
        self._batches: Iterator[Differing] = iter(())

    def run(self) -> int:
        """Go on where the last run ended. Returns of how many rows the words were written again."""
        if self._interval.is_due():
            self._batches = compare()
        deadline, repaired = time.monotonic() + self._seconds, 0
        for words, keys in self._batches:
            repaired += repair_words(words, keys) if keys else 0
            if time.monotonic() > deadline:
                break
        return repaired
