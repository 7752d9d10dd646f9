"""Hides secrets in lines of the log: whoever reads the log must not be able to use what he reads.

Every line passes here last, whichever logger wrote it (imagestore.kit.logging.formatter). So it holds for what
Django, allauth and gunicorn write by themselves: whole requests, Referers, texts of exceptions.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

HIDDEN = "…"
# Fields of a line that are hidden whole, and names whose values are hidden in any text.
_NAMES = (
    r"access|authorization|cookie|csrfmiddlewaretoken|csrftoken|jwt_signing_key|password\d?|refresh|secret|secret_key"
    r"|sessionid|signature|token"
)
_NAMED = re.compile(rf"(?:.*-)?(?:{_NAMES})", re.IGNORECASE)
_MANY_WORDS = re.compile(r"\b((?:authorization|(?:set-)?cookie)\W{1,4})[^\n\"']+", re.IGNORECASE)
# The values in text end with a space or a quotation mark, as those of headers, URLs and Python's repr do.
_IN_TEXT = (
    # The query of any address.
    (re.compile(r"\?[^\s\"'<>]+"), f"?{HIDDEN}"),
    # allauth's links of mails: a new password, a confirmed address.
    (re.compile(r"(/password/reset/key/|/confirm-email/)(?!done/)[^\s\"'<>/]+"), rf"\1{HIDDEN}"),
    # A JSON web token (RFC 7519): its head begins with {"
    (re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),
    (re.compile(r"\b(bearer|basic) +[^\s\"'<>]+", re.IGNORECASE), rf"\1 {HIDDEN}"),
    # The password in an address of a server.
    (re.compile(r"(://[^\s\"'<>:/@]*:)[^\s\"'<>/@]+@"), rf"\1{HIDDEN}@"),
    (_MANY_WORDS, rf"\1{HIDDEN}"),
    # signature=…, 'sessionid': '…': a name, then one value that is no plain word.
    (
        re.compile(rf"\b((?:{_NAMES})[\"']? ?[=:] ?b?[\"']?)[^\s\"'<>&;,]{{8,}}", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
)


def mask_secrets(logger: Any, method: str, line: Mapping[str, Any]) -> dict[str, Any]:
    """A processor of structlog, for the end of the chain."""
    return {name: HIDDEN if _NAMED.fullmatch(name) else masked(value) for name, value in line.items()}


def masked(value: Any) -> Any:
    """The value without secrets, ready for JSON: an object becomes its text, a request its method and path."""
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {
                str(name): HIDDEN if _NAMED.fullmatch(str(name)) else masked(inner) for name, inner in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [masked(inner) for inner in value]
        case HttpRequest():
            return masked(f"{value.method} {value.path}")
        case _:
            return _masked_text(_text_of(value))


def _text_of(value: Any) -> str:
    """Never raises: `logging` would then print the whole call, with its secrets."""
    try:
        return str(value)
    except Exception:
        return f"a {type(value).__name__} without a text"


def _masked_text(text: str) -> str:
    for pattern, hidden in _IN_TEXT:
        text = pattern.sub(hidden, text)
    return text
