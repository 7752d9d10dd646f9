"""What an operator does with docker-compose.yml (docs/backup.md, README.md)."""

import os
import time
from typing import Any

import pytest
import requests

from images.tests.pictures import quarters, saved
from tests.docker.conftest import Composed
from tests.docker.engine import docker
from tests.people import PATIENCE, Person

pytestmark = [pytest.mark.docker, pytest.mark.slow]
PHOTO = saved(quarters(3000, 2000), "JPEG", quality=95)


@pytest.fixture
def photo(alice: Person) -> dict[str, Any]:
    return alice.picture(alice.album(), PHOTO)


def original_of(person: Person, image: dict[str, Any]) -> bytes:
    return person.get(f"images/{image['id']}/file/", expect=200).content


def test_down_and_up_keep_everything(server: Composed, alice: Person, photo: dict[str, Any]) -> None:
    server.compose("down")
    server.up()
    assert original_of(alice, photo) == PHOTO


@pytest.mark.parametrize("service", ["app", "nginx", "redis", "db"])
def test_a_container_that_is_killed_comes_back(
    server: Composed, alice: Person, photo: dict[str, Any], service: str
) -> None:
    """Each by itself. nginx finds the store again though it may have another address."""
    container = server.container(service)
    pid = docker("inspect", "--format", "{{.State.Pid}}", container).strip()
    os.kill(int(pid), 9)
    server.wait()
    assert original_of(alice.log_in(), photo) == PHOTO


def test_a_backup_restores_on_an_empty_machine(server: Composed, alice: Person, photo: dict[str, Any]) -> None:
    """By the service that takes one each day, and at its start."""
    os.chown(server.backup, 10001, 10001)
    server.compose("--profile", "backup", "up", "--detach", "backup")
    deadline = time.monotonic() + PATIENCE
    while not (server.backup / "database.sql").exists():
        assert time.monotonic() < deadline, server.compose("--profile", "backup", "logs", "backup")
        time.sleep(0.5)
    server.compose("--profile", "backup", "rm", "--stop", "--force", "backup")
    server.end()

    server.store(
        "sh", "-c",
        "cp /backup/secrets.env /data/ && python manage.py restore /backup && python manage.py verify --checksums",
    )  # fmt: skip
    server.up()
    # The same keys: the login of before still counts.
    assert original_of(alice, photo) == PHOTO


def test_workers_of_the_profile_make_the_sizes(server: Composed, alice: Person) -> None:
    """Afterwards the store makes them itself again."""
    album = alice.album()
    with server.workers():
        assert alice.picture(album, PHOTO)["status"] == "ready"
    assert alice.picture(album, saved(quarters(3001, 2000), "JPEG"))["status"] == "ready"


def test_only_nginx_can_be_reached(server: Composed) -> None:
    published = {
        service: docker("port", server.container(service)).strip() for service in ("app", "nginx", "redis", "db")
    }
    assert published == {"app": "", "nginx": f"8080/tcp -> 127.0.0.1:{server.port}", "redis": "", "db": ""}


def test_a_proxy_in_front_says_who_the_client_is_and_that_it_speaks_https(server: Composed, alice: Person) -> None:
    """What compose's nginx hands on: links of an answer bear the scheme."""
    secure = alice.get("albums/", headers={"X-Forwarded-Proto": "https"}, expect=200)
    plain = alice.get("albums/", expect=200)
    assert secure.headers.get("Strict-Transport-Security") == plain.headers.get("Strict-Transport-Security")
    created = alice.post("albums/", json={"title": "x"}, headers={"X-Forwarded-Proto": "https"}, expect=201)
    assert created.json()["url"].startswith("https://")
    assert alice.post("albums/", json={"title": "x"}, expect=201).json()["url"].startswith("http://")


def test_text_is_compressed_and_sizes_are_cached(server: Composed, alice: Person, photo: dict[str, Any]) -> None:
    base = f"http://127.0.0.1:{server.port}"
    page = requests.get(base, headers={"Accept-Encoding": "gzip"}, timeout=PATIENCE)
    assert page.headers["Content-Encoding"] == "gzip"
    link = photo["variants"]["thumb"]["url"]
    first, second = requests.get(link, timeout=PATIENCE), requests.get(link, timeout=PATIENCE)
    assert (first.status_code, first.content) == (200, second.content)
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
