"""Rows in batches, and work on many items that goes on when one fails."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from django.db.models import QuerySet

logger = logging.getLogger(__name__)

T = TypeVar("T")


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
