"""Time limits for statements, fresh rows, transactions that run again after a deadlock, and which errors pass."""

import functools
import sqlite3
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Model, QuerySet

from imagestore.kit.problems import not_found
from imagestore.kit.sqlite import LimitedConnection

P = ParamSpec("P")
R = TypeVar("R")

# Error numbers of MySQL: deadlock, and lock wait timeout exceeded.
_DEADLOCK_ERRORS = (1213, 1205)
# Those, and: a row that changed under a snapshot, a lock that was not waited for.
_LOCK_ERRORS = (*_DEADLOCK_ERRORS, 1020, 3572)
# A connection that was refused, lost or killed; a server that is starting, ending or read-only; too many clients.
_CONNECTION_ERRORS = (
    1040, 1042, 1043, 1053, 1077, 1079, 1152, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161, 1184, 1203,
    1226, 1290, 1836, 1927, 2002, 2003, 2005, 2006, 2012, 2013, 2014, 2027, 2055, 4031,
)  # fmt: skip
# A statement that took too long or was ended, and a disk that is full.
_TIME_ERRORS, _FULL_ERRORS = (1317, 1969, 3024), (1021, 1114)
_PASSING_ERRORS = {*_LOCK_ERRORS, *_CONNECTION_ERRORS, *_TIME_ERRORS, *_FULL_ERRORS}
# Of SQLite: busy, locked, no memory, read-only, interrupted, the disk's errors, full, cannot open, lock protocol.
_PASSING_ERRORS_OF_SQLITE = {5, 6, 7, 8, 9, 10, 13, 14, 15}
_MAX_TRIES = 4
_RETRY_PAUSE_SECONDS = 0.02
# How much longer the client waits than the database's server.
_SERVER_ENDS_FIRST_SECONDS = 1


def will_pass(error: DatabaseError | InterfaceError) -> bool:
    """Whether the same request may succeed later: the connection, a lock, a time-out or a full disk is the cause.

    An error without a number comes from the driver itself, which has no connection then.
    """
    if sqlite_code := getattr(error.__cause__, "sqlite_errorcode", None):
        # The lower byte is the kind; the rest says more.
        return sqlite_code & 0xFF in _PASSING_ERRORS_OF_SQLITE
    code = error.args[0] if error.args else None
    return code in _PASSING_ERRORS or not code or not isinstance(code, int)


def is_full(error: DatabaseError | InterfaceError) -> bool:
    """Whether the database's disk is full."""
    if sqlite_code := getattr(error.__cause__, "sqlite_errorcode", None):
        return bool(sqlite_code & 0xFF == sqlite3.SQLITE_FULL)
    return bool(error.args) and error.args[0] in _FULL_ERRORS


def unsuitable() -> str:
    """A sentence when the database cannot store every text; else "". MySQL refuses such a text with error 1366."""
    if connection.vendor != "mysql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DATABASE(), @@character_set_database")
        name, charset = cursor.fetchone()
        cursor.execute(
            "SELECT MIN(table_name), MIN(character_set_name) FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND character_set_name <> 'utf8mb4'"
        )
        table, charset_of_table = cursor.fetchone()
    wrong = f"table {table} of the database {name}" if table else f"database {name}"
    if charset == "utf8mb4" and not table:
        return ""
    return (
        f"The {wrong} is in {charset_of_table or charset}; the store needs utf8mb4. Begin with a new database: "
        "CREATE DATABASE … CHARACTER SET utf8mb4 (README.md, Use MySQL)."
    )


def limit_statement_time() -> None:
    """Limit every later statement of this process to DATABASE_TIMEOUT seconds (on SQLite and MySQL: SELECTs alone).

    The server calls this once, so that a hanging database does not block all its threads, and a costly search does
    not take up the processor. Commands must not call it: a migration of large tables may take longer.
    """
    options = connection.settings_dict["OPTIONS"]
    if connection.vendor == "sqlite":
        options.setdefault("factory", LimitedConnection)
        return
    options["init_command"] += _server_limit(settings.DATABASE_TIMEOUT)
    # Only for a server that hangs. A server that works ends the statement first: one that lost its client goes on.
    for limit in ("read_timeout", "write_timeout"):
        options.setdefault(limit, settings.DATABASE_TIMEOUT + _SERVER_ENDS_FIRST_SECONDS)


def _server_limit(seconds: int) -> str:
    """To be added to a SET statement. Each server reads one of the two comments.

    To MySQL `/*M!` begins a plain comment; MariaDB ignores the versions 50700 to 50999.
    """
    return f" /*M!100101 , max_statement_time = {seconds} */ /*!50708 , max_execution_time = {seconds * 1000} */"


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
