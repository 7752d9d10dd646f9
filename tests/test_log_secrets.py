"""No line of the log tells a secret: working links, tokens, keys of mails, cookies, passwords."""

import json
import logging
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.helpers import delivered
from images.delivery.links import links_of
from images.tests.pictures import jpeg_bytes
from tests.leaks import LogOfServer, Search, leaks_in, remember
from tests.people import PASSWORD, Person
from tests.raw_http import send
from tests.rows import World, bearer

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTg5MDAwMCJ9.abc"
LEAKS = [
    f'{{"event": "{TOKEN}"}}',
    f'{{"request": "<WSGIRequest: GET \'/media/x/original.jpg?expires=1&signature={"0a" * 16}\'>"}}',
    f"sessionid={'a1' * 16}",
    "Authorization: Bearer abcdefgh.ijklmnop.q",
    '{"event": "Forbidden: /accounts/password/reset/key/0189-cabc12-9f8e7d6c5b4a39281706f5e4d3c2b1a0/"}',
    '{"event": "Not Found: /accounts/confirm-email/eyJ1c2VyIjoi:1vO4xY:abc/"}',
    f"Traceback: {PASSWORD}",
]


@pytest.mark.parametrize("line", LEAKS)
def test_the_search_finds_a_secret(line: str) -> None:
    assert leaks_in(f"a line\n{line}\nanother") == [line]


def test_the_search_finds_what_a_server_gave() -> None:
    class Answer:
        cookies = ()
        headers = {"Content-Type": "application/json"}  # noqa: RUF012
        text = '{"access": "no-known-form-1234567890", "url": "/x?signature=0z0z0z0z0z0z0z0z0z"}'

    remember(Answer())
    log = "no-known-form-1234567890 was seen\n and 0z0z0z0z0z0z0z0z0z\nand no-other-form-1234567890"
    assert len(leaks_in(log)) == 2


def test_a_mail_that_is_printed_is_no_leak() -> None:
    key = "0189-cabc12-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
    assert leaks_in(f"http://localhost:9999/accounts/password/reset/key/{key}/") == []


def test_the_log_of_a_server_is_searched_from_where_the_last_search_ended(tmp_path: Any) -> None:
    file = tmp_path / "server.log"
    log = LogOfServer(file)
    log.search()
    file.write_text("fine\n")
    log.search()
    file.write_text(f"fine\n{LEAKS[0]}\n")
    with pytest.raises(AssertionError):
        log.search()
    log.search()


# What Django prints of requests by itself, in the tests' own process: conftest.py searches each line.


def lines_of(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int]]:
    """Loggers with the status that they tell."""
    return [(record.name, getattr(record, "status_code", 0)) for record in caplog.records]


@pytest.fixture
def search() -> Any:
    [found] = [handler for handler in logging.getLogger().handlers if isinstance(handler, Search)]
    return found


@pytest.mark.django_db
def test_links_that_fail_are_not_printed(caplog: pytest.LogCaptureFixture, search: Search, settings: Any) -> None:
    world = World()
    link, client = links_of(world.image).original, Client(raise_request_exception=False)
    assert client.get(link, headers={"Range": "bytes=99999999-"}).status_code == 416
    assert client.put(link).status_code == 405
    assert client.get(link, headers={"Host": "evil.example"}).status_code == 400
    settings.STORAGES = {**settings.STORAGES, "images": {"BACKEND": "no.such.Storage"}}
    assert client.get(link).status_code == 500
    assert client.get(
        reverse("api-image", args=[world.image.public_id]) + "?x=y", headers=bearer(world.alice)
    ).status_code
    assert {status for name, status in lines_of(caplog) if name.startswith("django.")} >= {400, 405, 416, 500}
    signature = link.rpartition("=")[2]
    printed = [search.format(record) for record in caplog.records]
    assert [line for line in printed if signature in line] == []


@pytest.mark.django_db
def test_keys_of_mails_that_fail_are_not_printed(caplog: pytest.LogCaptureFixture, search: Search) -> None:
    world = World()
    Client().post(reverse("account_reset_password"), {"email": world.alice.email})
    [link] = re.findall(r"http://[^/]+(/\S+/reset/key/\S+)", delivered()[0].body)
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(link, {"password1": PASSWORD}).status_code == 403
    assert Client().get(link, headers={"Host": "evil.example"}).status_code == 400
    assert Client().post(link, "x", content_type="text/plain; charset=utf-7").status_code == 415
    assert {name for name, _ in lines_of(caplog)} >= {"django.security.csrf", "django.security.DisallowedHost"}
    key = link.rstrip("/").rpartition("/")[2]
    assert [line for line in map(search.format, caplog.records) if key in line] == []


@pytest.mark.slow
def test_a_server_prints_no_link_and_no_key_of_a_mail(server: Any, alice: Person) -> None:
    image = alice.picture(alice.album(), jpeg_bytes(64, 48))
    link = image["original"]["url"]
    alice.get(link, headers={"Range": "bytes=99999999-"}, expect=416)
    alice.get(link, headers={"Host": "evil.example"}, expect=400)
    path = link.removeprefix(alice.base)
    send(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n".encode())
    portal = alice.portal()
    assert portal.cookies["sessionid"]
    alice.call("POST", "/accounts/password/reset/", data={"email": alice.email}, expect=403)
    text = server.log.read_text()
    assert leaks_in(text) == []
    statuses = {line.get("status_code") for line in map(json.loads, re.findall(r"^\{.*\}$", text, re.MULTILINE))}
    assert statuses >= {400, 403, 416}
