"""Signed links behind deploy/nginx.conf, which stores sizes for seconds: it answers as the store does."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from images.delivery.responses import PROXY_CACHE_SECONDS
from images.tests.pictures import jpeg_bytes
from tests.nginx_server import BEHIND_NGINX, Nginx
from tests.people import PATIENCE, Person
from tests.servers import Server, running

pytestmark = pytest.mark.slow

# Of its own for each answer, or for each connection.
OWN = {"Date", "Server", "Connection", "X-Request-ID", "X-Accel-Expires"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("links-behind-nginx"), **BEHIND_NGINX) as store:
        yield store


@pytest.fixture(scope="module")
def nginx(store: Server) -> Iterator[Nginx]:
    with Nginx(store) as nginx:
        yield nginx


@pytest.fixture
def thumb(store: Server) -> str:
    """The path and query of a new link."""
    owner = Person.sign_up(store, "owner")
    shown = owner.picture(owner.album(), jpeg_bytes(900, 600))
    return str(shown["variants"]["thumb"]["url"]).split(f":{store.port}")[1]


def ask(front: Any, path: str, method: str = "GET", **headers: str) -> requests.Response:
    return requests.request(
        method, f"http://localhost:{front.port}{path}", headers=headers, timeout=PATIENCE, allow_redirects=False
    )


def told(answer: requests.Response) -> tuple[int, dict[str, str], bytes]:
    headers = {name: value for name, value in answer.headers.items() if name not in OWN}
    cache = headers.get("Cache-Control", "")
    if cache.startswith("public, max-age="):  # a second may lie between two answers
        headers["Cache-Control"] = "public"
    return answer.status_code, headers, answer.content


ASKED: list[tuple[str, dict[str, str]]] = [
    ("GET", {}),
    ("HEAD", {}),
    ("GET", {"Range": "bytes=3-9"}),
    ("GET", {"Range": "bytes=-5"}),
    ("GET", {"Range": "bytes=9999999-"}),
    ("GET", {"Range": "bytes=0-4", "If-Range": '"other"'}),
    ("GET", {"If-None-Match": "*"}),
    ("GET", {"If-None-Match": '"other"'}),
    ("GET", {"If-Match": '"other"'}),
    ("GET", {"Accept-Encoding": "gzip, br", "Cookie": "sessionid=" + "x" * 32}),
    ("POST", {}),
    ("DELETE", {}),
]


@pytest.mark.parametrize(("method", "headers"), ASKED)
def test_nginx_answers_as_the_store_does(
    store: Server, nginx: Nginx, thumb: str, method: str, headers: dict[str, str]
) -> None:
    ours = told(ask(store, thumb, method, **headers))
    for _ in range(2):  # from the store, then from nginx
        theirs = told(ask(nginx, thumb, method, **headers))
        if ours[0] == 304:  # nginx repeats more of them, all of the same value
            assert theirs[1].items() >= ours[1].items()
            theirs = theirs[0], ours[1], theirs[2]
        assert theirs == ours


def test_a_link_that_is_asked_for_again_does_not_reach_the_store(store: Server, nginx: Nginx, thumb: str) -> None:
    ids = {ask(nginx, thumb).headers["X-Request-ID"] for _ in range(5)}
    assert len(ids) == 5
    lines = [line for line in store.log.read_text().splitlines() if thumb.split("?")[0] in line]
    assert len(lines) == 1
    assert sum(one in lines[0] for one in ids) == 1


def test_forged_links_are_refused_though_nginx_has_the_file(nginx: Nginx, thumb: str) -> None:
    assert ask(nginx, thumb).status_code == 200
    path, query = thumb.split("?")
    expires, signature = (pair.split("=")[1] for pair in query.split("&"))
    forged = [
        path,
        f"{path}?expires={expires}",
        f"{path}?expires={int(expires) + 60}&signature={signature}",
        f"{path}?expires={expires}&signature={'0' * 32}",
        f"{path}?expires={expires}&signature={signature[:-1]}",
        f"{path.replace('thumb', 'large')}?{query}",
        f"{path.replace('/media/', '/media//')}?{query}",
    ]
    answers = [ask(nginx, one) for one in forged]
    assert [answer.status_code for answer in answers] == [404] * len(forged)
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}


def test_a_deleted_image_is_gone_within_seconds(store: Server, nginx: Nginx) -> None:
    owner = Person.sign_up(store, "deletes")
    image = owner.picture(owner.album(), jpeg_bytes(800, 500))
    path = image["variants"]["thumb"]["url"].split(f":{store.port}")[1]
    assert ask(nginx, path).status_code == 200
    owner.delete(f"images/{image['id']}/?permanent=true", expect=204)
    deadline = time.monotonic() + PATIENCE
    while ask(store, path).status_code != 404:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(PROXY_CACHE_SECONDS)
    assert ask(nginx, path).status_code == 404


def test_nothing_that_nginx_stores_has_an_address(nginx: Nginx, thumb: str) -> None:
    assert ask(nginx, thumb).status_code == 200
    stored = [file for file in (nginx.folder / "cache").rglob("*") if file.is_file()]
    assert stored
    for file in stored:
        inside = file.relative_to(nginx.folder / "cache")
        for path in (f"/{inside}", f"/cache/{inside}", f"/media/{inside}", "/@store", "/media/../cache/"):
            assert ask(nginx, path).status_code == 404
