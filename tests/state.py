"""The rows and files of a running server, read without its code."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from tests.mariadb import connect
from tests.people import PATIENCE
from tests.servers import Server


class State:
    """Reads the database and the folders of a server directly."""

    def __init__(self, server: Server) -> None:
        self.data = Path(server.env["DATA_DIR"])
        self._url = server.env["DATABASE_URL"]

    def rows(self, table: str) -> list[str]:
        """The public ids of a table, as 32 hexadecimal digits."""
        with closing(self._connect()) as database:
            cursor = database.cursor()
            cursor.execute(f"SELECT public_id FROM {table}")
            return sorted(UUID(str(row[0])).hex for row in cursor.fetchall())

    def files(self) -> list[str]:
        """All files of images and staging, without folders."""
        found = [
            path for folder in ("images", "staging") for path in (self.data / folder).rglob("*") if path.is_file()
        ]
        return sorted(str(path.relative_to(self.data)) for path in found)

    def files_of(self, image: str) -> set[str]:
        name = UUID(image).hex
        return {Path(file).name for file in self.files() if f"/{name}/" in file}

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Neither row nor file more or fewer afterwards; what is on its way out gets a moment."""
        self._wait(self._is_calm, lambda: "images are still being made or removed")
        before = self._all()
        yield
        self._wait(lambda: self._all() == before, lambda: f"{before} became {self._all()}")

    def wait_until_gone(self, *, album: str, image: str) -> None:
        def gone() -> bool:
            rows = {*self.rows("albums_album"), *self.rows("images_image")}
            return not rows & {UUID(album).hex, UUID(image).hex} and not self.files_of(image)

        self._wait(gone, lambda: f"still there: {self.files_of(image)}")

    def _is_calm(self) -> bool:
        """Nothing of an earlier test is on its way in or out."""
        with closing(self._connect()) as database:
            cursor = database.cursor()
            cursor.execute(
                "SELECT (SELECT COUNT(*) FROM images_image WHERE status NOT IN ('ready', 'failed'))"
                " + (SELECT COUNT(*) FROM albums_album WHERE doomed_at IS NOT NULL)"
            )
            return bool(cursor.fetchone()[0] == 0)

    def _all(self) -> tuple[list[str], list[str], list[str]]:
        return self.rows("albums_album"), self.rows("images_image"), self.files()

    def _wait(self, done: Any, complaint: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline, complaint()
            time.sleep(0.05)

    def _connect(self) -> Any:
        if self._url.startswith("mysql"):
            return connect(self._url)
        path = "/" + urlsplit(self._url).path.lstrip("/")
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
