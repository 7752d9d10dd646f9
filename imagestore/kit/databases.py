"""Two databases in one process, and what else is connected to one, or has migrated it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from urllib.parse import quote

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

# The entry of MIGRATION_DATABASE_URL in DATABASES.
MIGRATION = "migration"
# Of MySQL: no right in this database, on this table, for this act.
_DENIED_ERRORS = {1044, 1142, 1227}


@contextmanager
def as_default(alias: str) -> Iterator[None]:
    """Let this database be the default one until the block ends: migrations write to that one alone."""
    default, chosen = connections[DEFAULT_DB_ALIAS], connections[alias]
    try:
        connections[DEFAULT_DB_ALIAS], chosen.alias = chosen, DEFAULT_DB_ALIAS
        yield
    finally:
        connections[DEFAULT_DB_ALIAS], chosen.alias = default, alias
        # It remembers by the name of the database.
        ContentType.objects.clear_cache()


@contextmanager
def as_migrator() -> Iterator[None]:
    """Let the account of MIGRATION_DATABASE_URL work until the block ends; without it, the server's own."""
    with as_default(MIGRATION) if MIGRATION in settings.DATABASES else nullcontext():
        yield


def may_not_change_tables(error: BaseException) -> bool:
    """Whether the database refused a statement because the account lacks a right."""
    denied = bool(error.args) and error.args[0] in _DENIED_ERRORS
    # Django wraps the refusal of its first table.
    return denied or (error.__context__ is not None and may_not_change_tables(error.__context__))


def name_of(connection: BaseDatabaseWrapper) -> str:
    """For messages, without user and password."""
    name, options = connection.settings_dict["NAME"], connection.settings_dict["OPTIONS"]
    if connection.vendor == "sqlite":
        return f"The database {name}"
    return f"The database {name} at {options.get('unix_socket') or connection.settings_dict['HOST']}"


def table_names(connection: BaseDatabaseWrapper) -> set[str]:
    """SQLite would make an empty file of a database that is asked; so a missing file is not asked."""
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        return set()
    with connection.cursor() as cursor:
        return set(connection.introspection.table_names(cursor))


def unknown_migrations(loader: MigrationLoader) -> list[str]:
    """Migrations of this project that the database has and the code has not: the database is newer."""
    ours = {app.label for app in apps.get_app_configs() if Path(app.path).is_relative_to(settings.BASE_DIR)}
    known = loader.disk_migrations
    return sorted(
        f"{app}.{name}" for app, name in loader.applied_migrations if app in ours and (app, name) not in known
    )


def others_are_connected(connection: BaseDatabaseWrapper) -> bool:
    """Whether another process has this database open, at work or not: a server always has.

    MySQL tells a user without the right PROCESS only of connections of that user.
    """
    if connection.vendor == "sqlite":
        connection.close()
        return not _can_be_locked(Path(connection.settings_dict["NAME"]))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        )
        return bool(cursor.fetchone()[0])


def _can_be_locked(file: Path) -> bool:
    """Each connection to a database in WAL mode holds a shared lock on its file (sqlite.org/wal.html, 2.3)."""
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=0)) as probe:
        try:
            probe.execute("PRAGMA locking_mode = EXCLUSIVE")
            probe.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
    return True
