"""Texts of templates that are not marked for translation. The sources are read; nothing is rendered."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, TokenType

TEMPLATES = Path(settings.BASE_DIR, "templates")
# What operators and programs read stays in English (imagestore.kit.middleware.Language).
ENGLISH = {"admin", "drf_spectacular", "rest_framework"}
# Names and units, which are the same in each language.
_NAMES = re.compile(r"\b(Image store|API|SHA-256|UTC|px)\b")
_LETTER = re.compile(r"[^\W\d_]")
# Of a partial, as in `{% include "account/_form.html" with label="Log in" %}`.
_LABEL = re.compile(r"""\b\w*label=(["'].*?["'])""")
_READ_ATTRIBUTES = {"alt", "aria-label", "placeholder", "title"}


class _Texts(HTMLParser):
    """Collects what people read or hear of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value for name, value in attrs if name in _READ_ATTRIBUTES and value]

    def handle_data(self, data: str) -> None:
        if self.cdata_elem not in ("script", "style"):
            self.texts.append(data)


def _end_of_what_is_not_read(tag: str) -> str:
    """The tag that ends a marked text, a comment, or a block of class names; empty for any other tag."""
    name, *arguments = tag.split()
    is_skipped = name in ("blocktranslate", "comment") or (name == "block" and arguments[0].endswith("_class"))
    return f"end{name}" if is_skipped else ""


def unmarked(source: str) -> list[str]:
    page, labels, end = "", [], ""
    for token in Lexer(source).tokenize():
        if end:
            end = "" if token.contents == end else end
        elif token.token_type == TokenType.TEXT:
            page += token.contents
        elif token.token_type == TokenType.BLOCK:
            end = _end_of_what_is_not_read(token.contents)
            labels += _LABEL.findall(token.contents)
    parser = _Texts()
    parser.feed(page)
    parser.close()
    return [text.strip() for text in [*parser.texts, *labels] if _LETTER.search(_NAMES.sub("", text))]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Albums</p>", ["Albums"]),
        ('<p>{% translate "Albums" %}</p>', []),
        ("{% blocktranslate %}{{ n }} photo{% plural %}photos{% endblocktranslate %} left", ["left"]),
        ('<nav aria-label="Main" class="topbar">', ["Main"]),
        ("<nav aria-label=\"{% translate 'Main' %}\">", []),
        ('<a {% if here %}aria-current="page"{% endif %} href="{{ url }}">{{ name }}</a>', []),
        ("{% if many %}photos{% endif %} · {{ width }} × 7 px {# Albums #}", ["photos ·  × 7 px"]),
        ("{% block main_class %}sheet{% endblock %}{% block title %}Trash{% endblock %}", ["Trash"]),
        ('{% include "_form.html" with label="Log in" wide=True %}', ['"Log in"']),
        ('{% include "_form.html" with label=_("Log in") %}', []),
        ("{% comment %} djlint:off {% endcomment %}<style>p { color: red }</style>", []),
    ],
)
def test_texts_are_found(source: str, found: list[str]) -> None:
    assert unmarked(source) == found


@pytest.mark.parametrize(
    "name",
    sorted(
        path.relative_to(TEMPLATES).as_posix()
        for path in TEMPLATES.rglob("*.*")
        if path.relative_to(TEMPLATES).parts[0] not in ENGLISH
    ),
)
def test_a_template_has_all_its_texts_marked(name: str) -> None:
    assert unmarked((TEMPLATES / name).read_text()) == []
