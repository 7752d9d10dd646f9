"""The server's account of MySQL need not have the right to change tables, if MIGRATION_DATABASE_URL has it."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import MySQLdb
import pytest

from images.tests.pictures import jpeg_bytes
from tests.mariadb import connect, fresh_schema
from tests.people import Person
from tests.servers import ROOT, Server
from tests.state import State

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("DATABASE_URL", "").startswith("mysql"),
        reason="about MySQL: runs in the half of the tests that is on its protocol",
    ),
]


class Accounts(NamedTuple):
    """The same empty database, for the owner of its tables and for who may only use them."""

    owner: str
    limited: str


@contextmanager
def two_accounts() -> Iterator[Accounts]:
    """The rights are those that docs/security.md names."""
    name, password = f"limited_{secrets.token_hex(4)}", secrets.token_hex(8)
    with fresh_schema(os.environ["DATABASE_URL"]) as owner, closing(connect(owner)) as database:
        parts = urlsplit(owner)
        cursor = database.cursor()
        try:
            cursor.execute(f"CREATE USER {name} IDENTIFIED BY '{password}'")
            cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {parts.path[1:]}.* TO {name}")
        except MySQLdb.OperationalError as error:
            pytest.skip(f"NOT TESTED: the account of TEST_DATABASE_URL may make no other one ({error})")
        try:
            address = f"{name}:{password}@{parts.hostname}:{parts.port}"
            yield Accounts(owner, parts._replace(netloc=address).geturl())
        finally:
            cursor.execute(f"DROP USER {name}")


@pytest.fixture
def accounts() -> Iterator[Accounts]:
    with two_accounts() as made:
        yield made


def succeed(folder: Path, *words: str, **environment: str) -> None:
    """Run this command of `manage.py`; it must end with 0."""
    code, said = run(folder, "manage.py", *words, **environment)
    assert code == 0, "\n".join(said)


def run(folder: Path, *words: str, **environment: str) -> tuple[int, list[str]]:
    """Exit code and lines of stderr."""
    env = {**os.environ, "DATA_DIR": str(folder / "data"), "STORAGE_URL": "", **environment}
    ended = subprocess.run([sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=280)
    return ended.returncode, ended.stderr.splitlines()


@pytest.mark.parametrize(
    ("words", "code"),
    [(["-m", "deploy.serve"], 1), (["manage.py", "migrate"], 2)],
    ids=["start", "manage.py migrate"],
)
def test_an_account_that_may_not_change_tables_is_told_in_one_line(
    accounts: Accounts, tmp_path: Path, words: list[str], code: int
) -> None:
    ended, [line] = run(tmp_path, *words, DATABASE_URL=accounts.limited)
    assert ended == code
    assert "CREATE command denied to user" in line
    assert line.endswith("Set MIGRATION_DATABASE_URL to an account that may change tables (docs/security.md).")


def test_another_database_or_a_wrong_password_is_told(accounts: Accounts, tmp_path: Path) -> None:
    other = urlsplit(accounts.owner)._replace(path="/another").geturl()
    ended, [line] = run(
        tmp_path, "manage.py", "migrate", DATABASE_URL=accounts.limited, MIGRATION_DATABASE_URL=other
    )
    assert ended == 2
    assert line == (
        "A setting is wrong: MIGRATION_DATABASE_URL must name the database of DATABASE_URL, with another account."
    )
    wrong = f"mysql://nobody:hunter2@{urlsplit(accounts.owner).netloc.rpartition('@')[2]}{urlsplit(accounts.owner).path}"
    ended, [line] = run(
        tmp_path, "manage.py", "migrate", DATABASE_URL=accounts.limited, MIGRATION_DATABASE_URL=wrong
    )
    assert ended == 2
    assert "The database cannot be used with the account that migrates it: Access denied" in line
    assert "hunter2" not in line


def test_the_store_works_with_four_rights(accounts: Accounts, tmp_path: Path) -> None:
    """Migrated with the second account, which the server does not need afterwards."""
    both = {"DATABASE_URL": accounts.limited, "MIGRATION_DATABASE_URL": accounts.owner}
    succeed(tmp_path, "migrate", "--no-input", **both)
    server = Server(tmp_path, accounts.limited, STORAGE_URL="").start()
    try:
        alice = Person.sign_up(server, "alice")
        album = alice.album()
        alice.picture(album, jpeg_bytes())
        image = alice.picture(alice.album("Goes"), jpeg_bytes(80, 60))
        alice.delete(f"images/{image['id']}/", expect=204)
        alice.post(f"trash/{image['id']}/restore/", expect=200)
        alice.delete(f"albums/{image['album']}/?permanent=true", expect=204)
        State(server).wait_until_gone(album=image["album"], image=image["id"])
        for words in (["reconcile"], ["verify", "--checksums"], ["backup", str(tmp_path / "backup")]):
            succeed(tmp_path, *words, DATABASE_URL=accounts.limited)
    finally:
        server.stop()
    with two_accounts() as empty:
        elsewhere, both = (
            tmp_path / "elsewhere",
            {"DATABASE_URL": empty.limited, "MIGRATION_DATABASE_URL": empty.owner},
        )
        succeed(elsewhere, "restore", str(tmp_path / "backup"), **both)
        succeed(elsewhere, "verify", DATABASE_URL=empty.limited)
