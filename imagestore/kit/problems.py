"""All refusals of the store, by code. Pages, API and services share this list."""

import errno
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from imagestore.kit.sentences import Sentence, filled

PROBLEM_JSON = "application/problem+json"

# code -> (HTTP status, title). Each Problem adds a sentence for the user. Both are translated when they are shown.
CODES: dict[str, tuple[int, Sentence]] = {
    "invalid": (400, _("Some fields are not right")),
    "parse_error": (400, _("The request could not be read")),
    "invalid_image": (400, _("This picture cannot be read")),
    "checksum_mismatch": (400, _("The checksum does not match")),
    "too_many_files": (400, _("Too many files")),
    "not_authenticated": (401, _("Sign in first")),
    "invalid_token": (401, _("The token is not valid")),
    "token_expired": (401, _("The token has expired")),
    "invalid_credentials": (401, _("E-mail or password is wrong")),
    "csrf_failed": (403, _("The form's security check failed")),
    # Pages of operators alone: elsewhere, what a person may not do does not exist for them (`not_found`).
    "forbidden": (403, _("Your account has no right to this")),
    "not_found": (404, _("Not found")),
    "method_not_allowed": (405, _("Method not allowed")),
    "not_acceptable": (406, _("Not acceptable")),
    "request_timeout": (408, _("The request took too long")),
    "not_ready": (409, _("The image is still being made")),
    "not_failed": (409, _("The image has not failed")),
    "duplicate": (409, _("The album has these bytes already")),
    "wrong_offset": (409, _("The upload goes on elsewhere")),
    "album_in_trash": (409, _("The album is in the trash")),
    "precondition_failed": (412, _("It has changed meanwhile")),
    "unsupported_version": (412, _("Another version of the protocol")),
    "file_too_large": (413, _("The file is too large")),
    "too_many_pixels": (413, _("The picture has too many pixels")),
    "quota_exceeded": (413, _("No room left")),
    "uri_too_long": (414, _("The address is too long")),
    "unsupported_format": (415, _("Not a picture we can read")),
    "unsupported_media_type": (415, _("Unsupported media type")),
    "range_not_satisfiable": (416, _("Range not satisfiable")),
    "expectation_failed": (417, _("Expectation failed")),
    "upload_locked": (423, _("The upload is in use")),
    "throttled": (429, _("Too many attempts")),
    "headers_too_large": (431, _("The headers are too large")),
    # tus 1.0, "Checksum".
    "chunk_mismatch": (460, _("The checksum does not match")),
    "internal_error": (500, _("Something broke on our side")),
    "not_implemented": (501, _("Not implemented")),
    "database_unavailable": (503, _("The database does not answer")),
    "storage_unavailable": (503, _("The image storage is not available")),
    "busy": (503, _("The store is busy")),
}

# code -> how long a client should wait before it asks again.
RETRY_AFTER_SECONDS = {"not_ready": 2, "database_unavailable": 5, "storage_unavailable": 30, "busy": 5}

# The disk is full, or what this process may have of it.
FULL_ERRORS = (errno.ENOSPC, errno.EDQUOT)


class Problem(Exception):
    """A refusal with a code of `CODES`, a sentence that says what to do, and members of its own.

    `extra` becomes members of the JSON answer (RFC 9457, section 3.2): `errors`, `image`, `limit` …
    `headers` are sent with the answer. So is Retry-After, in seconds: `retry_after`, or else the value
    of RETRY_AFTER_SECONDS.
    """

    def __init__(
        self,
        code: str,
        detail: Sentence,
        *,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(code, detail)
        self.code, self.extra = code, extra
        self._detail = detail
        self.status, self._title = CODES[code]
        self.headers = dict(headers or {})
        seconds = RETRY_AFTER_SECONDS.get(code) if retry_after is None else retry_after
        if seconds:
            self.headers["Retry-After"] = str(seconds)

    @property
    def title(self) -> str:
        """In the language of the request that asks."""
        return str(self._title)

    @property
    def detail(self) -> str:
        """In the language of the request that asks."""
        return str(self._detail)

    def body(self) -> dict[str, Any]:
        standard = {"type": "about:blank", "title": self.title, "status": self.status}
        return {**standard, "detail": self.detail, "code": self.code, **self.extra}


def not_found() -> Problem:
    """One answer for another user's row and for a row that never existed, so that it tells neither."""
    return Problem("not_found", _("There is nothing here, or it is not yours."))


def invalid(field: str, sentence: Sentence) -> Problem:
    """Refuses the value of one field or parameter."""
    return Problem("invalid", sentence, errors={field: [sentence]})


def too_many_attempts(seconds: int) -> Problem:
    sentence = ngettext_lazy(
        "Too many attempts. Try again in %(seconds)s second.",
        "Too many attempts. Try again in %(seconds)s seconds.",
        seconds,
    )
    return Problem("throttled", filled(sentence, seconds=seconds), retry_after=seconds)


def precondition_failed() -> Problem:
    return Problem("precondition_failed", _("This has changed since you read it. Nothing was done; read it again."))


def internal_error() -> Problem:
    return Problem("internal_error", _("Something broke on our side. What you had stored is still there."))


def database_unavailable() -> Problem:
    return Problem(
        "database_unavailable", _("The database does not answer. Nothing was changed; try again shortly.")
    )


def storage_unavailable(error: OSError | None = None) -> Problem:
    """`error` is what the storage failed with."""
    if error and error.errno in FULL_ERRORS:
        return disk_full()
    sentence = _("The image storage does not answer. Nothing was stored; try again shortly.")
    return Problem("storage_unavailable", sentence)


def disk_full() -> Problem:
    sentence = _(
        "The disk of the store is full. Nothing was stored. Tell the operator of the store; try again later."
    )
    return Problem("storage_unavailable", sentence)
