"""MySQL and MariaDB cannot roll back changes of tables: what of a migration that is killed half way?"""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.mariadb import connect, fresh_schema
from tests.servers import ROOT
from tests.upgrades.previous import unpack

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("DATABASE_URL", "").startswith("mysql"),
        reason="about MySQL: runs in the half of the tests that is on its protocol",
    ),
]
# So many changes of tables are done between two kills.
CHANGES = 7


def run(folder: Path, database_url: str, *words: str) -> str:
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url, "DATA_DIR": str(folder), "STORAGE_URL": ""},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def tables_of(database_url: str) -> list[tuple[object, ...]]:
    """Columns, indexes and foreign keys."""
    found: list[tuple[object, ...]] = []
    with closing(connect(database_url)) as database:
        cursor = database.cursor()
        for what, columns in (
            ("columns", "table_name, column_name, column_type, is_nullable, column_default, extra"),
            ("statistics", "table_name, index_name, seq_in_index, column_name, non_unique, collation"),
            ("key_column_usage", "table_name, constraint_name, column_name, referenced_table_name"),
        ):
            schema = "constraint_schema" if what == "key_column_usage" else "table_schema"
            cursor.execute(f"SELECT {columns} FROM information_schema.{what} WHERE {schema} = DATABASE()")
            found += sorted(cursor.fetchall(), key=str)
    return found


def test_a_migration_that_is_killed_again_and_again_ends_as_one_that_is_not(tmp_path: Path) -> None:
    server = os.environ["DATABASE_URL"]
    with fresh_schema(server) as killed, fresh_schema(server) as whole:
        unpack(tmp_path / "killed", killed)
        unpack(tmp_path / "whole", whole)
        kills = int(run(tmp_path / "killed", killed, "-m", "tests.upgrades.killed_migrate", str(CHANGES)))
        assert kills > 5
        run(tmp_path / "whole", whole, "manage.py", "migrate", "--no-input", "--verbosity=0")
        run(tmp_path / "killed", killed, "manage.py", "migrate", "--check")
        assert tables_of(killed) == tables_of(whole)
