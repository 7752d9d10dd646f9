"""Many rows a batch at a time, and work on many items of which one that fails stops no other."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from django.db.models import QuerySet

logger = logging.getLogger(__name__)

T = TypeVar("T")


def batches(rows: "QuerySet[Any, T]", size: int) -> Iterator[list[T]]:
    """All rows in the order of their keys, `size` of them in memory; of `values_list("pk", flat=True)` the keys."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:size]):
        yield batch
        final: Any = batch[-1]
        last = getattr(final, "pk", final)


def each(items: Iterable[T], work: Callable[[T], int]) -> int:
    """The sum of this work on all items, whatever becomes of one. Raises the last error at the end."""
    total, last = 0, None
    for item in items:
        try:
            total += work(item)
        except Exception as error:
            logger.exception("%r could not be finished", item)
            last = error
    if last:
        raise last
    return total
