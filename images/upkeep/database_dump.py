"""Dumps the database to one file while other processes write, and loads it again.

SQLite copies itself (VACUUM INTO, and its backup API). MySQL and MariaDB need their own programs.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from django.db import connection
from django.db.backends.mysql.client import DatabaseClient

from imagestore.kit.durable import fsync, rename_durably

SQLITE_FILE = "database.sqlite3"
MYSQL_FILE = "database.sql"


class DumpFailed(OSError):
    """The database's program failed, or is missing. The message has its output."""


@contextmanager
def dump(folder: Path) -> Iterator[None]:
    """Dump now. When the block ends without an error, the dump replaces an older one."""
    final = folder / (SQLITE_FILE if connection.vendor == "sqlite" else MYSQL_FILE)
    for left_behind in folder.glob("database.*.part"):
        left_behind.unlink()
    # mkstemp creates a file that only its owner can read.
    descriptor, name = tempfile.mkstemp(prefix="database.", suffix=".part", dir=folder)
    os.close(descriptor)
    draft = Path(name)
    try:
        _dump(draft)
        yield
        rename_durably(draft, final)
        fsync(folder)
    finally:
        draft.unlink(missing_ok=True)


def _dump(draft: Path) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(draft)])
    else:
        with draft.open("wb") as out:
            _run(
                ["mariadb-dump", "mysqldump"],
                ["--single-transaction", "--no-tablespaces", "--hex-blob"],
                stdout=out,
            )


def has_tables() -> bool:
    with connection.cursor() as cursor:
        return bool(connection.introspection.table_names(cursor))


def file_in(folder: Path) -> Path:
    """The dump in a backup's folder, for the kind of database in use. It need not exist."""
    return folder / (SQLITE_FILE if connection.vendor == "sqlite" else MYSQL_FILE)


def load(folder: Path) -> None:
    """Load the dump of the same kind of database into an empty one. Raises FileNotFoundError, DumpFailed."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        dump_file = file_in(folder).resolve(strict=True)
        with closing(sqlite3.connect(f"{dump_file.as_uri()}?mode=ro", uri=True)) as source:
            source.backup(connection.connection)
    else:
        with file_in(folder).open("rb") as source_file:
            _run(["mariadb", "mysql"], [], stdin=source_file)


def _run(
    programs: list[str], options: list[str], stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
) -> None:
    """Run the first of these programs that is installed, with Django's options for the connection."""
    program = next((path for name in programs if (path := shutil.which(name))), None)
    if program is None:
        raise DumpFailed(f"Install one of {', '.join(programs)} first (Debian: mariadb-client).")
    [_, *connecting, database], env = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    # Django does not pass this option on.
    if socket := connection.settings_dict["OPTIONS"].get("unix_socket"):
        connecting.append(f"--socket={socket}")
    process = subprocess.run(  # noqa: S603 - no argument comes from outside
        [program, *connecting, *options, database],
        env={**os.environ, **(env or {})},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    if process.returncode:
        raise DumpFailed(f"{programs[0]} failed: {process.stderr.decode(errors='replace').strip()}")
