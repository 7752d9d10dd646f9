"""The release before this one: its code from Git, and the stores that it left (make_stores.py)."""

import io
import json
import shutil
import sqlite3
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Self

import pytest

from tests.faults.store import Store
from tests.mariadb import connect, run_client
from tests.people import Person
from tests.processes import Program
from tests.servers import ROOT

# The last commit of what CHANGELOG.md calls "Before"; no tag names it.
COMMIT = "93ae681d865025e0502d8520fa1eed817559e6d2"
FOLDER = Path(__file__).parent
DUMP = "database.sql"
# The store's own files in DATA_DIR; the rest is what tests and static files leave there.
PACKED = ("images", "staging", "db.sqlite3", DUMP, "said.json")


class PreviousServer(Store):
    """A server of the previous release. Its stops are those of its own tests."""

    settings_module = "imagestore.settings"

    def __init__(self, folder: Path, code: Path, python: str, database_url: str = "", **knobs: str) -> None:
        self.root, self._python = code, python
        super().__init__(folder, database_url, **{"STORAGE_URL": "", **knobs})
        self.env["PYTHONPATH"] = str(code / "tests" / "faults" / "stops")

    def start(self) -> Self:
        """With static files of its own."""
        return Program.start(self)

    def command(self) -> list[str]:
        return [self._python, "-m", "deploy.serve"]


def code_of_previous(folder: Path) -> Path | None:
    """Its files in this folder; None where Git has not that commit, as in a shallow clone, and without Git."""
    if shutil.which("git") is None:
        return None
    packed = subprocess.run(["git", "-C", str(ROOT), "archive", COMMIT], capture_output=True)
    if packed.returncode:
        return None
    _extract(io.BytesIO(packed.stdout), folder)
    return folder


def _extract(packed: IO[bytes], folder: Path) -> None:
    with tarfile.open(fileobj=packed) as archive:
        # Debian 12's own Python has no filters yet; later ones warn where none is named.
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))


def person(server: Store, name: str) -> Person:
    """Alice, Bob or another one of the stores that the previous release left, at the address of their own."""
    return Person(server, f"{name}@example.org", f"127.0.1.{len(name)}")


# ---- The stores that it left -------------------------------------------------------------------


def pack(data: Path, database_url: str, said: dict[str, Any]) -> Path:
    """Write the files of DATA_DIR, the database and what the store said of them to one file beside this module."""
    if database_url:
        with (data / DUMP).open("wb") as dump:
            run_client("mariadb-dump", database_url, "--skip-dump-date", stdout=dump)
    else:
        with closing(sqlite3.connect(data / "db.sqlite3")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (data / "said.json").write_text(json.dumps(said, indent=1))
    packed = _packed(database_url)
    with tarfile.open(packed, "w:xz") as archive:
        for name in PACKED:
            if (data / name).exists():
                archive.add(data / name, name)
    return packed


def unpack(data: Path, database_url: str) -> dict[str, Any]:
    """Lay the store into a new DATA_DIR and an empty database. Returns what it said of itself."""
    if database_url and not _is_mariadb(database_url):
        pytest.skip("NOT TESTED: the previous release left a dump of MariaDB, which MySQL does not read")
    data.mkdir(mode=0o700, parents=True)
    with _packed(database_url).open("rb") as packed:
        _extract(packed, data)
    if database_url:
        with (data / DUMP).open("rb") as dump:
            run_client("mariadb", database_url, stdin=dump)
    said: dict[str, Any] = json.loads((data / "said.json").read_text())
    return said


def _is_mariadb(url: str) -> bool:
    with closing(connect(url, database="")) as server:
        return "MariaDB" in server.get_server_info()


def _packed(database_url: str) -> Path:
    return FOLDER / f"left_on_{'mysql' if database_url else 'sqlite'}.tar.xz"
