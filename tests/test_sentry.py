"""Errors arrive at Sentry without personal data; a dead Sentry holds nothing up; without one nothing is loaded."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import brotli
import pytest

from tests.leaks import leaks_in
from tests.people import PATIENCE, Person
from tests.receivers import Taker, serving
from tests.servers import ROOT, Server

pytestmark = pytest.mark.slow

# Raised with secrets in its text, its variables and the arguments of the log, as code of ours might.
SCRIPT = """
import logging, sys
import django
django.setup()
from imagestore.kit import sentry
sentry.start()
if "sentry_sdk" in sys.modules:
    import structlog, sentry_sdk
    structlog.contextvars.bind_contextvars(request_id="0123456789abcdef", user_id=77)
    password = "correct horse battery"
    try:
        try:
            open("/no/such/Ada in Rome.jpg")
        except OSError:
            raise ValueError("Duplicate entry 'ada@example.org', bob@example.org signature=0a0a0a0a0a0a0a0a")
    except ValueError:
        logging.getLogger("images.test").exception("no %s", "/media/x/Ada in Rome.jpg?signature=0a0a0a0a0a0a0a0a")
    logging.getLogger("images.test").warning("a warning")
    sentry_sdk.flush()
print("sentry_sdk" in sys.modules)
"""
# What must stand in no event.
PERSONAL = ("Ada", "Rome", "example.org", "correct horse", "0a0a0a0a", "/media/x", "a warning", "--argument")


class Sentry(ThreadingHTTPServer):
    """Takes what the library sends."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.texts: list[str] = []
        self.has_come = threading.Event()

    @property
    def dsn(self) -> str:
        return f"http://key@127.0.0.1:{self.server_port}/1"

    def events(self) -> list[dict[str, Any]]:
        """An envelope is lines: its head, then head and body of each item."""
        lines = [line for text in self.texts for line in text.splitlines()]
        return [json.loads(line) for line in lines if '"event_id"' in line and '"platform"' in line]


class _Handler(Taker):
    server: Sentry

    def take(self, body: bytes) -> None:
        # The library takes Brotli because whitenoise brought it.
        assert self.headers["Content-Encoding"] == "br"
        self.server.texts.append(brotli.decompress(body).decode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.server.has_come.set()


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    with serving(Sentry()) as server:
        yield server


def run(tmp_path: Path, **knobs: str) -> str:
    env = {**os.environ, "DATA_DIR": str(tmp_path), **knobs}
    command = [sys.executable, "-c", SCRIPT, "--argument"]
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_without_a_dsn_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    assert run(tmp_path) == "False\n"


def test_an_error_arrives_with_its_stack_and_without_a_secret(tmp_path: Path, sentry: Sentry) -> None:
    assert run(tmp_path, SENTRY_DSN=sentry.dsn) == "True\n"
    [event] = sentry.events()
    assert (event["level"], event["logger"], event["tags"]) == (
        "error", "images.test", {"request_id": "0123456789abcdef"},
    )  # fmt: skip
    assert event["logentry"] == {"message": "no %s"}
    values = event["exception"]["values"]
    assert [value["type"] for value in values] == ["FileNotFoundError", "ValueError"]
    assert values[0]["value"] == "[Errno 2] No such file or directory: …"
    assert all(value["stacktrace"]["frames"][-1]["lineno"] > 0 for value in values)
    sent = "\n".join(sentry.texts)
    assert [word for word in PERSONAL if word in sent] == []
    assert leaks_in(sent) == []


@contextmanager
def on_sqlite(folder: Path, dsn: str) -> Iterator[Server]:
    """Whatever database is under test: the test breaks it."""
    server = Server(folder, SENTRY_DSN=dsn).start()
    try:
        yield server
    finally:
        server.stop()


def break_the_database(server: Server) -> None:
    """From now on each look at the queue, and each request for images, is an error that nobody foresaw."""
    with sqlite3.connect(server.folder / "data" / "db.sqlite3") as database:
        database.execute("ALTER TABLE images_image RENAME TO gone")
    database.close()


def test_what_breaks_in_a_server_arrives(tmp_path: Path, sentry: Sentry) -> None:
    with on_sqlite(tmp_path, sentry.dsn) as server:
        ada = Person.sign_up(server, "ada")
        album = ada.album("Rome")
        break_the_database(server)
        assert ada.get(f"albums/{album}/images/").status_code == 500
        deadline = time.monotonic() + PATIENCE
        while not any(event["logger"] == "django.request" for event in sentry.events()):
            assert sentry.has_come.wait(deadline - time.monotonic())
            sentry.has_come.clear()
    [event, *_] = [event for event in sentry.events() if event["logger"] == "django.request"]
    assert event["exception"]["values"][-1]["type"] == "OperationalError"
    sent = "\n".join(sentry.texts)
    assert [word for word in (ada.email, ada.token, album, "Rome") if word in sent] == []
    assert leaks_in(sent) == []


def test_a_dead_sentry_holds_nothing_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
        dsn = f"http://key@127.0.0.1:{silent.getsockname()[1]}/1"
        with on_sqlite(tmp_path, dsn) as server:
            ada = Person.sign_up(server, "ada")
            album = ada.album()
            break_the_database(server)
            began = time.monotonic()
            for _ in range(10):
                assert ada.get(f"albums/{album}/images/").status_code == 500
            # The library waits 30 seconds for each answer.
            assert time.monotonic() - began < 15
