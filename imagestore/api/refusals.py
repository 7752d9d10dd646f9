"""Which problems each operation of the API may answer with, for the schema alone.

Most follow from what the operation is: it needs a login, names a row in its path, takes a body or files. Those of
one view alone stand at its method: `@refuses("duplicate")`.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from rest_framework.negotiation import DefaultContentNegotiation

from images.uploads.gate import TakesFiles
from imagestore.kit.problems import CODES, RETRY_AFTER_SECONDS, Problem

Method = TypeVar("Method", bound=Callable[..., Any])

OF_ALL = ("internal_error", "database_unavailable")
OF_ACCEPT = ("not_acceptable",)
OF_LOGINS = ("not_authenticated", "invalid_token", "token_expired")
# Only clients with the portal's session get it, when they change something without its CSRF token.
OF_SESSIONS = ("csrf_failed",)
# They take If-Match.
OF_CHANGES = ("precondition_failed",)
OF_IDS = ("not_found",)
OF_QUERIES = ("invalid",)
OF_BODIES = ("invalid", "parse_error", "unsupported_media_type", "file_too_large")
OF_UPLOADS = ("too_many_files", "quota_exceeded", "throttled", "storage_unavailable")
# Of one file; in a bulk upload they are in the results of the 207.
OF_ONE_FILE = ("invalid_image", "checksum_mismatch", "too_many_pixels", "unsupported_format")

# Of the bytes of a resumable upload.
OF_PARTS = (
    "quota_exceeded", "throttled", "storage_unavailable", "upload_locked", "unsupported_version", "chunk_mismatch",
    *OF_ONE_FILE,
)  # fmt: skip

# What a problem has beside the standard members.
_MEMBERS: dict[str, dict[str, Any]] = {
    "invalid": {"errors": {"title": ["This field may not be blank."]}},
    "file_too_large": {"limit": 104_857_600},
    "quota_exceeded": {"limit": 10_737_418_240, "used": 10_737_000_000},
    "duplicate": {"image": "019a0000-0000-7000-8000-000000000000"},
}
_RETRY_AFTER = {429, 503}


def refuses(*codes: str) -> Callable[[Method], Method]:
    """Says for the schema which codes a view's method may raise beside those that follow from its form."""

    def mark(method: Method) -> Method:
        setattr(method, "refusals", codes)  # noqa: B010 - functions have no such attribute for mypy
        return method

    return mark


def codes_by_status(view: Any, method: str, operation: dict[str, Any]) -> dict[int, list[str]]:
    """Status -> the codes of problems that this operation may answer with."""
    by_status = defaultdict(list)
    for code in sorted(_codes(view, method, operation), key=[*CODES].index):
        by_status[CODES[code][0]].append(code)
    return dict(sorted(by_status.items()))


def _codes(view: Any, method: str, operation: dict[str, Any]) -> set[str]:
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    takes_body = "requestBody" in operation
    files = view.max_files if method == "POST" and isinstance(view, TakesFiles) else 0
    needs_login = bool(view.authentication_classes)
    conventions = [
        (True, OF_ALL),
        (view.content_negotiation_class is DefaultContentNegotiation, OF_ACCEPT),
        (needs_login, OF_LOGINS),
        (needs_login and method != "GET", OF_SESSIONS),
        (method in ("PATCH", "DELETE"), OF_CHANGES),
        ("path" in places, OF_IDS),
        ("query" in places, OF_QUERIES),
        (takes_body, OF_BODIES),
        (files > 0, OF_UPLOADS),
        (files == 1, OF_ONE_FILE),
        (True, getattr(getattr(view, method.lower()), "refusals", ())),
    ]
    return {code for holds, codes in conventions if holds for code in codes}


def example(code: str) -> dict[str, Any]:
    """A problem with this code, as a client gets it."""
    title = str(CODES[code][1])
    return {"summary": title, "value": Problem(code, f"{title}.", **_MEMBERS.get(code, {})).body()}


def header_names(status: int, codes: list[str]) -> list[str]:
    """The headers of a problem's answer, by their names in the schema's components."""
    names = ["RequestId"]
    if status == 401:
        names.append("Challenge")
    if status in _RETRY_AFTER:
        names.append("RetryAfter")
    elif any(code in RETRY_AFTER_SECONDS for code in codes):
        names.append("RetryAfterWhilePending")
    if status == 416:
        names.append("FileSize")
    return names
