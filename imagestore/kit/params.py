"""Query parameters. A value that is not allowed raises Problem `invalid`, which names the parameter."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from imagestore.kit.problems import invalid
from imagestore.kit.sentences import filled
from imagestore.kit.text import composed
from imagestore.kit.words import SEARCH_TERMS, terms_of

# The longest `?search=`, in characters.
SEARCH_LENGTH = 100

# Of a fixed length, so that a long text is refused unread.
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ID_LENGTH = 36
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def flag(params: Mapping[str, str], name: str) -> bool:
    """Whether the parameter is true or 1; False when it is absent. Python's clients send True."""
    value = params.get(name, "")
    lower = {name: value.lower() if value in ("True", "False") else value}
    return choice(lower, name, ("true", "false", "1", "0"), default="false") in ("true", "1")


def choice(params: Mapping[str, str], name: str, choices: Collection[str], default: str = "") -> str:
    """One of the choices; `default` when absent or empty."""
    value = params.get(name) or default
    if value != default and value not in choices:
        raise invalid(name, f"{name} is one of: {', '.join(choices)}.")
    return value


def search_words(params: Mapping[str, str]) -> str:
    """`?search=`, at most SEARCH_LENGTH characters and SEARCH_TERMS words, in NFC as stored texts are."""
    words = composed(params.get("search", "").strip(), SEARCH_LENGTH)
    if len(words) > SEARCH_LENGTH or "\x00" in words:
        raise invalid("search", filled(_("Search for at most %(count)s plain characters."), count=SEARCH_LENGTH))
    terms = terms_of(words)
    # One letter may stand for several words, and each piece of a phrase is a subquery.
    if len(terms) > SEARCH_TERMS or sum(map(len, terms)) > 2 * SEARCH_TERMS:
        raise invalid("search", filled(_("Search for at most %(count)s words."), count=SEARCH_TERMS))
    return words


def row_id(params: Mapping[str, str], name: str) -> UUID | None:
    """A public id; None when absent."""
    text = params.get(name)
    if text is None:
        return None
    if not _ID.fullmatch(text):
        raise invalid(name, f"{name} is an id, such as 019a0000-0000-7000-8000-000000000000.")
    return UUID(text)


def row_ids(params: QueryDict, name: str, most: int) -> list[UUID] | None:
    """Public ids with commas between, or each by itself as of a form; one to `most` of them. None when absent."""
    if name not in params:
        return None
    text = ",".join(params.getlist(name))
    if len(text) > most * (_ID_LENGTH + 1):
        raise invalid(name, f"{name} has at most {most} ids.")
    texts = text.split(",")
    if not all(_ID.fullmatch(one) for one in texts):
        raise invalid(name, f"{name} has ids with commas between, at least one.")
    return [UUID(one) for one in texts]


def day(params: Mapping[str, str], name: str) -> str:
    """A date as YYYY-MM-DD; empty when absent."""
    text = params.get(name)
    if text is None:
        return ""
    if not _is_day(text):
        raise invalid(name, f"{name} is a date, such as 2026-07-31.")
    return text


def _is_day(text: str) -> bool:
    try:
        return _DAY.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False
