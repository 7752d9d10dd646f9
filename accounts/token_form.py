"""The exact form of our tokens: header, claims and their types. It reads a token without verifying it.

PyJWT and simplejwt ignore headers that they do not know, take numbers written as text, and fail with
errors of their own on times beyond the calendar. The store makes no such token, so it refuses all of them.
"""

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any
from uuid import UUID

# No `kid`, `jku`, `jwk`, `x5u` or `crit`: a header must not choose the key (RFC 8725, 3.10).
HEADER = {"alg": "HS256", "typ": "JWT"}
# 9999-12-31T23:59:59Z, the last second that a datetime can hold.
LAST_SECOND = 253_402_300_799


def check_form(token: str) -> None:
    """Raises ValueError for any token but a JWT in the form of ours. `token` must be three fields of base64url."""
    header, claims, _ = token.split(".")
    if _fields(header) != HEADER:
        raise ValueError("The header is not ours.")
    values = _fields(claims)
    for name, has_type in _TYPE_OF.items():
        if name in values and not has_type(values[name]):
            raise ValueError(f"The claim {name} is of the wrong type.")


def _fields(segment: str) -> dict[str, Any]:
    """Raises ValueError unless the segment is an object of JSON in which each name stands once."""
    try:
        text = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
        fields = json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_refuse)
    except (binascii.Error, RecursionError) as error:
        raise ValueError("It is not JSON in base64url.") from error
    if not isinstance(fields, dict):
        raise ValueError("It is no object.")
    return fields


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("A name stands twice.")
    return fields


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON.")


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_time(value: Any) -> bool:
    return _is_count(value) and value <= LAST_SECOND


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_uuid(value: Any) -> bool:
    return _is_text(value) and bool(UUID(value))


_TYPE_OF: dict[str, Callable[[Any], bool]] = {
    "exp": _is_time,
    "iat": _is_time,
    "nbf": _is_time,
    "ver": _is_count,
    "sub": _is_uuid,
    "fam": _is_uuid,
    "jti": _is_text,
    "token_type": _is_text,
}
