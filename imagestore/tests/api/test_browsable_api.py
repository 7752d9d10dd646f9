"""DRF's browsable pages: they meet the CSP, and of DRF's templates only those in use are replaced."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.access.endpoints import API, AUTH, read_to_end, signed_in
from tests.rows import World

OURS = Path(settings.BASE_DIR) / "templates" / "rest_framework"


class Inline(HTMLParser):
    """Collects what `script-src 'self'; style-src 'self'` refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_inline_script = tag == "script" and "src" not in given and given.get("type") != "application/json"
        if tag == "style" or is_inline_script:
            self.refused.append(f"<{tag}>")
        self.refused += [f"<{tag} {name}>" for name in given if name == "style" or name.startswith("on")]


@pytest.fixture
def answers(db: None) -> list[Any]:
    """What a browser gets from every API view: read, described and posted to in vain, with a login and without."""
    return list(visited(World()))


def visited(world: World) -> Iterator[Any]:
    for endpoint in {endpoint.route: endpoint for endpoint in [*AUTH, *API]}.values():
        path = endpoint.of(world).split("?")[0]
        for client in (signed_in(world.alice), Client()):
            for method in ("GET", "OPTIONS", "POST"):
                answer = client.generic(
                    method, path, b"", content_type="application/json", headers={"Accept": "text/html"}
                )
                yield read_to_end(answer)


def pages(answers: list[Any]) -> list[Any]:
    """The answers that DRF's browsable renderer made."""
    return [answer for answer in answers if "rest_framework/base.html" in names(answer)]


def names(answer: Any) -> set[str]:
    return {template.name for template in answer.templates or [] if template.name}


def test_every_api_view_but_files_and_tus_has_a_browsable_page(answers: list[Any]) -> None:
    browsable = {answer.resolver_match.view_name for answer in pages(answers)}
    bare = {"api-archive", "api-image-file", "api-album-image-file", "api-uploads", "api-upload"}
    assert browsable == {endpoint.route for endpoint in API + AUTH} - bare - {"schema", "docs"}


def test_the_browsable_pages_have_no_inline_script_or_style(answers: list[Any]) -> None:
    refused = {}
    for answer in pages(answers):
        inline = Inline()
        inline.feed(answer.content.decode())
        if inline.refused:
            refused[answer.resolver_match.view_name] = inline.refused
    assert refused == {}


def test_each_template_that_stands_in_for_drfs_is_used(answers: list[Any]) -> None:
    used = set().union(*(names(answer) for answer in answers))
    kept = {f"rest_framework/{path.relative_to(OURS)}" for path in OURS.rglob("*.html")}
    assert kept - used == set()
