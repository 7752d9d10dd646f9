"""Scripts and styles come compressed, under names that change with their content."""

import re

import pytest
import requests

from tests.servers import Server


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
