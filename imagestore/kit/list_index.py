"""Makes the database read a list along its index.

Planners do not see that a page has few rows. Behind a cursor, MySQL and MariaDB take the index by its equal columns
alone and skip the list's first half row by row, or sort all of it. SQLite takes a narrower index, and skips rows
that a filter leaves out. Told which index to take, all of them begin at the first row of the page.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import Col
from django.db.models.lookups import Exact, In, IsNull
from django.db.models.sql.datastructures import BaseTable


class _ForcedTable(BaseTable):
    """The table of a query, with the index along which it is read."""

    index: str

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        sql, params = super().as_sql(compiler, connection)
        index = connection.ops.quote_name(self.index)
        forced = f"FORCE INDEX ({index})" if connection.vendor == "mysql" else f"INDEXED BY {index}"
        return f"{sql} {forced}", tuple(params)


def along_index(rows: "QuerySet[Any]", column: str, tie_breaker: str) -> "QuerySet[Any]":
    """The same rows, to be read in the order of `column` and `tie_breaker` along the index that has them so.

    Unchanged where no index begins with columns that the query fixes, and ends with these two.
    """
    index = _index_of(rows, [column, tie_breaker])
    if index is None:
        return rows
    forced = rows.all()
    alias = forced.query.get_initial_alias()
    table = _ForcedTable(forced.query.alias_map[alias].table_name, alias)
    table.index = index
    forced.query.alias_map[alias] = table
    return forced


def _index_of(rows: "QuerySet[Any]", order: Sequence[str]) -> str | None:
    """The longest that fits: each column that it fixes leaves fewer rows to skip."""
    conditions: Any = rows.query.where.children
    lookups = [each for each in conditions if isinstance(getattr(each, "lhs", None), Col)]
    fixed = {each.lhs.target.name for each in lookups if _is_fixed(each)}
    bounded = {each.lhs.target.name for each in lookups if each.lookup_name in ("gt", "gte", "lt", "lte")}
    if bounded - {order[0]}:
        return None
    indexes = [each for each in rows.model._meta.indexes if _serves(each.fields, fixed, order)]
    return max(indexes, key=lambda index: len(index.fields)).name if indexes else None


def _is_fixed(lookup: Any) -> bool:
    """Whether the column can have one value only."""
    one_of_one = isinstance(lookup, In) and isinstance(lookup.rhs, list) and len(lookup.rhs) == 1
    return isinstance(lookup, Exact) or one_of_one or (isinstance(lookup, IsNull) and lookup.rhs is True)


def _serves(fields: Sequence[str], fixed: set[str], order: Sequence[str]) -> bool:
    return [*fields[-2:]] == [*order] and set(fields[:-2]) <= fixed
