"""Time limits for statements, fresh rows, and transactions that run again after a deadlock."""

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

# Error numbers of MySQL: deadlock, and lock wait timeout exceeded.
_DEADLOCK_ERRORS = (1213, 1205)
_MAX_TRIES = 4
_RETRY_PAUSE_SECONDS = 0.02


def limit_statement_time() -> None:
    """Limit every later statement of this process to DATABASE_TIMEOUT seconds (on MySQL only).

    The server calls this once, so that a hanging database does not block all its threads. Commands
    must not call it: a migration of large tables may take longer.
    """
    if connection.vendor == "mysql":
        for limit in ("read_timeout", "write_timeout"):
            connection.settings_dict["OPTIONS"].setdefault(limit, settings.DATABASE_TIMEOUT)


def refresh(row: Model, rows: "QuerySet[Any]") -> None:
    """Read the row again. Raises Problem `not_found` when it is no longer among `rows`."""
    try:
        row.refresh_from_db(from_queryset=rows)
    except ObjectDoesNotExist:
        raise not_found() from None


def retry_transaction(work: Callable[P, R]) -> Callable[P, R]:
    """Run the whole function in one transaction, and again from its start when it lost a deadlock.

    Inside another transaction it runs once: the deadlock has rolled back that one, too, so the code
    that began it must run again. Pages and API answer the error with 503 (imagestore.kit.errors).
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
                time.sleep(_RETRY_PAUSE_SECONDS * attempt)
        with transaction.atomic():
            return work(*args, **kwargs)

    return wrapper
