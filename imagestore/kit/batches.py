"""Work on many items, one failure of which stops no other."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")


def each(items: Iterable[T], work: Callable[[T], int]) -> int:
    """The sum of this work on all of them, whatever becomes of one. Raises the last error at the end."""
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
