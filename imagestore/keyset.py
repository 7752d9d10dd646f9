"""Keyset pages: a list costs the same at its first row and at its millionth.

A cursor names the row to go on from by its ordering value and primary key, so equal values
never hide or repeat a row, and rows that come or go meanwhile shift nothing.
See Markus Winand, "Paging Through Results", use-the-index-luke.com/no-offset.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.http import HttpRequest

from imagestore.problems import invalid

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
NEWEST_FIRST = "-created_at"


@dataclass(frozen=True)
class Page:
    """One page of rows, and the cursors of its neighbours (None at an end)."""

    items: list[Any]
    next_cursor: str | None
    previous_cursor: str | None

    def url(self, request: HttpRequest, cursor: str | None) -> str | None:
        """This request's URL with another cursor, absolute."""
        if cursor is None:
            return None
        query = request.GET.copy()
        query["cursor"] = cursor
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


@dataclass(frozen=True)
class Ordering:
    """`name` as the client wrote it; `column` and `descending` as the database needs it."""

    name: str
    column: str
    descending: bool

    def order_by(self, *, backwards: bool) -> list[str]:
        sign = "-" if self.descending != backwards else ""
        return [f"{sign}{self.column}", f"{sign}pk"]

    def beyond(self, value: Any, pk: int, *, backwards: bool) -> Q:
        """The rows after (value, pk). Written `<= AND (< OR …)` so that an index bounds the scan."""
        way = "lt" if self.descending != backwards else "gt"
        past = Q(**{f"{self.column}__{way}": value}) | Q(**{f"pk__{way}": pk})
        return Q(**{f"{self.column}__{way}e": value}) & past


def page_of(rows: QuerySet[Any], params: Mapping[str, str], orderings: Mapping[str, str]) -> Page:
    """The page that `page_size`, `ordering` and `cursor` of `params` ask for.

    Raises Problem `invalid` for anything else than what they may be.
    """
    size = _page_size(params.get("page_size"))
    ordering = _ordering(params.get("ordering", NEWEST_FIRST), orderings)
    if not params.get("cursor"):
        found = list(rows.order_by(*ordering.order_by(backwards=False))[: size + 1])
        return _page(found, size, ordering, backwards=False, from_start=True)
    backwards, value, pk = _decode(params["cursor"], ordering, rows.model)
    beyond = rows.filter(ordering.beyond(value, pk, backwards=backwards))
    found = list(beyond.order_by(*ordering.order_by(backwards=backwards))[: size + 1])
    return _page(found, size, ordering, backwards=backwards, from_start=False)


def neighbours(rows: QuerySet[Any], row: Model) -> tuple[Any, Any]:
    """What stands before and after `row` in a newest-first list; None at an end."""
    ordering = _ordering(NEWEST_FIRST, {"created_at": "created_at"})
    value, pk = getattr(row, ordering.column), row.pk
    before, after = (
        rows.filter(ordering.beyond(value, pk, backwards=backwards))
        .order_by(*ordering.order_by(backwards=backwards))
        .first()
        for backwards in (True, False)
    )
    return before, after


def _page(found: list[Any], size: int, ordering: Ordering, *, backwards: bool, from_start: bool) -> Page:
    more, items = len(found) > size, found[:size]
    if backwards:
        items.reverse()
    has_next = more or backwards
    has_previous = more if backwards else not from_start
    return Page(
        items,
        _encode(items[-1], ordering, backwards=False) if items and has_next else None,
        _encode(items[0], ordering, backwards=True) if items and has_previous else None,
    )


def _encode(row: Model, ordering: Ordering, *, backwards: bool) -> str:
    value = getattr(row, ordering.column)
    text = value.isoformat() if isinstance(value, datetime) else value
    packed = json.dumps([int(backwards), ordering.name, text, row.pk], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _decode(cursor: str, ordering: Ordering, model: type[Model]) -> tuple[bool, Any, int]:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        backwards, name, text, pk = json.loads(packed)
        field = cast("Field[Any, Any]", model._meta.get_field(ordering.column))
        value = field.to_python(text)
        str(text).encode()  # half a surrogate pair is no text for a database
        if isinstance(value, datetime):
            value = _in_utc(value)
    except (binascii.Error, TypeError, ValueError, OverflowError, RecursionError, ValidationError):
        raise invalid("cursor", "This is not a cursor of this list; start without one.") from None
    fits = name == ordering.name and isinstance(text, str) and value is not None and _is_key(pk)
    if not fits or backwards not in (0, 1):
        raise invalid("cursor", "This cursor belongs to another list or order; start without one.")
    return bool(backwards), value, pk


def _in_utc(value: datetime) -> datetime:
    """Raises ValueError without a zone, OverflowError where UTC has no such time."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return value.astimezone(UTC)


def _is_key(pk: Any) -> bool:
    return type(pk) is int and 0 <= pk < 2**63


def _page_size(text: str | None) -> int:
    if text is None:
        return PAGE_SIZE
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_PAGE_SIZE):
        raise invalid("page_size", f"A page has 1 to {MAX_PAGE_SIZE} rows.")
    return int(text)


def _ordering(name: str, orderings: Mapping[str, str]) -> Ordering:
    column = orderings.get(name.removeprefix("-"))
    if column is None:
        raise invalid("ordering", "Order by one of: " + ", ".join(orderings) + " (with - for descending).")
    return Ordering(name, column, name.startswith("-"))
