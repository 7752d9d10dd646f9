"""Real servers for tests: a private MariaDB, and the store as `make run` starts it.

`python -m tests.servers COMMAND…` runs COMMAND with DATABASE_URL pointing at a MySQL-protocol
server: the one in TEST_DATABASE_URL, or else a private MariaDB.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import MySQLdb

from deploy.serve import static_sources
from tests.leaks import LogOfServer
from tests.processes import Program, TemporaryProgram, free_port
from tests.seaweed import new_storage_url

ROOT = Path(__file__).resolve().parent.parent


# ---- MariaDB --------------------------------------------------------------------------------


class MariaDB(TemporaryProgram):
    """A MariaDB with a port and a socket of its own."""

    stops_within_seconds = 10
    signal_at_death_of_tests = "TERM"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self.password = secrets.token_hex(16)

    @property
    def url(self) -> str:
        return f"mysql://store:{self.password}@127.0.0.1:{self.port}/store"

    def prepare(self) -> None:
        own = ["--no-defaults", f"--datadir={self.folder / 'data'}", *_as_root()]
        made = subprocess.run(
            [program("mariadb-install-db"), *own, "--skip-test-db", "--auth-root-authentication-method=socket"],
            capture_output=True,
        )
        if made.returncode:
            raise RuntimeError(f"mariadb-install-db failed:\n{(made.stdout + made.stderr).decode()}")
        (self.folder / "init.sql").write_text(
            f"CREATE USER IF NOT EXISTS store@'127.0.0.1' IDENTIFIED BY '{self.password}';\n"
            "GRANT ALL ON *.* TO store@'127.0.0.1' WITH GRANT OPTION;\n"
        )

    def command(self) -> list[str]:
        return [
            program("mariadbd"), "--no-defaults", *_as_root(),
            f"--datadir={self.folder / 'data'}", f"--socket={self.folder / 'sock'}",
            f"--pid-file={self.folder / 'pid'}", f"--init-file={self.folder / 'init.sql'}",
            "--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve",
            "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci",
            # Nothing here outlives the tests, so nothing waits for the disk.
            "--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite",
            # A TRUNCATE between tests that waits for a transaction left open ends in an error, not after a day.
            "--lock-wait-timeout=60",
        ]  # fmt: skip

    def end(self) -> None:
        if self.process is not None:
            self.stop()

    def is_ready(self) -> bool:
        try:
            connect(self.url, database="").close()
        except MySQLdb.OperationalError:
            return False
        return True


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    if found is None:
        raise RuntimeError(
            f"{name} is missing: apt-get install mariadb-server-core mariadb-client-core, or name a server in "
            "TEST_DATABASE_URL=mysql://user:password@host:port/name"
        )
    return found


def connect(url: str, database: str | None = None) -> Any:
    """A plain connection to the server of a mysql:// URL; `database` "" is none."""
    parts = urlsplit(url)
    return MySQLdb.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        database=parts.path.strip("/") if database is None else database,
    )


@contextmanager
def fresh_schema(url: str) -> Iterator[str]:
    """A new schema beside the one of the URL, dropped afterwards; yields its URL."""
    name = f"test_live_{secrets.token_hex(4)}"
    with closing(connect(url, database="")) as server:
        server.cursor().execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            server.cursor().execute(f"DROP DATABASE {name}")


# ---- Static files ---------------------------------------------------------------------------


class CollectedStatic:
    """Static files that a server has collected, for the next ones: to collect and compress them takes seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lend(self, data: Path) -> None:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError, FileNotFoundError):
            _link(self._folder / _todays_sources(), data)

    def keep(self, data: Path) -> None:
        target = self._folder / _todays_sources()
        stamp = data / "static.stamp"
        if target.exists() or not stamp.exists() or stamp.read_text() != target.name:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        # Never touch a draft of another process: what it renames then would lack files.
        for old in self._folder.glob("[!.]*"):
            if old != target:
                shutil.rmtree(old, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".draft-") as draft:
            _link(data, Path(draft, "static"))
            with suppress(OSError):  # another process of the tests was first
                Path(draft, "static").rename(target)


# Of the tests' whole run: they change no source.
_todays_sources = cache(static_sources)


def _link(source: Path, target: Path) -> None:
    """The stamp last: a server collects again where it is missing."""
    shutil.copytree(source / "static", target / "static", copy_function=os.link)
    os.link(source / "static.stamp", target / "static.stamp")


# ---- The store ------------------------------------------------------------------------------


class Server(Program):
    """The store on a free port, started by the very script of `make run`."""

    signal_at_death_of_tests = "TERM"
    root: Path = ROOT
    """The folder of the code that runs."""

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
            **knobs,
        }

    def start(self) -> Self:
        data, collected = Path(self.env["DATA_DIR"]), CollectedStatic(ROOT / ".pytest_cache" / "static")
        collected.lend(data)
        super().start()
        collected.keep(data)
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


# ---- COMMAND on MariaDB -----------------------------------------------------------------------


def main(command: list[str]) -> int:
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return _run(command, given)
    with MariaDB() as database:
        return _run(command, database.url)


def _run(command: list[str], database_url: str) -> int:
    child = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": database_url})
    # Ctrl-C reaches the child by itself, so ignore it here. SIGTERM does not, so pass it on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
