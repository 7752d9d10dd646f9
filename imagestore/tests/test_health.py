"""`/healthz/`: asked by any Host, answered in time, and true about what does not work."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import Error, connections
from django.test import Client

from images.storage import identity, scratch
from images.storage.base import image_storage
from images.storage.disk import DurableFileStorage
from imagestore import health
from tests.processes import needs_ipv6
from tests.rows import person
from tests.servers import ROOT, running

pytestmark = pytest.mark.django_db(transaction=True)
LIVE, READY = "/healthz/live", "/healthz/ready"


@pytest.fixture(autouse=True)
def storage() -> None:
    identity.establish()


@pytest.mark.parametrize("path", [LIVE, READY])
@pytest.mark.parametrize("host", ["10.42.0.17:9999", "app", "[fd00::1]", "no host, but a sentence", ""])
@pytest.mark.parametrize("site", ["http://localhost", "https://pictures.example.org"])
def test_any_host_may_ask(client: Client, settings, path: str, host: str, site: str) -> None:
    settings.ALLOWED_HOSTS = ["192.168.1.5"]
    settings.SECURE_SSL_REDIRECT = site.startswith("https")
    settings.SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
    answer = client.get(path, headers={"Host": host})
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert host.partition(":")[0] not in answer.content.decode() or not host


@pytest.mark.parametrize("path", ["/", "/api/v1/albums/", "/healthz"])
def test_no_other_path_answers_a_foreign_host(client: Client, path: str) -> None:
    assert client.get(path, headers={"Host": "evil.example"}).status_code == 400


def test_a_database_that_is_away_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise Error("gone")

    with monkeypatch.context() as broken:
        broken.setattr(type(connections["default"]), "cursor", lambda self: refuse())
        answer = client.get(READY)
    assert (answer.status_code, answer.json()["down"], answer["Retry-After"]) == (503, ["database"], "5")


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A storage that does not answer. How often it was asked."""
    thaw, asked = threading.Event(), list[int]()

    def hang(self: DurableFileStorage) -> bool:
        asked.append(1)
        return thaw.wait(30)

    monkeypatch.setattr(type(image_storage()), "answers", hang)
    yield asked
    thaw.set()
    assert health._checks["storage"].start().result(30)


@pytest.mark.slow
def test_what_hangs_is_named_in_time_and_holds_one_thread(client: Client, frozen: list[int]) -> None:
    for _ in range(2):
        began = time.monotonic()
        answer = client.get(READY)
        assert time.monotonic() - began < 2
        assert (answer.status_code, answer.json()["down"]) == (503, ["storage"])
    assert len(frozen) == 1


@pytest.mark.parametrize("disk", ["staging", "storage"])
def test_a_full_disk_is_not_ok(
    client: Client, settings, disk: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if disk == "staging":
        settings.STAGING_MIN_FREE_BYTES = 2**60
    else:
        monkeypatch.setattr(type(image_storage()), "free_bytes", lambda self: settings.MAX_UPLOAD_BYTES - 1)
    answer = client.get(READY)
    assert (answer.status_code, answer.json()["status"], answer.json()["down"]) == (503, "down", ["space"])
    assert f"too little free disk for uploads: {disk}" in caplog.text
    assert client.get(LIVE).status_code == 200
    client.force_login(person("root", is_staff=True, is_superuser=True))
    assert client.get("/admin/").content.decode().count("full: uploads are refused") == 1


def test_a_disk_without_inodes_is_full(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    inodes = SimpleNamespace(f_files=10, f_favail=0)
    monkeypatch.setattr(scratch.os, "statvfs", lambda path: inodes)
    monkeypatch.setattr(scratch.shutil, "disk_usage", lambda path: SimpleNamespace(free=7))
    assert scratch.free_bytes_at(tmp_path) == 0
    inodes.f_files = 0
    assert scratch.free_bytes_at(tmp_path) == 7


def check_of_the_container(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.healthy"],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=30,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", pytest.param("::", marks=needs_ipv6)])
def test_the_container_asks_where_the_server_listens(tmp_path: Path, host: str) -> None:
    """With ALLOWED_HOSTS that name another address, as on a LAN."""
    with running(tmp_path, HOST=host, ALLOWED_HOSTS="192.168.1.5") as server:
        asked = check_of_the_container(HOST=host, PORT=str(server.port))
        assert (asked.returncode, json.loads(asked.stdout)["status"]) == (0, "ok")
    asked = check_of_the_container(HOST=host, PORT=str(server.port))
    assert (asked.returncode, asked.stderr.startswith("not ready: ")) == (1, True)
