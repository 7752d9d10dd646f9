"""Files over HTTP: what the headers say, what caches may do, and byte ranges (RFC 9110)."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from images.delivery.links import Links, links_of
from images.models import Image
from images.processing import EXTENSIONS
from images.tests.delivery.helpers import fetch
from tests.rows import ORIGINAL, VARIANT, World, bearer, image_in

pytestmark = pytest.mark.django_db


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


def file_endpoints(world: World) -> list[tuple[str, dict[str, str], str]]:
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
    answers = [fetch(url, **headers) for url, headers, _ in file_endpoints(world)]
    page = client.get(reverse("image-file", args=[world.image.public_id]))
    page.sent = b"".join(page.streaming_content)
    for answer in (*answers, page):
        assert (answer.status_code, answer.sent) == (200, ORIGINAL)
        assert {name: answer.headers[name] for name in SAFE} == SAFE
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Content-Disposition"] == 'inline; filename="photo.jpg"'


def every_way(world: World) -> list[tuple[str, dict[str, str]]]:
    return [(links_of(world.image).original, {}), *((url, headers) for url, headers, _ in file_endpoints(world))]


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
    endpoints = file_endpoints(world)
    path = reverse("api-image", args=[world.image.public_id])
    assert Client().delete(path, headers=bearer(world.alice)).status_code == 204
    assert [fetch(url, **headers).status_code for url, headers, _ in endpoints] == [404, 404]
    assert not Image.objects.living().filter(pk=world.image.pk).exists()


def test_a_shared_cache_may_store_no_other_answer(world: World) -> None:
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


@pytest.mark.parametrize(
    ("content_type", "disposition"),
    [
        ("image/png", "inline"),
        ("image/bmp", "inline"),
        ("image/tiff", "attachment"),
        ("image/x-adobe-dng", "attachment"),
        ("image/x-nikon-nef", "attachment"),
    ],
)
def test_what_browsers_cannot_show_is_downloaded(world: World, content_type: str, disposition: str) -> None:
    ending = EXTENSIONS[content_type]
    Image.objects.filter(pk=world.image.pk).update(content_type=content_type, name=f"photo.{ending}")
    file = fetch(reverse("api-image-file", args=[world.image.public_id]), **bearer(world.alice))
    assert file.headers["Content-Type"] == content_type
    assert file.headers["Content-Disposition"] == f'{disposition}; filename="photo.{ending}"'
    link = fetch(links_of(Image.objects.get(pk=world.image.pk)).original)
    assert link.headers["Content-Type"] == content_type
    assert link.headers.get("Content-Disposition", "inline") == disposition
