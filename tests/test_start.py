"""`python -m deploy.serve`: what stops the start, in one sentence and without waiting."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from deploy import serve
from tests.lent import lend_static_files
from tests.mariadb import connect, fresh_schema
from tests.people import Person
from tests.processes import Program, free_port, needs_ipv6
from tests.servers import AS_DELIVERED, ROOT, Server

pytestmark = pytest.mark.slow
on_mysql = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("mysql"),
    reason="about MySQL: runs in the half of the tests that is on its protocol",
)


def start(folder: Path, **environment: str) -> tuple[int, list[str]]:
    """A start that is expected to stop: exit code and lines of stderr."""
    env = {**os.environ, "DATA_DIR": str(folder), "DATABASE_URL": "", "STORAGE_URL": "", "PORT": str(free_port())}
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.serve"],
        cwd=ROOT, env={**env, **environment}, capture_output=True, text=True, timeout=50,
    )  # fmt: skip
    return ended.returncode, ended.stderr.splitlines()


def test_the_first_start_makes_the_tables_and_the_second_finds_them(tmp_path: Path) -> None:
    """Here a store is as delivered. Those of other tests have a lent database (tests/lent.py), and hash quickly."""
    url = os.environ["DATABASE_URL"]
    with fresh_schema(url) if url.startswith("mysql") else nullcontext("") as database:
        server = Server(tmp_path, database, **AS_DELIVERED)
        lend_static_files(tmp_path / "data")
        for _ in range(2):
            Program.start(server)
            Person.sign_up(server, "alice").log_in()
            assert server.stop() == 0
    assert server.log.read_text().count("Preparing the database …\n") == 1


def test_a_wrong_setting_stops_the_start_with_its_name(tmp_path: Path) -> None:
    assert start(tmp_path, PORT="http", THREADS="-1") == (
        1,
        [
            "A setting is wrong: PORT must be a whole number from 1 to 65535, not 'http'.",
            "A setting is wrong: THREADS must be a whole number from 1 to 1000, not '-1'.",
        ],
    )


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    data_dir = tmp_path / "file" / "data"
    assert start(tmp_path, DATA_DIR=str(data_dir)) == (
        1,
        [f"DATA_DIR={data_dir} cannot be used (Not a directory)."],
    )


def test_a_folder_of_another_user_is_said_with_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A volume of Docker that root owns, for example. Tests may run as root, to whom all folders are open."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(serve.os, "access", lambda path, mode: False)
    monkeypatch.setattr(serve.os, "geteuid", lambda: 10001)
    with pytest.raises(SystemExit) as stopped:
        serve.write_keys()
    assert stopped.value.code == (
        f"DATA_DIR={tmp_path} cannot be used (Permission denied). "
        "The store runs as uid 10001, which must own it: chown -R 10001 on that folder."
    )


@pytest.fixture(params=["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def taken(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((request.param, 0))
        listener.listen()
        yield request.param, listener.getsockname()[1]


def test_a_taken_port_is_said(taken: tuple[str, int]) -> None:
    host, port = taken
    with pytest.raises(SystemExit) as stopped:
        serve.check_port(host, port)
    assert stopped.value.code == (
        f"HOST={host} and PORT={port} cannot be used (Address already in use). "
        f"Another port: PORT={port + 1} make run"
    )


def test_a_foreign_address_is_said() -> None:
    with pytest.raises(SystemExit, match=r"^HOST=192\.0\.2\.1 and PORT=9999 cannot be used \(Cannot assign"):
        serve.check_port("192.0.2.1", 9999)


@on_mysql
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda url: url._replace(netloc=f"store:hunter2@{url.netloc.rpartition('@')[2]}"),
            "Access denied for user",
        ),
        (lambda url: url._replace(path="/no_such_database"), "Unknown database 'no_such_database'"),
    ],
    ids=["a wrong password", "a database that does not exist"],
)
def test_a_database_that_refuses_ends_the_start_at_once(tmp_path: Path, change, said: str) -> None:
    began = time.monotonic()
    code, [line] = start(tmp_path, DATABASE_URL=change(urlsplit(os.environ["DATABASE_URL"])).geturl())
    assert time.monotonic() - began < 15
    assert code == 1
    assert line.startswith(f"The database of DATABASE_URL cannot be used: {said}")
    assert "hunter2" not in line


@on_mysql
@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["ALTER DATABASE {} CHARACTER SET latin1"], "The database {} is in latin1; the store needs utf8mb4."),
        (
            ["CREATE TABLE {}.old (text VARCHAR(9)) CHARACTER SET latin1"],
            "The table old of the database {} is in latin1; the store needs utf8mb4.",
        ),
    ],
    ids=["the database", "a table"],
)
def test_a_database_that_cannot_store_every_text_ends_the_start(
    tmp_path: Path, statements: list[str], said: str
) -> None:
    with fresh_schema(os.environ["DATABASE_URL"]) as url:
        name = urlsplit(url).path[1:]
        with closing(connect(url)) as database:
            for statement in statements:
                database.cursor().execute(statement.format(name))
        code, [line] = start(tmp_path, DATABASE_URL=url)
    assert code == 1
    assert line.startswith(said.format(name))


@pytest.mark.django_db(transaction=True)
def test_code_older_than_its_database_says_so_loudly(capsys: pytest.CaptureFixture[str]) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_applied("images", "9999_of_tomorrow")
    recorder.record_applied("an_app_that_was_removed", "0001_initial")
    try:
        serve.migrate()
    finally:
        recorder.record_unapplied("images", "9999_of_tomorrow")
        recorder.record_unapplied("an_app_that_was_removed", "0001_initial")
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(
        f"WARNING: this code is older than its database: image-store {settings.VERSION} does not"
    )
    assert "know images.9999_of_tomorrow. Start" in line
    serve.migrate()
    assert capsys.readouterr().err == ""


def test_a_database_that_is_starting_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [OperationalError(2002, "Can't connect"), OperationalError(2003, "Can't connect"), None]

    def connect() -> None:
        if error := answers.pop(0):
            raise error

    monkeypatch.setattr(connection, "ensure_connection", connect)
    monkeypatch.setattr(serve.time, "sleep", lambda seconds: None)
    serve.wait_for_database()
    assert answers == []
