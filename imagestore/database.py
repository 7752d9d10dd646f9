"""Transactions that two sessions may want crosswise."""

import functools
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, transaction

P = ParamSpec("P")
R = TypeVar("R")

# MySQL: deadlock found; lock wait timeout exceeded. The server has rolled back.
_COLLISIONS = (1213, 1205)
_TRIES = 4


def transaction_retried(work: Callable[P, R]) -> Callable[P, R]:
    """Run the whole function in one transaction, again from its start if it lost a deadlock."""

    @functools.wraps(work)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, _TRIES):
            try:
                with transaction.atomic():
                    return work(*args, **kwargs)
            except OperationalError as error:
                if error.args[:1] not in [(code,) for code in _COLLISIONS]:
                    raise
                time.sleep(0.02 * attempt)
        with transaction.atomic():
            return work(*args, **kwargs)

    return wrapper
