"""A store of two owners with 10⁶ images each and one with 10³: rows only, no files, so run no engine on it.

`python -m bench.million DATABASE_URL` fills a database, in minutes. The URL is one that the store takes: mysql://…
or sqlite:///…. Tables are made if they are missing; owners that are there already are left as they are. If a fill
was stopped half way, begin with a new database.

`python -m bench.million FOLDER` fills a private MariaDB, whose data stay in FOLDER, and serves it until Ctrl-C. Its
URL is then in FOLDER/url, for other terminals.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from bench.million_rows import Collection
from tests.mariadb import MariaDB


class LastingMariaDB(MariaDB):
    """A private MariaDB whose data stay in a folder, with the memory that a store of this size should have."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder.rmdir()
        self.folder = folder.resolve()
        self.log = self.folder / "log"

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "data").exists():
            super().prepare()
        password = self.folder / "password"
        if password.exists():
            self.password = password.read_text()
        password.write_text(self.password)
        (self.folder / "init.sql").write_text(
            f"CREATE USER IF NOT EXISTS store@'127.0.0.1' IDENTIFIED BY '{self.password}';\n"
            "GRANT ALL ON *.* TO store@'127.0.0.1';\n"
            "CREATE DATABASE IF NOT EXISTS store CHARACTER SET utf8mb4;\n"
        )
        (self.folder / "url").write_text(self.url)

    def command(self) -> list[str]:
        return [*super().command(), "--innodb-buffer-pool-size=2G", "--innodb-log-file-size=512M"]

    def __exit__(self, *error: object) -> None:
        self.end()


def fill(database_url: str, *collections: Collection) -> None:
    """In a process of its own, because Django knows one database from its start on. Without `collections`: all."""
    emails = [collection.email for collection in collections]
    environment = os.environ | {"DATABASE_URL": database_url}
    subprocess.run([sys.executable, "-m", "bench.million_rows", *emails], env=environment, check=True)


def main(target: str) -> None:
    if "://" in target:
        fill(target)
        return
    with LastingMariaDB(Path(target)) as database:
        fill(database.url)
        print(database.url, flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main(sys.argv[1])
