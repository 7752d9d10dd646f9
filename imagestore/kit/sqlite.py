"""SQLite for the server: a SELECT has a limit of time, and a database that is gone stays gone.

imagestore.kit.database.limit_statement_time puts it in place.
"""

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db.backends.sqlite3.base import SQLiteCursorWrapper

# How often SQLite looks at the clock. A search in long texts takes 10 instructions and up to 1 ms for a row.
_PROGRESS_INSTRUCTIONS = 5_000


class LimitedConnection(sqlite3.Connection):
    """A connection that ends a SELECT after DATABASE_TIMEOUT seconds. Writes may wait for each other.

    It makes no file. Else, with the file taken away, the store would go on with an empty database, and its
    readiness say that all is well.
    """

    def __init__(self, database: str | Path, *args: Any, **options: Any) -> None:
        uri = f"file:{quote(str(database))}?mode=rw"
        super().__init__(uri, *args, **{**options, "uri": True})
        self.deadline = math.inf
        self.set_progress_handler(lambda: time.monotonic() > self.deadline, _PROGRESS_INSTRUCTIONS)

    def cursor(self, factory: Any = None) -> Any:
        """Django calls this with its own class as `factory`."""
        return super().cursor(LimitedCursor)


class LimitedCursor(SQLiteCursorWrapper):
    """Limits each step: SQLite finds further rows while they are fetched."""

    connection: LimitedConnection

    def execute(self, query: str, params: Any = None) -> Any:
        if not query.startswith("SELECT"):
            return super().execute(query, params)
        with self._limit():
            return super().execute(query, params)

    def fetchone(self) -> Any:
        with self._limit():
            return super().fetchone()

    def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
        with self._limit():
            return super().fetchmany(*args, **kwargs)

    def fetchall(self) -> Any:
        with self._limit():
            return super().fetchall()

    @contextmanager
    def _limit(self) -> Iterator[None]:
        self.connection.deadline = time.monotonic() + settings.DATABASE_TIMEOUT
        try:
            yield
        finally:
            self.connection.deadline = math.inf
