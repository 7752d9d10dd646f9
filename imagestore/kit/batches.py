"""Rows in batches, deletion of many rows, and work on many items that goes on when one fails."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from django.db.models import QuerySet

logger = logging.getLogger(__name__)

T = TypeVar("T")

# One statement deletes so many rows, and one call of `delete_in_batches` so many at most.
DELETE_BATCH_ROWS = 500
DELETE_CALL_ROWS = 20_000


def batches(rows: "QuerySet[Any, T]", size: int) -> Iterator[list[T]]:
    """Yield all rows by primary key, `size` at a time. `rows` may be `values_list("pk", flat=True)`, too."""
    last_pk = 0
    while batch := list(rows.filter(pk__gt=last_pk).order_by("pk")[:size]):
        yield batch
        last_row: Any = batch[-1]
        last_pk = getattr(last_row, "pk", last_row)


def each(items: Iterable[T], work: Callable[[T], int]) -> int:
    """Do `work` on every item, even when it fails for some; returns the sum. Raises the last error at the end."""
    total, last_error = 0, None
    for item in items:
        try:
            total += work(item)
        except Exception as error:
            logger.exception("%r could not be finished", item)
            last_error = error
    if last_error:
        raise last_error
    return total


def delete_in_batches(rows: "QuerySet[Any]") -> int:
    """Delete rows that nothing refers to, DELETE_CALL_ROWS at most: regular work calls again. Returns how many."""
    deleted = 0
    while deleted < DELETE_CALL_ROWS and (batch := _delete(rows, 0)):
        deleted += batch
    return deleted


def delete_beyond(rows: "QuerySet[Any]", limit: int) -> None:
    """Delete all but the first `limit` of these rows, which must be in order."""
    while _delete(rows, limit):
        pass


def _delete(rows: "QuerySet[Any]", first: int) -> int:
    """Keys are read first, because MySQL allows no LIMIT in the subquery of a DELETE."""
    keys = list(rows.values_list("pk", flat=True)[first : first + DELETE_BATCH_ROWS])
    return rows.model._default_manager.filter(pk__in=keys).delete()[0] if keys else 0
