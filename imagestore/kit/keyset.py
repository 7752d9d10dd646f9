"""Keyset pages: a list costs the same at its first row and at its millionth.

A cursor holds the ordering value, table and public id of the row after which a page begins. So
equal values never hide or repeat a row, and rows that come or go meanwhile shift no page. Never put a
primary key into it: keys count the rows of all users, so two cursors would tell how many others added.
See Markus Winand, "Paging Through Results", use-the-index-luke.com/no-offset.
"""

import base64
import binascii
import heapq
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from imagestore.kit.problems import invalid

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
# The column that decides between rows of one ordering value. An index of a list ends with it.
TIE_BREAKER = "public_id"

_PUBLIC_ID = re.compile(r"[0-9a-f]{32}")

# The rows of one list: of one table, or of several tables.
Rows = QuerySet[Any] | Sequence[QuerySet[Any]]


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
        query.pop("around", None)
        query["cursor"] = cursor
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


@dataclass(frozen=True, order=True)
class Position:
    """Where a row stands in a list: by ordering value, then number of its table, then public id."""

    value: Any
    table: int
    # Only the database compares ids, because some databases order them otherwise than Python.
    public_id: UUID = field(compare=False)

    @classmethod
    def of(cls, row: Any, table: int, column: str) -> "Position":
        return cls(getattr(row, column), table, row.public_id)


@dataclass(frozen=True)
class Ordering:
    """`name` as the client wrote it; `column` and `descending` as the database needs it."""

    name: str
    column: str
    descending: bool

    def order_by(self, *, backwards: bool) -> list[str]:
        sign = "-" if self.descending != backwards else ""
        return [f"{sign}{self.column}", f"{sign}{TIE_BREAKER}"]

    def beyond(self, position: Position, table: int, *, backwards: bool) -> Q:
        """Selects the rows of table number `table` that come after a position.

        Leave the form `<= AND (< OR …)` as it is: it lets an index bound the scan.
        """
        operator = "lt" if self.descending != backwards else "gt"
        after = Q(**{f"{self.column}__{operator}": position.value})
        after_or_equal = Q(**{f"{self.column}__{operator}e": position.value})
        if table == position.table:
            return after_or_equal & (after | Q(**{f"{TIE_BREAKER}__{operator}": position.public_id}))
        return after_or_equal if (table < position.table) == (operator == "lt") else after


def page_of(
    rows: Rows, params: Mapping[str, str], orderings: Mapping[str, str], ordering_name: str | None = None
) -> Page:
    """The page that `page_size`, `ordering` and `cursor` of `params` ask for; `ordering_name` prevails.

    Without any order: by the first of `orderings`, descending. Raises Problem `invalid` for a value
    that one of them may not have.
    """
    tables = [rows] if isinstance(rows, QuerySet) else list(rows)
    size = _page_size(params.get("page_size"))
    ordering = ordering_of(ordering_name or params.get("ordering"), orderings)
    backwards, position = False, None
    if params.get("cursor"):
        backwards, position = _decode(params["cursor"], ordering, tables)
        tables = [
            rows.filter(ordering.beyond(position, number, backwards=backwards))
            for number, rows in enumerate(tables)
        ]
    first_rows = _first(tables, size + 1, ordering, backwards=backwards)
    more, placed = len(first_rows) > size, first_rows[:size]
    if backwards:
        placed.reverse()
    has_previous = more if backwards else position is not None
    return _page(placed, ordering, has_next=more or backwards, has_previous=has_previous)


def page_around(
    rows: QuerySet[Any],
    row: Model,
    params: Mapping[str, str],
    orderings: Mapping[str, str],
    ordering_name: str | None = None,
) -> Page:
    """The page with `row` in its middle, or nearer to an end of the list; `params` as for `page_of`."""
    size = _page_size(params.get("page_size"))
    ordering = ordering_of(ordering_name or params.get("ordering"), orderings)
    here = Position.of(row, 0, ordering.column)

    def beside(count: int, *, backwards: bool) -> list[tuple[Position, Any]]:
        """The next `count` rows, and one more when the list goes on."""
        beyond = rows.filter(ordering.beyond(here, 0, backwards=backwards))
        return _first([beyond], count + 1, ordering, backwards=backwards)

    before = beside(size // 2, backwards=True)
    shown_before = before[: size // 2]
    rest = size - 1 - len(shown_before)
    after = beside(rest, backwards=False)
    placed = [*reversed(shown_before), (here, row), *after[:rest]]
    return _page(placed, ordering, has_next=len(after) > rest, has_previous=len(before) > len(shown_before))


def cursor_from(value: Any, ordering_name: str, orderings: Mapping[str, str]) -> str:
    """A cursor whose page begins with the first of the rows that have `value`, or else with the first beyond."""
    ordering = ordering_of(ordering_name, orderings)
    before_all_ids = UUID(int=2**128 - 1 if ordering.descending else 0)
    return _encode(Position(value, 0, before_all_ids), ordering, backwards=False)


def neighbours(
    rows: QuerySet[Any], row: Model, ordering_name: str | None, orderings: Mapping[str, str]
) -> tuple[Any, Any]:
    """The rows before and after `row` in the list that `page_of` pages through; None at an end.

    `row` itself need not be in `rows`. Raises Problem `invalid` for an unknown ordering.
    """
    ordering = ordering_of(ordering_name, orderings)
    position = Position.of(row, 0, ordering.column)
    before, after = (
        rows.filter(ordering.beyond(position, 0, backwards=backwards))
        .order_by(*ordering.order_by(backwards=backwards))
        .first()
        for backwards in (True, False)
    )
    return before, after


def _first(
    tables: list[QuerySet[Any]], count: int, ordering: Ordering, *, backwards: bool
) -> list[tuple[Position, Any]]:
    """The first `count` rows of all tables in one order, each with its position."""
    names = ordering.order_by(backwards=backwards)
    by_table = [
        [(Position.of(row, number, ordering.column), row) for row in rows.order_by(*names)[:count]]
        for number, rows in enumerate(tables)
    ]
    merged = heapq.merge(*by_table, key=itemgetter(0), reverse=ordering.descending != backwards)
    return list(islice(merged, count))


def _page(placed: list[tuple[Position, Any]], ordering: Ordering, *, has_next: bool, has_previous: bool) -> Page:
    return Page(
        [row for _, row in placed],
        _encode(placed[-1][0], ordering, backwards=False) if placed and has_next else None,
        _encode(placed[0][0], ordering, backwards=True) if placed and has_previous else None,
    )


def _encode(position: Position, ordering: Ordering, *, backwards: bool) -> str:
    value, table, public_id = position.value, position.table, position.public_id.hex
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    # Not escaped: a cursor is part of a URL, and an escaped emoji takes three times its bytes.
    content = [int(backwards), ordering.name, text, table, public_id]
    packed = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def _decode(cursor: str, ordering: Ordering, tables: list[QuerySet[Any]]) -> tuple[bool, Position]:
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        backwards, name, text, table, public_id = json.loads(packed)
        column = cast("Field[Any, Any]", tables[0].model._meta.get_field(ordering.column))
        value = column.to_python(text)
        str(text).encode()  # refuses half a surrogate pair, which a database cannot store
        if isinstance(value, datetime):
            value = _in_utc(value)
    except (binascii.Error, TypeError, ValueError, OverflowError, RecursionError, ValidationError):
        raise invalid("cursor", _("This is not a cursor of this list; start without one.")) from None
    fits = name == ordering.name and isinstance(text, str) and value is not None
    is_table = type(table) is int and 0 <= table < len(tables)
    if not (fits and is_table and _is_public_id(public_id)) or backwards not in (0, 1):
        raise invalid("cursor", _("This cursor belongs to another list or order; start without one."))
    return bool(backwards), Position(value, table, UUID(public_id))


def _in_utc(value: datetime) -> datetime:
    """Raises ValueError for a time without a zone, OverflowError for one that UTC cannot express."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return value.astimezone(UTC)


def _is_public_id(value: Any) -> bool:
    return isinstance(value, str) and _PUBLIC_ID.fullmatch(value) is not None


def _page_size(text: str | None) -> int:
    if text is None:
        return PAGE_SIZE
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_PAGE_SIZE):
        raise invalid("page_size", f"A page has 1 to {MAX_PAGE_SIZE} rows.")
    return int(text)


def ordering_of(name: str | None, orderings: Mapping[str, str]) -> Ordering:
    if name is None:
        name = f"-{next(iter(orderings))}"
    column = orderings.get(name.removeprefix("-"))
    if column is None:
        raise invalid("ordering", "Order by one of: " + ", ".join(orderings) + " (with - for descending).")
    return Ordering(name, column, name.startswith("-"))
