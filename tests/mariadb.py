"""A private MariaDB for tests, and schemas of their own in the server under test.

`python -m tests.mariadb COMMAND…` runs COMMAND with DATABASE_URL pointing at a MySQL-protocol
server: the one in TEST_DATABASE_URL, or else a private MariaDB.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import MySQLdb

from tests.processes import TemporaryServer


class MariaDB(TemporaryServer):
    """A MariaDB with a folder and a socket of its own."""

    stops_within_seconds = 10
    signal_at_death_of_tests = "TERM"

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


def run_client(name: str, url: str, *options: str, **streams: Any) -> None:
    """Run `mariadb` or `mariadb-dump` on the schema of a mysql:// URL."""
    parts = urlsplit(url)
    server = [f"--host={parts.hostname}", f"--port={parts.port}", f"--user={parts.username}", "--protocol=tcp"]
    subprocess.run(
        [program(name), "--no-defaults", *server, *options, parts.path.strip("/")],
        env={**os.environ, "MYSQL_PWD": unquote(parts.password or "")},
        check=True,
        timeout=60,
        **streams,
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
