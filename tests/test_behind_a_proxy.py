"""A store with https in SITE_URL, whose proxy connects from one address alone."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.people import PASSWORD, PATIENCE, Person
from tests.raw_http import Answer, send
from tests.servers import ROOT, Server, running

PROXY, OTHER = "127.0.7.1", "127.0.7.2"


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("behind-a-proxy")
    site = {"SITE_URL": "https://pictures.example.org", "ALLOWED_HOSTS": "pictures.example.org,localhost,127.0.0.1"}
    # One thread: each request comes after another one in the same thread.
    with running(folder, **site, FORWARDED_ALLOW_IPS=PROXY, NUM_PROXIES="1", THREADS="1") as started:
        yield started


def visitor(server: Server, peer: str, **said: str) -> Person:
    person = Person(server, "", peer)
    person.http.headers.update({"Host": "pictures.example.org", **said})
    return person


HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.1"}


def test_only_the_proxy_says_that_a_request_came_by_https(own_server: Server) -> None:
    page = visitor(own_server, PROXY, **HTTPS).get("/", expect=200)
    assert page.headers["Strict-Transport-Security"]
    for liar in (
        {**HTTPS},
        {"X-Forwarded-Ssl": "on"},
        {"X-Forwarded-Protocol": "ssl"},
        {"Forwarded": "proto=https"},
    ):
        answer = visitor(own_server, OTHER, **liar).get("/", expect=301)
        assert answer.headers["Location"] == "https://pictures.example.org/"
    visitor(own_server, PROXY, **{"X-Forwarded-Ssl": "on"}).get("/", expect=301)


def test_the_address_that_the_proxy_names_is_the_clients(own_server: Server) -> None:
    person = visitor(own_server, PROXY, **{**HTTPS, "X-Forwarded-For": "192.0.2.66, 198.51.100.1"})
    person.call("POST", "auth/login/", json={"email": "nobody@example.org", "password": PASSWORD}, expect=401)
    assert [line["address"] for line in log_of(own_server) if line["event"] == "login failed"] == ["198.51.100.1"]


def test_no_line_of_the_log_bears_the_ids_of_another_request(own_server: Server) -> None:
    person = visitor(own_server, PROXY, **HTTPS)
    body = {"email": "alice@example.org", "password": PASSWORD}
    answer = person.post("auth/register/", json=body, expect=201)
    headers = {"Authorization": f"Bearer {answer.json()['access']}"}
    mine = person.get("albums/", headers=headers, expect=200).headers["X-Request-ID"]
    wrong = requests.get(f"{person.base}/albums/", headers={"Host": "evil.example"}, timeout=PATIENCE)
    assert wrong.status_code == 400
    assert head_that_nobody_can_read(own_server).status == 400
    lines = log_of(own_server)
    [own] = [line for line in lines if line.get("request_id") == mine]
    assert (own["path"], type(own["user_id"])) == ("/api/v1/albums/", int)
    [host] = [line for line in lines if line["logger"] == "django.security.DisallowedHost"]
    assert "user_id" not in host
    assert (host["level"], "exception" in host) == ("warning", False)
    assert [line for line in lines if line["logger"] == "gunicorn.error" and "request_id" in line] == []
    assert [line for line in lines if line["logger"] == "gunicorn.error"] != []


def head_that_nobody_can_read(server: Server) -> Answer:
    answer = send(server, b"GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n")
    assert answer is not None
    return answer


def log_of(server: Server) -> list[Any]:
    return [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"SITE_URL": "https://pictures.example.org"}, "FORWARDED_ALLOW_IPS"),
        ({"NUM_PROXIES": "1"}, "FORWARDED_ALLOW_IPS"),
        ({"FORWARDED_ALLOW_IPS": "proxy.example.org"}, "FORWARDED_ALLOW_IPS"),
        ({"FORWARDED_ALLOW_IPS": "127.0.0.1", "NUM_PROXIES": "-1"}, "NUM_PROXIES"),
        ({"FORWARDED_ALLOW_IPS": "127.0.0.1"}, "NUM_PROXIES"),
    ],
)
def test_a_proxy_that_would_not_be_believed_stops_the_start(
    wrong: dict[str, str], named: str, tmp_path: Any
) -> None:
    keys = {"SECRET_KEY": "x" * 40, "JWT_SIGNING_KEY": "y" * 40, "DATA_DIR": str(tmp_path), "ENV_FILE": "/dev/null"}
    command = [sys.executable, "-c", "import imagestore.settings"]
    run = subprocess.run(command, cwd=ROOT, env={**keys, **wrong}, capture_output=True, text=True)
    assert run.returncode == 1
    assert named in run.stderr.splitlines()[-1]
