"""One version: pyproject.toml has it, operators see it in three places."""

import re
import tomllib

import pytest
import requests
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.servers import ROOT, Server

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_newest_heading_of_the_changelog_bears_it() -> None:
    newest = re.search(r"^## ([^,\s]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == VERSION


def test_each_release_has_a_heading_with_its_day() -> None:
    """The newest may wait for it."""
    headings = re.findall(r"^## (.+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings.pop() == "Before"
    day = r"(20\d\d-\d\d-\d\d)"
    assert re.fullmatch(rf"\d+\.\d+\.\d+, (not yet released|{day})", headings[0])
    assert [heading for heading in headings[1:] if not re.fullmatch(rf"\d+\.\d+\.\d+, {day}", heading)] == []


def test_the_server_tells_it_at_its_start_and_when_asked(server: Server) -> None:
    assert f"image-store {VERSION} is ready: {server.url}\n" in server.log.read_text()
    answer = requests.get(f"{server.url}/healthz/ready", timeout=30)
    assert answer.json() == {"status": "ok", "down": [], "version": VERSION}


@pytest.mark.django_db
def test_every_page_of_the_admin_shows_it(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root@example.org", "korrekt-horse-9"))
    for page in ("admin:index", "admin:accounts_user_changelist", "admin:images_image_changelist"):
        assert f"Image store {VERSION}" in client.get(reverse(page)).content.decode()


def test_the_api_keeps_its_own() -> None:
    assert settings.SPECTACULAR_SETTINGS["VERSION"] == "1"
