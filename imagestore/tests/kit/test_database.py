"""How long the database may take, and who begins again after a deadlock."""

import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, connection, connections, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from albums.models import Album
from imagestore.kit.database import retry_transaction
from imagestore.kit.errors import as_problem
from imagestore.kit.sqlite import LimitedConnection
from tests.mariadb import connect, fresh_schema
from tests.rows import album_of, image_in, person
from tests.servers import ROOT

on_mysql = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("mysql"),
    reason="about MySQL: runs in the half of the tests that is on its protocol",
)


# ---- Who hurries ------------------------------------------------------------------------------


NUMBERS = f"({' UNION ALL '.join(['SELECT 1 AS number'] * 100)})"
# It takes minutes where nothing ends it.
COSTLY = f"SELECT count(*) FROM {NUMBERS} a, {NUMBERS} b, {NUMBERS} c, {NUMBERS} d, {NUMBERS} e"


def run_in_a_process(url: str, code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "shell", "--traceback", "-v", "0", "-c", code],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DATABASE_TIMEOUT": "1"},
        capture_output=True,
        text=True,
        timeout=30,
    )


AS_THE_SERVER = "from imagestore.kit.database import limit_statement_time as limit; limit()\n"
EXECUTE = "from django.db import connection; connection.cursor().execute({statement!r})"


@on_mysql
def test_a_command_has_no_limit_for_its_statements() -> None:
    with fresh_schema(os.environ["DATABASE_URL"]) as url:
        ended = run_in_a_process(url, EXECUTE.format(statement="SELECT SLEEP(4)"))
    assert (ended.returncode, ended.stderr) == (0, "")


@on_mysql
def test_the_database_itself_ends_a_statement_of_the_server_that_takes_long() -> None:
    """A client that only stops listening leaves the statement to the database, which works on it for minutes."""
    with fresh_schema(os.environ["DATABASE_URL"]) as url:
        ended = run_in_a_process(url, AS_THE_SERVER + EXECUTE.format(statement=COSTLY))
        with closing(connect(url)) as server, server.cursor() as cursor:
            cursor.execute(
                "SELECT info FROM information_schema.processlist WHERE info LIKE 'SELECT count(*) FROM (SELECT%'"
            )
            left = cursor.fetchall()
    # The numbers of MariaDB and of MySQL.
    assert re.findall(r"OperationalError: \((\d+)", ended.stderr)[-1] in ("1969", "3024")
    assert left == ()


def test_sqlite_ends_a_statement_of_the_server_that_takes_long(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").touch()
    code = AS_THE_SERVER + EXECUTE.format(statement=COSTLY)
    ended = run_in_a_process(f"sqlite:///{tmp_path}/db.sqlite3", code)
    assert ended.stderr.splitlines()[-1] == "django.db.utils.OperationalError: interrupted"


def test_an_ended_statement_is_a_503() -> None:
    for error in (OperationalError(1969, ""), OperationalError(3024, ""), OperationalError("interrupted")):
        problem = as_problem(error)
        assert problem is not None
        assert (problem.status, problem.code) == (503, "database_unavailable")


def test_on_sqlite_only_selects_have_the_limit_and_each_has_all_of_it(settings, tmp_path: Path) -> None:
    settings.DATABASE_TIMEOUT = 0
    (tmp_path / "db").touch()
    with closing(sqlite3.connect(tmp_path / "db", factory=LimitedConnection)) as database:
        cursor = database.cursor()
        cursor.execute("CREATE TABLE numbers (number)")
        cursor.execute(f"INSERT INTO numbers SELECT 1 FROM {NUMBERS} a, {NUMBERS} b, {NUMBERS} c")
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            cursor.execute("SELECT count(*) FROM numbers WHERE number > 1")
        settings.DATABASE_TIMEOUT = 30
        assert cursor.execute("SELECT count(*) FROM numbers WHERE number > 1").fetchall() == [(0,)]


def test_the_server_makes_no_new_file_where_its_database_was(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        sqlite3.connect(tmp_path / "a db?", factory=LimitedConnection)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a db?").touch()
    sqlite3.connect(tmp_path / "a db?", factory=LimitedConnection).close()


# ---- Which errors pass ------------------------------------------------------------------------

GONE, FULL, DEFECT = (503, "database_unavailable"), (503, "storage_unavailable"), None


def answer_to(error: Exception) -> tuple[int, str] | None:
    problem = as_problem(error)
    return problem and (problem.status, problem.code)


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (2002, GONE), (2003, GONE), (2006, GONE), (2013, GONE), (1040, GONE), (1053, GONE), (1205, GONE),
        (1213, GONE), (1969, GONE), (3024, GONE), (1114, FULL), (1290, GONE), (0, GONE),
        ("Server has gone away", GONE),
        (1366, DEFECT), (1045, DEFECT), (1054, DEFECT), (1071, DEFECT), (1153, DEFECT), (1267, DEFECT),
    ],
)  # fmt: skip
def test_only_what_passes_is_answered_with_come_again(code: object, answer: tuple[int, str] | None) -> None:
    assert answer_to(OperationalError(code, "…")) == answer


def test_an_interface_without_a_connection_passes() -> None:
    assert answer_to(InterfaceError(0, "")) == GONE
    assert answer_to(InterfaceError("connection already closed")) == GONE


def error_of_sqlite(file: Path, *statements: str) -> Exception:
    """The error of the last statement, as Django raises it."""
    with closing(sqlite3.connect(file, timeout=0)) as one, closing(sqlite3.connect(file, timeout=0)) as other:
        one.execute("CREATE TABLE t (a)")
        one.execute("BEGIN IMMEDIATE")
        try:
            other.execute(*statements)
        except sqlite3.OperationalError as error:
            wrapped = OperationalError(*error.args)
            wrapped.__cause__ = error
            return wrapped
    raise AssertionError("no error")


def test_a_lock_of_sqlite_passes_and_a_missing_table_does_not(tmp_path: Path) -> None:
    assert answer_to(error_of_sqlite(tmp_path / "1", "INSERT INTO t VALUES (1)")) == GONE
    assert answer_to(error_of_sqlite(tmp_path / "2", "SELECT * FROM no_such_table")) == DEFECT


@on_mysql
@pytest.mark.django_db(transaction=True)
def test_text_that_the_database_cannot_store_is_a_defect_and_no_outage(client: Client) -> None:
    """Error 1366 of a column in latin1. An answer of 503 would be repeated for ever."""
    client.raise_request_exception = False
    client.force_login(person("alice"))
    change = "ALTER TABLE albums_album MODIFY title VARCHAR(200) CHARACTER SET {} NOT NULL"
    try:
        connection.cursor().execute(change.format("latin1"))
        refused = client.post("/api/v1/albums/", {"title": "🏔"}, content_type="application/json")
    finally:
        connection.cursor().execute(change.format("utf8mb4"))
    assert (refused.status_code, refused.get("Retry-After")) == (500, None)


# ---- Deadlocks --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_lost_deadlock_is_tried_again_but_not_inside_another_transaction() -> None:
    tries = []

    @retry_transaction
    def work() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError(1213, "Deadlock found when trying to get lock")

    work()
    assert len(tries) == 2
    tries.clear()
    with pytest.raises(OperationalError), transaction.atomic():
        work()
    assert len(tries) == 1


class Rival(threading.Thread):
    """Holds an album, and wants its owner as soon as somebody who has that one waits for the album."""

    def __init__(self, album: Album) -> None:
        super().__init__()
        self.album, self.holds = album, threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic():
                # The server gives up whoever has changed least.
                other = person("rival")
                Album.objects.bulk_create([Album(owner=other, title=str(number)) for number in range(50)])
                Album.objects.select_for_update().get(pk=self.album.pk)
                self.holds.set()
                self._wait_for_a_waiter()
                User.objects.select_for_update().get(pk=self.album.owner_id)
        finally:
            connections.close_all()

    def _wait_for_a_waiter(self) -> None:
        deadline = time.monotonic() + 20
        with connection.cursor() as cursor:
            while not cursor.execute("SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"):
                assert time.monotonic() < deadline, "nobody waits for the album"
                # Asked more often than ten times a second, the server repeats its old answer.
                time.sleep(0.2)

    def __enter__(self) -> "Rival":
        self.start()
        assert self.holds.wait(10)
        return self

    def __exit__(self, *error: object) -> None:
        self.join()


@on_mysql
@pytest.mark.django_db(transaction=True)
def test_an_operator_who_loses_a_deadlock_is_asked_to_come_again(client: Client) -> None:
    """Django's admin wraps its pages in a transaction, which only they could begin again."""
    client.force_login(person("root", is_staff=True, is_superuser=True))
    image = image_in(album_of(person("alice")))
    page = reverse("admin:images_image_delete", args=[image.pk])
    with Rival(image.album):
        refused = client.post(page, {"post": "yes"})
    assert refused.status_code == 503
    assert int(refused["Retry-After"]) > 0
    assert client.post(page, {"post": "yes"}).status_code == 302
