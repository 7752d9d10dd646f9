"""nginx as a caching CDN in front of a store: deploy/nginx-cdn.conf with deploy/purge_nginx.py."""

import hashlib
import hmac
import os
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from images.tests.pictures import jpeg_bytes
from tests.cdn_server import Cdn, PurgeHook
from tests.faults.store import wait_for
from tests.hooks import make_purges_due
from tests.people import PATIENCE, Person
from tests.processes import free_port
from tests.servers import Server, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hook() -> Iterator[PurgeHook]:
    with PurgeHook() as hook:
        yield hook


@pytest.fixture(scope="module")
def cdn(tmp_path_factory: pytest.TempPathFactory, hook: PurgeHook) -> Iterator[Cdn]:
    port = free_port()
    knobs = {
        "MEDIA_BASE_URL": f"http://127.0.0.1:{port}",
        "CDN_PURGE_URL": hook.url,
        "CDN_PURGE_TOKEN": hook.token,
    }
    with running(tmp_path_factory.mktemp("cdn"), **knobs) as store, Cdn(store, port) as cdn:
        hook.kill()
        hook.cache = cdn.cache
        hook.start()
        yield cdn


@pytest.fixture
def owner(cdn: Cdn) -> Person:
    return Person.sign_up(cdn.store, "owner")


@pytest.fixture
def image(owner: Person) -> dict[str, Any]:
    return owner.picture(owner.album(), jpeg_bytes(900, 600))


@pytest.fixture
def thumb(image: dict[str, Any]) -> str:
    return str(image["variants"]["thumb"]["url"])


def ask(url: str, method: str = "GET", **headers: str) -> requests.Response:
    return requests.request(method, url, headers=headers, timeout=PATIENCE, allow_redirects=False)


def of_cache(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers["X-Cache-Status"]


def asked_of_the_store(store: Server, url: str) -> int:
    path = urlsplit(url).path
    return sum(f'"{path}"' in line for line in store.log.read_text().splitlines())


def at_the_store(cdn: Cdn, url: str) -> str:
    return url.replace(cdn.url, cdn.store.url)


def test_the_second_request_never_reaches_the_store(cdn: Cdn, thumb: str) -> None:
    assert thumb.startswith(f"{cdn.url}/media/")
    first, *more = [ask(thumb) for _ in range(5)]
    assert of_cache(first) == (200, "MISS")
    assert [of_cache(answer) for answer in more] == [(200, "HIT")] * 4
    assert {answer.content for answer in more} == {ask(at_the_store(cdn, thumb)).content}
    assert asked_of_the_store(cdn.store, thumb) == 2


def test_ranges_and_heads_are_cut_from_what_is_stored(cdn: Cdn, thumb: str) -> None:
    some = ask(thumb, Range="bytes=3-9")
    whole, tail, head = ask(thumb), ask(thumb, Range="bytes=-5"), ask(thumb, "HEAD")
    assert [of_cache(one) for one in (some, whole, tail, head)] == [
        (206, "MISS"), (200, "HIT"), (206, "HIT"), (200, "HIT")
    ]  # fmt: skip
    assert (some.content, tail.content, head.content) == (whole.content[3:10], whole.content[-5:], b"")
    assert head.headers["Content-Length"] == str(len(whole.content))
    assert of_cache(ask(thumb, **{"If-None-Match": whole.headers["ETag"]})) == (304, "HIT")
    assert asked_of_the_store(cdn.store, thumb) == 1


@pytest.mark.parametrize("file", ["thumb", "original"])
def test_nothing_may_be_stored_beyond_its_links_end(image: dict[str, Any], file: str) -> None:
    url = image["original"]["url"] if file == "original" else image["variants"][file]["url"]
    answer = ask(url)
    left = int(parse_qs(urlsplit(url).query)["expires"][0]) - time.time()
    public, max_age, immutable = answer.headers["Cache-Control"].split(", ")
    assert (public, immutable) == ("public", "immutable")
    assert left - 10 < int(max_age.removeprefix("max-age=")) <= left + 2
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers


def test_a_page_of_any_site_may_show_what_a_cdn_sends(thumb: str) -> None:
    """The CDN may be on a domain of its own: browsers would refuse `same-site` there."""
    assert ask(thumb).headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_forged_links_find_nothing_and_no_error_is_stored(cdn: Cdn, thumb: str) -> None:
    assert ask(thumb).status_code == 200
    path, query = thumb.split("?")
    forged = [
        path,
        f"{path}?{query.replace('signature=', 'signature=0')}",
        f"{path}?{query[:-1]}",
        f"{path.replace('thumb', 'large')}?{query}",
        f"{path.replace('/media/', '/media//')}?{query}",
    ]
    for url in forged:
        for _ in range(2):
            answer = ask(url)
            assert answer.status_code == 404
            assert answer.headers.get("X-Cache-Status", "MISS") == "MISS"
            assert answer.headers.get("Cache-Control", "private, no-cache") == "private, no-cache"


def test_only_files_are_to_be_had(cdn: Cdn, thumb: str) -> None:
    for path in ("/", "/albums/", "/api/v1/albums/", "/media/", "/healthz/live"):
        assert ask(f"{cdn.url}{path}").status_code == 404
    assert ask(thumb, "POST").status_code == 403


def test_a_deleted_image_is_gone_when_it_is_purged(
    cdn: Cdn, owner: Person, image: dict[str, Any], thumb: str
) -> None:
    stays = owner.picture(owner.album(), jpeg_bytes(700, 500))["variants"]["thumb"]["url"]
    urls = [thumb, image["original"]["url"]]
    # In a spelling that no purge names.
    assert [of_cache(ask(thumb.replace("/media/", "/media%2F"))) for _ in range(2)] == [(200, "MISS")] * 2
    for url in [*urls, stays]:
        assert of_cache(ask(url)) == (200, "MISS")
    owner.delete(f"images/{image['id']}/?permanent=true", expect=204)
    wait_for(lambda: ask(at_the_store(cdn, thumb)).status_code == 404, "the end of the image")
    wait_for(lambda: make_purges_due(cdn.store) == 1, "its purge")
    wait_for(lambda: [ask(url).status_code for url in urls] == [404, 404], "the end of it at the CDN")
    assert of_cache(ask(stays)) == (200, "HIT")


def test_without_a_purge_a_deleted_image_is_gone_at_its_links_end(
    cdn: Cdn, hook: PurgeHook, owner: Person, image: dict[str, Any]
) -> None:
    """The signature is computed as docs/cdn.md tells it to CDNs that check it themselves."""
    path, expires = urlsplit(image["variants"]["thumb"]["url"]).path, int(time.time()) + 6
    key = hashlib.sha256(b"images.delivery" + os.environ["SECRET_KEY"].encode()).digest()
    signed = f"{path.removeprefix('/media/')}?{expires}"
    signature = hmac.new(key, signed.encode(), "sha256").hexdigest()[:32]
    url = f"{cdn.url}{path}?expires={expires}&signature={signature}"
    with hook.frozen():
        assert of_cache(ask(url)) == (200, "MISS")
        owner.delete(f"images/{image['id']}/?permanent=true", expect=204)
        while time.time() < expires - 1:
            assert of_cache(ask(url)) == (200, "HIT")
            time.sleep(0.5)
        wait_for(lambda: time.time() > expires + 1, "the end of the link")
        assert ask(url).status_code == 404
