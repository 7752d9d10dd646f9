"""How long the database may take."""

import os
import subprocess
import sys

import pytest

from tests.servers import ROOT, fresh_schema

on_mysql = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("mysql"),
    reason="about MySQL: runs in the half of the tests that is on its protocol",
)


# ---- Who hurries ------------------------------------------------------------------------------


@on_mysql
@pytest.mark.parametrize(
    ("before", "said"),
    [("pass", ""), ("from imagestore.database import hurry; hurry()", "Lost connection")],
    ids=["an operator's command", "the server"],
)
def test_only_the_server_gives_up_a_statement_that_takes_long(before: str, said: str) -> None:
    statement = "from django.db import connection; connection.cursor().execute('SELECT SLEEP(4)')"
    with fresh_schema(os.environ["DATABASE_URL"]) as url:
        ended = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", f"{before}\n{statement}"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "DATABASE_TIMEOUT": "1"},
            capture_output=True,
            text=True,
        )
    assert (ended.returncode == 0) == (said == "")
    assert said in ended.stderr
