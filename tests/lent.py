"""What is made once, and lent to each new server: static files and a migrated database. Both take seconds."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from deploy.serve import ROOT, static_sources
from tests.mariadb import connect, fresh_schema, run_client

_FOLDER = ROOT / ".pytest_cache"


@contextmanager
def _new(target: Path) -> Iterator[Path]:
    """A path where the block makes what then becomes `target`, whole. What is beside `target` is older: it goes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Never touch a draft of another process: what it renames then would lack files.
    for old in target.parent.glob("[!.]*"):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".draft-") as folder:
        draft = Path(folder, target.name)
        yield draft
        with suppress(OSError):  # another process of the tests was first
            draft.rename(target)


# ---- Static files ---------------------------------------------------------------------------


def lend_static_files(data: Path) -> None:
    """Lay those that a server has collected into the DATA_DIR of the next one."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError, FileNotFoundError):
        _link(_FOLDER / "static" / _static_sources(), data)


def keep_static_files(data: Path) -> None:
    target, stamp = _FOLDER / "static" / _static_sources(), data / "static.stamp"
    if target.exists() or not stamp.exists() or stamp.read_text() != target.name:
        return
    with _new(target) as draft:
        _link(data, draft)


# Of the tests' whole run: they change no source.
_static_sources = cache(static_sources)


def _link(source: Path, target: Path) -> None:
    """The stamp last: a server collects again where it is missing."""
    shutil.copytree(source / "static", target / "static", copy_function=os.link)
    os.link(source / "static.stamp", target / "static.stamp")


# ---- The database ---------------------------------------------------------------------------


def lend_database(url: str) -> None:
    """Make of an empty database what `manage.py migrate` makes of it. One with tables stays as it is."""
    if url.startswith("mysql"):
        _lend_schema(url)
    else:
        _lend_file(Path("/", urlsplit(url).path.lstrip("/")))


def _lend_file(database: Path) -> None:
    if database.exists():
        return
    kept = _FOLDER / "sqlite" / _sources_of_migrations()
    if not kept.exists():
        with _new(kept) as draft:
            draft.mkdir()
            _migrate(f"sqlite:///{draft}/db.sqlite3")
    # The last process that closed it has emptied its write-ahead log into the file and removed the log.
    shutil.copyfile(kept / "db.sqlite3", database)


def _lend_schema(url: str) -> None:
    with closing(connect(url)) as database, closing(database.cursor()) as cursor:
        cursor.execute("SHOW TABLES")
        if cursor.fetchall():
            return
        cursor.execute("SELECT CONCAT_WS(' ', @@version, @@character_set_database, @@collation_database)")
        [kind] = cursor.fetchone()
    kept = _FOLDER / "mysql" / hashlib.sha256(f"{_sources_of_migrations()} {kind}".encode()).hexdigest()
    if not kept.exists():
        with _new(kept) as draft, fresh_schema(url) as migrated:
            draft.mkdir()
            _migrate(migrated)
            with (draft / "database.sql").open("wb") as dump:
                # MySQL lets few accounts read what it says of tablespaces.
                run_client("mariadb-dump", migrated, "--single-transaction", "--no-tablespaces", stdout=dump)
    with (kept / "database.sql").open("rb") as dump:
        run_client("mariadb", url, stdin=dump)


def _migrate(url: str) -> None:
    env = {**os.environ, "DATABASE_URL": url}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"], cwd=ROOT, env=env, check=True
    )


@cache
def _sources_of_migrations() -> str:
    """A hash that changes with the code of the store, of which migrations use much, and with its packages."""
    sources = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for app in ("accounts", "albums", "images", "imagestore"):
        for file in sorted((ROOT / app).rglob("*.py")):
            if "tests" not in file.relative_to(ROOT).parts:
                sources.update(file.read_bytes())
    return sources.hexdigest()
