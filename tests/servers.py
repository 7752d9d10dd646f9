"""The store as `make run` starts it."""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.leaks import LogOfServer
from tests.lent import keep_static_files, lend_database, lend_static_files
from tests.mariadb import fresh_schema
from tests.processes import Program, free_port
from tests.seaweed import new_storage_url

ROOT = Path(__file__).resolve().parent.parent
# A server with these knobs hashes passwords as the store does, also in tests (tests/settings.py).
AS_DELIVERED = {"DJANGO_SETTINGS_MODULE": "imagestore.settings"}


class Server(Program):
    """The store on a free port, started by the very script of `make run`."""

    signal_at_death_of_tests = "TERM"
    root: Path = ROOT
    """The folder of the code that runs."""
    settings_module = "imagestore.settings"
    """conftest.py names another one for tests."""

    def __init__(self, folder: Path, database_url: str = "", **knobs: str) -> None:
        super().__init__(folder, "server.log")
        self._lines = LogOfServer(self.log)
        self.port = free_port()
        self.url = f"http://localhost:{self.port}{urlsplit(knobs.get('SITE_URL', '')).path}"
        self.env = {
            **os.environ,
            "PORT": str(self.port),
            "SITE_URL": self.url,
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": database_url or f"sqlite:///{folder}/data/db.sqlite3",
            "STORAGE_URL": new_storage_url(),
            "LOG_LEVEL": "INFO",
            "DJANGO_SETTINGS_MODULE": self.settings_module,
            **knobs,
        }

    def start(self) -> Self:
        """With static files and a database that are lent where it has none yet (tests/lent.py)."""
        data = Path(self.env["DATA_DIR"])
        lend_static_files(data)
        # Later the test may have taken the database away.
        if not self.log.exists():
            lend_database(self.env["DATABASE_URL"])
        super().start()
        keep_static_files(data)
        return self

    def stop(self) -> int:
        code = super().stop()
        self._lines.search()
        return code

    def command(self) -> list[str]:
        return [sys.executable, "-m", "deploy.serve", "--tell-addresses"]

    def environment(self) -> dict[str, str]:
        return self.env

    def working_directory(self) -> Path:
        return self.root

    def is_ready(self) -> bool:
        return is_live(self.url)


def is_live(url: str) -> bool:
    """Whether a store answers there."""
    try:
        with urllib.request.urlopen(f"{url}/healthz/live", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def running(folder: Path, **knobs: str) -> Iterator[Server]:
    """A store of its own, with these knobs, on the kind of database under test."""
    url = os.environ["DATABASE_URL"]
    with ExitStack() as stack:
        database = stack.enter_context(fresh_schema(url)) if url.startswith("mysql") else ""
        started = Server(folder, database, **knobs).start()
        stack.callback(started.stop)
        yield started
