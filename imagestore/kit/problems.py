"""All refusals of the store, by code. Pages, API and services share this list."""

import errno
from collections.abc import Mapping
from typing import Any

PROBLEM_JSON = "application/problem+json"

# code -> (HTTP status, title). Each Problem adds a sentence for the user.
CODES: dict[str, tuple[int, str]] = {
    "invalid": (400, "Some fields are not right"),
    "parse_error": (400, "The request could not be read"),
    "invalid_image": (400, "This picture cannot be read"),
    "checksum_mismatch": (400, "The checksum does not match"),
    "too_many_files": (400, "Too many files"),
    "not_authenticated": (401, "Sign in first"),
    "invalid_token": (401, "The token is not valid"),
    "token_expired": (401, "The token has expired"),
    "invalid_credentials": (401, "E-mail or password is wrong"),
    "csrf_failed": (403, "The form's security check failed"),
    # Pages of operators alone: elsewhere, what a person may not do does not exist for them (`not_found`).
    "forbidden": (403, "Your account has no right to this"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "Method not allowed"),
    "not_acceptable": (406, "Not acceptable"),
    "request_timeout": (408, "The request took too long"),
    "not_ready": (409, "The image is still being made"),
    "not_failed": (409, "The image has not failed"),
    "duplicate": (409, "The album has these bytes already"),
    "wrong_offset": (409, "The upload goes on elsewhere"),
    "album_in_trash": (409, "The album is in the trash"),
    "precondition_failed": (412, "It has changed meanwhile"),
    "unsupported_version": (412, "Another version of the protocol"),
    "file_too_large": (413, "The file is too large"),
    "too_many_pixels": (413, "The picture has too many pixels"),
    "quota_exceeded": (413, "No room left"),
    "uri_too_long": (414, "The address is too long"),
    "unsupported_format": (415, "Not a picture we can read"),
    "unsupported_media_type": (415, "Unsupported media type"),
    "range_not_satisfiable": (416, "Range not satisfiable"),
    "expectation_failed": (417, "Expectation failed"),
    "upload_locked": (423, "The upload is in use"),
    "throttled": (429, "Too many attempts"),
    "headers_too_large": (431, "The headers are too large"),
    # tus 1.0, "Checksum".
    "chunk_mismatch": (460, "The checksum does not match"),
    "internal_error": (500, "Something broke on our side"),
    "not_implemented": (501, "Not implemented"),
    "database_unavailable": (503, "The database does not answer"),
    "storage_unavailable": (503, "The image storage is not available"),
    "busy": (503, "The store is busy"),
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
        detail: str,
        *,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(code, detail)
        self.code, self.detail, self.extra = code, detail, extra
        self.status, self.title = CODES[code]
        self.headers = dict(headers or {})
        seconds = RETRY_AFTER_SECONDS.get(code) if retry_after is None else retry_after
        if seconds:
            self.headers["Retry-After"] = str(seconds)

    def body(self) -> dict[str, Any]:
        standard = {"type": "about:blank", "title": self.title, "status": self.status}
        return {**standard, "detail": self.detail, "code": self.code, **self.extra}


def not_found() -> Problem:
    """One answer for another user's row and for a row that never existed, so that it tells neither."""
    return Problem("not_found", "There is nothing here, or it is not yours.")


def invalid(field: str, sentence: str) -> Problem:
    """Refuses the value of one field or parameter."""
    return Problem("invalid", sentence, errors={field: [sentence]})


def precondition_failed() -> Problem:
    return Problem("precondition_failed", "This has changed since you read it. Nothing was done; read it again.")


def internal_error() -> Problem:
    return Problem("internal_error", "Something broke on our side. What you had stored is still there.")


def database_unavailable() -> Problem:
    return Problem("database_unavailable", "The database does not answer. Nothing was changed; try again shortly.")


def storage_unavailable(error: OSError | None = None) -> Problem:
    """`error` is what the storage failed with."""
    if error and error.errno in FULL_ERRORS:
        return disk_full()
    sentence = "The image storage does not answer. Nothing was stored; try again shortly."
    return Problem("storage_unavailable", sentence)


def disk_full() -> Problem:
    sentence = "The disk of the store is full. Nothing was stored. Tell the operator of the store; try again later."
    return Problem("storage_unavailable", sentence)
