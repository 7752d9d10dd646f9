"""A hook for tests: a small HTTP server that notes what the store posts to it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.mariadb import connect
from tests.receivers import Taker, serving
from tests.servers import Server


class Hook:
    """Answers with the statuses in `answers`, one after the other, then with 204."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/purge?of=store"
        self.answers: list[int] = []
        self.headers: list[dict[str, str]] = []
        self.posted: list[dict[str, Any]] = []
        """What it took."""

    @property
    def prefixes(self) -> list[str]:
        return [prefix for message in self.posted for prefix in message["prefixes"]]


@contextmanager
def listening_hook() -> Iterator[Hook]:
    class Handler(Taker):
        def take(self, body: bytes) -> None:
            message = json.loads(body)
            status = hook.answers.pop(0) if hook.answers else 204
            hook.headers.append({"path": self.path, **self.headers})
            if status == 204:
                hook.posted.append(message)
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        hook = Hook(server.server_port)
        yield hook


def make_purges_due(store: Server) -> int:
    """Purges wait for half a minute, and those of a server that died for its lease: no longer. How many wait?"""
    url = store.env["DATABASE_URL"]
    file = "/" + urlsplit(url).path.lstrip("/")
    with closing(connect(url) if url.startswith("mysql") else sqlite3.connect(file, timeout=20)) as database:
        cursor = database.cursor()
        cursor.execute("UPDATE images_runner SET leased_until = NULL WHERE name = 'cdn purge'")
        cursor.execute(f"UPDATE images_cdnpurge SET due_at = '{datetime.now(UTC):%Y-%m-%d %H:%M:%S}'")
        database.commit()
        # MySQL's own count leaves out rows that had this value.
        cursor.execute("SELECT COUNT(*) FROM images_cdnpurge")
        return int(cursor.fetchone()[0])
