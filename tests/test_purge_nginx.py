"""deploy/purge_nginx.py alone: who may call it, and how long anybody holds it. tests/test_cdn.py has nginx, too."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from deploy import purge_nginx
from tests.receivers import serving
from tests.servers import ROOT

TOKEN = "t" * 32
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PREFIX = "/photos/media/01890000-0000-7000-8000-000000000000/"


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    """A file as nginx stores one."""
    file = tmp_path / "a" / "bc" / "0123"
    file.parent.mkdir(parents=True)
    file.write_bytes(
        b"\x05\x00head\nKEY: " + f"{PREFIX}thumb.v2.jpg?expires=1&signature=2".encode() + b"\nHTTP/1.1 200"
    )
    return file


@pytest.fixture
def hook(tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    monkeypatch.setattr(purge_nginx.Handler, "cache", tmp_path)
    monkeypatch.setattr(purge_nginx.Handler, "token", TOKEN)
    monkeypatch.setattr(purge_nginx, "REQUEST_SECONDS", 0.3)
    with serving(HTTPServer(("127.0.0.1", 0), purge_nginx.Handler)) as server:
        yield server


def post(hook: HTTPServer, body: Any, headers: dict[str, str]) -> int:
    url = f"http://127.0.0.1:{hook.server_port}/"
    return requests.post(url, body, headers=headers, timeout=5).status_code


def test_with_the_token_files_of_these_prefixes_are_removed(hook: HTTPServer, cached: Path) -> None:
    for others in ("/media/01890000-0000-7000-8000-000000000000/", PREFIX[:-1], "/photos/", ""):
        assert post(hook, json.dumps({"prefixes": [others]}), BEARER) == 204
    assert cached.exists()
    assert post(hook, json.dumps({"prefixes": [PREFIX]}), BEARER) == 204
    assert not cached.exists()


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}x"}])
def test_without_the_token_nothing_is(hook: HTTPServer, cached: Path, given: dict[str, str]) -> None:
    assert post(hook, json.dumps({"prefixes": [PREFIX]}), given) == 403
    assert cached.exists()


@pytest.mark.parametrize("body", ["", "x", "[]", "{}", '{"prefixes": 5}', "[" * 60_000])
def test_what_is_no_list_of_prefixes_is_refused(hook: HTTPServer, body: str) -> None:
    assert post(hook, body, BEARER) == 400


@pytest.mark.parametrize(
    "head",
    [
        "POST / HTTP/1.1\r\nX-Long: ",
        f"POST / HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_who_drips_holds_it_for_a_while_only(hook: HTTPServer, head: str) -> None:
    with socket.create_connection(("127.0.0.1", hook.server_port)) as client:
        client.sendall(head.encode())
        threading.Thread(target=drip, args=(client, ended := threading.Event()), daemon=True).start()
        assert post(hook, json.dumps({"prefixes": []}), BEARER) == 204
        ended.set()


def drip(client: socket.socket, ended: threading.Event) -> None:
    with suppress(OSError):
        while not ended.wait(0.05):
            client.sendall(b"x")


@pytest.mark.parametrize("token", ["", "short"])
def test_it_does_not_start_without_a_token(tmp_path: Path, token: str) -> None:
    command = [sys.executable, ROOT / "deploy" / "purge_nginx.py", tmp_path, "127.0.0.1", "0"]
    ended = subprocess.run(command, env={"PURGE_TOKEN": token}, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert ended.stderr.startswith("PURGE_TOKEN must have 32 characters or more")
