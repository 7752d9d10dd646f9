"""Scripts and styles come compressed, under names that change with their content."""

import gzip
import re

import pytest
import requests

from tests.browser.fill import fill
from tests.people import Person
from tests.servers import Server

PAGE_BYTES = 20_000
SCRIPTS_AND_STYLES_BYTES = 60_000


@pytest.mark.parametrize("coding", ["br", "gzip"])
@pytest.mark.parametrize("page", ["/accounts/login/", "/admin/login/"])
def test_what_a_page_links_to_comes_compressed_and_is_kept(server: Server, page: str, coding: str) -> None:
    html = requests.get(server.url + page, timeout=30).text
    paths = re.findall(r'(?:src|href)="(/static/[^"?]+\.(?:js|css))"', html)
    assert paths
    for path in paths:
        answer = requests.get(server.url + path, headers={"Accept-Encoding": coding}, timeout=30)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"], path
        if len(answer.content) > 1000:
            assert answer.headers.get("Content-Encoding") == coding, path


def test_an_album_of_many_photos_is_light(server: Server, alice: Person) -> None:
    """Compressed, at first load: what the page of a photo needs comes later."""
    album = alice.album()
    fill(server, album, 150)
    cookies = alice.portal().cookies

    def fetch(path: str) -> requests.Response:
        headers = {"Accept-Encoding": "gzip"}
        return requests.get(alice.base + path, headers=headers, cookies=cookies, stream=True, timeout=30)

    page = fetch(f"/albums/{album}/?ordering=taken_at")
    compressed = page.raw.read()
    html = gzip.decompress(compressed).decode()
    assert html.count("data-image=") == 50
    assert len(compressed) <= PAGE_BYTES
    paths = set(re.findall(r'(?:src|href)="(/static/[^"?]+\.(?:js|css))"', html))
    assert sum(len(fetch(path).raw.read()) for path in paths) <= SCRIPTS_AND_STYLES_BYTES
