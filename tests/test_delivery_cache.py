"""Signed links and file/: what caches may keep, for how long, and what it costs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from images.delivery.links import Links, links_of, signed_link
from images.models import Image
from tests.rows import ORIGINAL, VARIANT, World, bearer, image_in

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def world(db: None) -> World:
    return World()


@pytest.fixture
def links(world: World) -> Links:
    return links_of(world.image)


def fetch(url: str, method: str = "GET", **headers: str) -> Any:
    """As anybody; with what was sent in `sent`."""
    answer = Client().generic(method, url, headers=headers)
    answer.sent = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer


def at(moment: datetime) -> Any:
    return time_machine.travel(moment, tick=False)


# ---- How long a link lives ---------------------------------------------------------------------


def test_a_link_is_the_same_for_every_call_within_a_window(world: World) -> None:
    seen = []
    for minutes in (0, 1, 59.99, 60, 119.99, 120):
        with at(NOON + timedelta(minutes=minutes)):
            seen.append(links_of(world.image).original)
    assert [seen.index(url) for url in seen] == [0, 0, 0, 3, 3, 5]


@pytest.mark.parametrize(("made", "ends"), [(0, 120), (30, 120), (59.9, 120), (60, 180)])
def test_a_link_lives_to_the_end_of_the_next_window(world: World, made: float, ends: float) -> None:
    """So at least one window, and never two."""
    with at(NOON + timedelta(minutes=made)):
        url = links_of(world.image).original
    end = NOON + timedelta(minutes=ends)
    statuses = []
    for moment in (end - timedelta(seconds=1), end, end + HOUR, end + 10_000 * HOUR):
        with at(moment):
            statuses.append(fetch(url).status_code)
    assert statuses == [200, 404, 404, 404]


def test_a_cache_may_keep_it_to_the_links_end_and_no_longer(world: World) -> None:
    with at(NOON + timedelta(minutes=10)):
        url = links_of(world.image).original
    told = []
    for minutes in (10, 60, 119):
        with at(NOON + timedelta(minutes=minutes)):
            told.append(fetch(url).headers["Cache-Control"])
    assert told == [f"public, max-age={seconds}, immutable" for seconds in (110 * 60, 60 * 60, 60)]


def test_the_window_is_a_setting(world: World, settings: Any) -> None:
    settings.LINK_WINDOW = timedelta(seconds=10)
    with at(NOON):
        url = links_of(world.image).original
    statuses = []
    for seconds in (0, 19, 20):
        with at(NOON + timedelta(seconds=seconds)):
            statuses.append(fetch(url).status_code)
    assert statuses == [200, 200, 404]


def test_links_point_to_the_cdn_where_one_stands_in_front(world: World, settings: Any) -> None:
    settings.MEDIA_BASE_URL = "https://cdn.example.org"
    path = reverse("signed-file", args=[world.image.public_id, "original.jpg"])
    url = links_of(world.image).original
    assert url.startswith(f"https://cdn.example.org{path}?")
    assert fetch(url.removeprefix("https://cdn.example.org")).status_code == 200
    shown = Client().get(reverse("api-image", args=[world.image.public_id]), headers=bearer(world.alice)).json()
    assert shown["original"]["url"] == url


# ---- Forgeries ---------------------------------------------------------------------------------


def forgeries(url: str, other: str) -> list[str]:
    path, query = url.split("?")
    expires, signature = (pair.split("=")[1] for pair in query.split("&"))
    later = str(int(expires) + 3600)
    return [
        path,
        f"{path}?expires={expires}",
        f"{path}?signature={signature}",
        f"{path}?expires={later}&signature={signature}",
        f"{path}?expires={expires}&signature={signature[:-1]}",
        f"{path}?expires={expires}&signature={signature}0",
        f"{path}?expires={expires}&signature={signature.swapcase()}",
        f"{path}?expires={expires}&signature={'0' * 32}",
        f"{path}?expires={expires}&signature=",
        f"{path}?expires={expires}&signature=%C3%A9",
        f"{path}?expires={expires}&signature=%00",
        f"{path}?expires=0{expires}&signature={signature}",
        f"{path}?expires=+{expires}&signature={signature}",
        f"{path}?expires={expires}.0&signature={signature}",
        f"{path}?expires=%D9%A3&signature={signature}",
        f"{path}?expires={'9' * 400}&signature={signature}",
        f"{path}?expires=-1&signature={signature}",
        f"{path}?expires=NaN&signature={signature}",
        f"{other.split('?')[0]}?{query}",
        f"{path.replace('original', 'thumb.v1')}?{query}",
        f"{path.replace('original.jpg', 'original.png')}?{query}",
        f"{path.replace('original.jpg', 'original')}?{query}",
        f"{path.replace('original.jpg', '%2e%2e%2foriginal.jpg')}?{query}",
        f"{path.replace('original.jpg', '..')}?{query}",
    ]


def test_a_forged_link_is_404_whatever_was_changed(world: World, links: Links) -> None:
    url = links.original
    assert fetch(url).status_code == 200
    opened = [
        forged for forged in forgeries(url, links_of(world.failed).original) if fetch(forged).status_code != 404
    ]
    # The number is what is signed, not how it is written.
    assert [forged for forged in opened if "expires=0" not in forged] == []


def test_a_link_signed_with_another_key_is_404(world: World, settings: Any) -> None:
    url = links_of(world.image).original
    settings.SECRET_KEY = "another key of the same length, surely"
    assert fetch(url).status_code == 404


def test_links_outlive_a_change_of_keys(world: World, settings: Any) -> None:
    url = links_of(world.image).original
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of the same length, surely"
    assert fetch(url).status_code == 200


def test_a_genuine_link_to_a_file_that_is_gone_is_404(world: World) -> None:
    image = image_in(world.album, "third.jpg")
    url = signed_link(image, "large.v1.jpg")
    assert fetch(url).status_code == 404


# ---- What it costs, what it says ---------------------------------------------------------------


def test_serving_a_link_asks_no_database(links: Links, django_assert_num_queries: Any) -> None:
    assert links.smallest is not None
    client = Client()
    client.cookies["sessionid"] = "x" * 32
    for url in (links.original, links.smallest.url):
        with django_assert_num_queries(0):
            answers = [fetch(url), fetch(url, "HEAD"), fetch(url, Range="bytes=0-9"), fetch(f"{url}0")]
            b"".join(client.get(url).streaming_content)
        assert [answer.status_code for answer in answers] == [200, 200, 206, 404]


SAFE = {
    "Content-Type": "image/jpeg",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-site",
    "Accept-Ranges": "bytes",
}


def test_a_link_bears_the_headers_of_the_contract(links: Links) -> None:
    assert links.smallest is not None
    for url, content in ((links.original, ORIGINAL), (links.smallest.url, VARIANT)):
        for method in ("GET", "HEAD"):
            answer = fetch(url, method)
            assert answer.status_code == 200
            assert {name: answer.headers[name] for name in SAFE} == SAFE
            assert answer.headers["Content-Length"] == str(len(content))
            assert answer.headers["ETag"].startswith('"')
            assert {"Set-Cookie", "Vary"} & set(answer.headers) == set()
            assert not answer.cookies
            assert answer.sent == (content if method == "GET" else b"")


def file_doors(world: World) -> list[tuple[str, dict[str, str], str]]:
    """Each way to the bytes of the original: URL, headers, what caches are told."""
    private = "private, no-cache"
    return [
        (reverse("api-image-file", args=[world.image.public_id]), bearer(world.alice), private),
        (
            reverse("api-album-image-file", args=[world.album.public_id, world.image.public_id]),
            bearer(world.alice),
            private,
        ),
    ]


def test_file_is_private_and_asks_again(world: World) -> None:
    client = Client()
    client.force_login(world.alice)
    answers = [fetch(url, **headers) for url, headers, _ in file_doors(world)]
    page = client.get(reverse("image-file", args=[world.image.public_id]))
    page.sent = b"".join(page.streaming_content)
    for answer in (*answers, page):
        assert (answer.status_code, answer.sent) == (200, ORIGINAL)
        assert {name: answer.headers[name] for name in SAFE} == SAFE
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Content-Disposition"] == 'inline; filename="photo.jpg"'


def every_way(world: World) -> list[tuple[str, dict[str, str]]]:
    return [(links_of(world.image).original, {}), *((url, headers) for url, headers, _ in file_doors(world))]


def test_who_has_the_file_is_told_304(world: World) -> None:
    for url, headers in every_way(world):
        etag = fetch(url, **headers).headers["ETag"]
        cases = {etag: 304, f"W/{etag}": 304, f'"x", {etag}': 304, "*": 304, '"x"': 200}
        assert {given: fetch(url, **headers, If_None_Match=given).status_code for given in cases} == cases
        unchanged = fetch(url, **headers, If_None_Match=etag)
        assert (unchanged.sent, unchanged.headers["ETag"]) == (b"", etag)
        assert unchanged.headers["Cache-Control"] == fetch(url, **headers).headers["Cache-Control"]


def test_different_files_have_different_etags(world: World, links: Links) -> None:
    assert links.smallest is not None
    other = image_in(world.album, "other.jpg")
    urls = [links.original, links.smallest.url, links_of(other).original]
    assert len({fetch(url).headers["ETag"] for url in urls}) == 3


SIZE = len(ORIGINAL)
RANGES: list[tuple[str, int, bytes, str | None]] = [
    ("bytes=0-0", 206, ORIGINAL[:1], f"bytes 0-0/{SIZE}"),
    ("bytes=10-19", 206, ORIGINAL[10:20], f"bytes 10-19/{SIZE}"),
    ("bytes=10-", 206, ORIGINAL[10:], f"bytes 10-{SIZE - 1}/{SIZE}"),
    ("bytes=-10", 206, ORIGINAL[-10:], f"bytes {SIZE - 10}-{SIZE - 1}/{SIZE}"),
    (f"bytes=0-{SIZE * 9}", 206, ORIGINAL, f"bytes 0-{SIZE - 1}/{SIZE}"),
    (f"bytes=-{SIZE * 9}", 206, ORIGINAL, f"bytes 0-{SIZE - 1}/{SIZE}"),
    (f"bytes={SIZE - 1}-", 206, ORIGINAL[-1:], f"bytes {SIZE - 1}-{SIZE - 1}/{SIZE}"),
    # Not to be understood, or several at once: the whole (RFC 9110, 14.2).
    ("bytes=19-10", 200, ORIGINAL, None),
    ("bytes=-", 200, ORIGINAL, None),
    ("bytes=0-1,3-4", 200, ORIGINAL, None),
    ("lines=1-2", 200, ORIGINAL, None),
    ("bytes=x-y", 200, ORIGINAL, None),
    ("bytes=" + "9" * 100 + "-", 200, ORIGINAL, None),
]


@pytest.mark.parametrize(("asked", "status", "content", "told"), RANGES)
def test_a_range_is_sent_alone(world: World, asked: str, status: int, content: bytes, told: str | None) -> None:
    for url, headers in every_way(world):
        answer = fetch(url, **headers, Range=asked)
        assert (answer.status_code, answer.sent, answer.headers.get("Content-Range")) == (status, content, told)
        assert answer.headers["Content-Length"] == str(len(content))
        head = fetch(url, "HEAD", **headers, Range=asked)
        assert (head.sent, head.headers["ETag"]) == (b"", answer.headers["ETag"])


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0", "bytes=999999999-"])
def test_a_range_beyond_the_file_is_416(world: World, asked: str) -> None:
    for url, headers in every_way(world):
        answer = fetch(url, **headers, Range=asked)
        assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{SIZE}")
        if url.startswith("/api/"):
            assert (answer.headers["Content-Type"], answer.json()["code"]) == (
                "application/problem+json",
                "range_not_satisfiable",
            )


def test_a_range_of_another_version_is_the_whole(world: World) -> None:
    for url, headers in every_way(world):
        etag = fetch(url, **headers).headers["ETag"]
        given = {etag: 206, '"x"': 200, f"W/{etag}": 200, "Mon, 01 Jun 2026 12:00:00 GMT": 200}
        assert {old: fetch(url, **headers, Range="bytes=0-9", If_Range=old).status_code for old in given} == given


def test_a_deleted_image_is_gone_from_file_at_once(world: World) -> None:
    doors = file_doors(world)
    path = reverse("api-image", args=[world.image.public_id])
    assert Client().delete(path, headers=bearer(world.alice)).status_code == 204
    assert [fetch(url, **headers).status_code for url, headers, _ in doors] == [404, 404]
    assert not Image.objects.living().filter(pk=world.image.pk).exists()


def test_nothing_else_in_the_api_may_be_kept_by_a_shared_cache(world: World) -> None:
    for path in (
        "/api/v1/albums/",
        f"/api/v1/images/{world.image.public_id}/",
        "/api/v1/users/me/",
        "/albums/",
        "/profile/",
    ):
        client = Client()
        client.force_login(world.alice)
        told = client.get(path).headers
        assert "public" not in told.get("Cache-Control", "")
        assert "Cookie" in told["Vary"]
