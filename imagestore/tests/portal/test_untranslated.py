"""Texts of templates and scripts that are not marked for translation. The sources are read; nothing is rendered."""

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


# ---- Scripts --------------------------------------------------------------------------------

SCRIPTS = Path(settings.BASE_DIR, "static", "js")
_MARKED = re.compile(r"""\bn?gettext\(\s*((["'`]).*?\2\s*,?\s*)+""", re.DOTALL)
_COMMENT = re.compile(r"""/\*.*?\*/|(?<![:"'])//[^\n]*""", re.DOTALL)
_LITERAL = re.compile(r'"([^"\n]*)"|`([^`]*)`')
# Two words, of which the first has a capital, or the end of a sentence.
_SENTENCE = re.compile(r"^[A-Z][a-z]+ [\w“‘(]|[a-z][.!?…]$")
# A word with a capital alone, unless it names a key of the keyboard, a header or a type.
_LONE_WORD = re.compile(r"^[A-Z][a-z]+…?$")
_KEYS_AND_HEADERS = {"Accept", "End", "Enter", "Escape", "Files", "Home", "Location"}
# A word between blanks beside a value. In brackets are parts of selectors.
_VALUE = re.compile(r"\$\{(?:[^{}]|\{[^}]*\})*\}")
_BESIDE_A_VALUE = re.compile(r"^[^\[]*(?:^|[\s“])[A-Za-z]{2,}(?=[\s”.,]|$)[^\[]*$")
# The key of a draft in the browser's store.
_NO_TEXTS = {"draft ${key}"}
_READ_ALOUD = re.compile(r'\b(?:ariaLabel|textContent|title|alt)\s*[:=]\s*"([^"]*[A-Za-z][^"]*)"')


def _is_text(literal: str) -> bool:
    if literal in _NO_TEXTS or literal in _KEYS_AND_HEADERS:
        return False
    beside = _VALUE.sub("0", literal)
    return bool(
        _SENTENCE.search(literal)
        or _LONE_WORD.search(literal)
        or (beside != literal and _BESIDE_A_VALUE.search(beside))
    )


def unmarked_in_script(source: str) -> list[str]:
    source = _MARKED.sub("marked(", _COMMENT.sub("", source))
    literals = [one or other for one, other in _LITERAL.findall(source)]
    read_aloud = [text for text in _READ_ALOUD.findall(source) if text not in literals or not _is_text(text)]
    return [text for text in literals if _is_text(text)] + read_aloud


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('showToast("Try again.")', ["Try again."]),
        ('showToast(gettext("Try again."))', []),
        ('ngettext("%(count)s photo is back.", "%(count)s photos are back.", count)', []),
        ("`${count} photos are back.`", ["${count} photos are back."]),
        ("`and ${others} more` + `${reason} in ${seconds} s`", ["and ${others} more", "${reason} in ${seconds} s"]),
        ('paused ? "Resume" : `Try ${failed} again`', ["Resume", "Try ${failed} again"]),
        ('`${x}px ${y}px` + `/albums/${album}/` + `main [data-part="${name}"]`', []),
        ('Object.assign(root, { role: "dialog", ariaLabel: "Photo" })', ["Photo"]),
        ('key === "Enter" || type === "image/jpeg" // As "New album."', []),
        ('const url = "https://example.org"; say("Two words")', ["Two words"]),
    ],
)
def test_texts_of_scripts_are_found(source: str, found: list[str]) -> None:
    assert unmarked_in_script(source) == found


@pytest.mark.parametrize("name", sorted(path.name for path in SCRIPTS.glob("*.js")))
def test_a_script_has_all_its_texts_marked(name: str) -> None:
    assert unmarked_in_script((SCRIPTS / name).read_text()) == []
