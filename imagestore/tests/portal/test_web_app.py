"""What makes the portal an app: manifest, service worker, the page without a connection, share target."""

import json
import re

import pytest
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.test import Client
from PIL import Image

from images.processing.results import EXTENSIONS
from imagestore.portal import web_app
from imagestore.portal.uploads import ACCEPTED_FILES
from tests.access.endpoints import signed_in
from tests.rows import person

pytestmark = pytest.mark.django_db


def test_the_manifest_comes_with_its_type_and_says_what_an_app_needs(client):
    answer = client.get("/site.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    manifest = answer.json()
    assert [manifest[name] for name in ("id", "start_url", "scope", "display")] == ["/", "/", "/", "standalone"]
    for shortcut in manifest["shortcuts"]:
        assert client.get(shortcut["url"]).status_code == 302


def test_each_icon_of_the_manifest_has_the_size_that_it_names(client):
    icons = client.get("/site.webmanifest").json()["icons"]
    assert {icon.get("purpose") for icon in icons} == {None, "any", "maskable"}
    for icon in icons[1:]:
        with Image.open(finders.find(icon["src"].removeprefix("/static/"))) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]


def test_phones_share_what_the_store_takes(client):
    target = client.get("/site.webmanifest").json()["share_target"]
    accept = {"files": [{"name": "photos", "accept": ACCEPTED_FILES}]}
    assert target == {"action": "/share/", "method": "POST", "enctype": "multipart/form-data", "params": accept}
    # Browsers and phones count these to image/*.
    plain = {".jpg", ".png", ".gif", ".webp"}
    assert {f".{ending}" for ending in EXTENSIONS.values()} - plain <= set(ACCEPTED_FILES)


def given_to_the_worker(client):
    answer = client.get("/sw.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer["Cache-Control"] == "private, no-cache"
    assert "worker-src 'self'" in answer["Content-Security-Policy"]
    return json.loads(re.search(r"serve\((.*)\);", answer.content.decode())[1])


def test_the_worker_stores_a_page_without_a_word_about_its_user(client):
    """And the static files alone that the page needs."""
    alice = person("alice")
    given = given_to_the_worker(signed_in(alice))
    assert given == given_to_the_worker(client)
    page = signed_in(alice).get(given["offline"]).content.decode()
    assert page == client.get(given["offline"]).content.decode()
    assert "alice" not in page
    assert "csrf" not in page
    assert "/static/js/offline-page.js" in given["files"]
    assert [path for path in given["files"] if not finders.find(path.removeprefix("/static/"))] == []


def test_the_worker_is_another_when_its_page_has_changed(client, monkeypatch):
    first = given_to_the_worker(client)["version"]
    web_app._shell.cache_clear()
    assert given_to_the_worker(client)["version"] == first
    web_app._shell.cache_clear()
    monkeypatch.setattr(web_app, "render_to_string", lambda name: render_to_string(name) + "<p>new</p>")
    assert given_to_the_worker(client)["version"] != first
    web_app._shell.cache_clear()


def test_photos_that_reach_the_server_are_not_taken(settings):
    """There was no service worker yet. No CSRF token comes with them, and they may be long."""
    settings.MAX_TEXT_BYTES = 1024
    client = Client(enforce_csrf_checks=True)
    photo = SimpleUploadedFile("photo.jpg", b"x" * 10_000, "image/jpeg")
    answer = client.post("/share/", {"photos": photo})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/share/")
    client.force_login(person("alice"))
    answer = client.post("/share/", {"photos": photo})
    assert (answer.status_code, answer["Location"]) == (302, "/share/")
    assert answer.wsgi_request._read_started is False
    assert "share" in client.get("/share/").content.decode()


def test_the_page_says_when_the_browser_had_no_room():
    assert "Share fewer at once." in signed_in(person("alice")).get("/share/?full").content.decode()
