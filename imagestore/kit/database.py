"""How long the database may take, and rows that others change at the same time."""

import functools
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import OperationalError, connection, transaction
from django.db.models import Model, QuerySet

from imagestore.kit.problems import not_found

P = ParamSpec("P")
R = TypeVar("R")

# MySQL: deadlock found; lock wait timeout exceeded. The server has rolled back.
_DEADLOCK_ERRORS = (1213, 1205)
_MAX_TRIES = 4


def limit_statement_time() -> None:
    """From now on no statement of this process takes longer than DATABASE_TIMEOUT (MySQL).

    For the server: a database that hangs must not take its threads with it. What an operator
    starts, a migration of large tables say, takes the time it takes.
    """
    if connection.vendor == "mysql":
        for limit in ("read_timeout", "write_timeout"):
            connection.settings_dict["OPTIONS"].setdefault(limit, settings.DATABASE_TIMEOUT)


def refresh(row: Model, rows: "QuerySet[Any]") -> None:
    """The row as it is now; Problem `not_found` when it is not among `rows` any more."""
    try:
        row.refresh_from_db(from_queryset=rows)
    except ObjectDoesNotExist:
        raise not_found() from None


def transaction_retried(work: Callable[P, R]) -> Callable[P, R]:
    """Run the whole function in one transaction, again from its start if it lost a deadlock.

    Inside another transaction it runs once: the server has rolled back that one too, and only
    whoever began it can begin again. The error is a 503 at every door (imagestore.kit.errors).
    """

    @functools.wraps(work)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        tries = 1 if connection.in_atomic_block else _MAX_TRIES
        for attempt in range(1, tries):
            try:
                with transaction.atomic():
                    return work(*args, **kwargs)
            except OperationalError as error:
                if error.args[:1] not in [(code,) for code in _DEADLOCK_ERRORS]:
                    raise
                time.sleep(0.02 * attempt)
        with transaction.atomic():
            return work(*args, **kwargs)

    return wrapper
