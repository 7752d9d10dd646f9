"""Turns DATABASE_URL into an entry of Django's DATABASES setting: SQLite, or a server with MySQL's protocol."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_EXPECTED_URL = (
    "{name} must look like mysql://user:password@host:3306/name or sqlite:////folder/file "
    "(user and password percent-encoded: / is %2F, @ is %40, # is %23, ? is %3F)."
)
# What may follow `?`, for MySQLdb.connect.
_OPTIONS = {
    "unix_socket", "charset", "connect_timeout", "read_timeout", "write_timeout", "read_default_file", "ssl_mode",
}  # fmt: skip
_NUMBERS = {"connect_timeout", "read_timeout", "write_timeout"}


def database_from_url(url: str, default: Path, name: str = "DATABASE_URL") -> dict[str, Any]:
    """The entry of DATABASES for this URL; an empty URL means SQLite in the file `default`.

    `name` is the setting's. Raises ImproperlyConfigured, whose message must not repeat the URL: it has a password.
    """
    if not url:
        return _sqlite(str(default))
    if url == "sqlite://:memory:":
        return _sqlite(":memory:")
    try:
        split = urlsplit(url)
        if re.search(r"\s", url) or split.fragment:
            raise ValueError
        if split.scheme == "sqlite" and not split.netloc and not split.query and len(split.path) > 1:
            return _sqlite(unquote(split.path[1:]))
        if split.scheme in ("mysql", "mysql2"):
            return _mysql(split)
    except ValueError:
        pass
    raise ImproperlyConfigured(_EXPECTED_URL.format(name=name))


def other_database_from_url(url: str, name: str) -> dict[str, Any]:
    """The same for a setting that may be unset; empty for an empty URL."""
    return database_from_url(url, Path(), name) if url else {}


def _sqlite(name: str) -> dict[str, Any]:
    options = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    }
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options, "CONN_MAX_AGE": 60}


def _mysql(split: SplitResult) -> dict[str, Any]:
    name = unquote(split.path[1:])
    given = dict(parse_qsl(split.query, strict_parsing=bool(split.query)))
    host = split.hostname or ""
    if not name or re.search(r"[/@:]", name) or not (host or given.get("unix_socket")) or given.keys() - _OPTIONS:
        raise ValueError
    options = {
        "charset": "utf8mb4",
        "isolation_level": "read committed",
        # Leases are compared with the database's clock, so its sessions must use UTC.
        "init_command": "SET sql_mode = 'STRICT_TRANS_TABLES', time_zone = '+00:00', innodb_lock_wait_timeout = 3",
        "connect_timeout": 3,
        **{key: int(value) if key in _NUMBERS else value for key, value in given.items()},
    }
    return {
        "ENGINE": "django.db.backends.mysql",
        "NAME": name,
        "USER": unquote(split.username or ""),
        "PASSWORD": unquote(split.password or ""),
        "HOST": host,
        "PORT": split.port or "",
        "OPTIONS": options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
