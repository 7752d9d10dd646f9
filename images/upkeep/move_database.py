"""Copies all rows to the database of NEW_DATABASE_URL while the server runs, then makes that one the store's.

A run removes there what is not as it is here, then copies what is missing there, a batch in a transaction. So the
next run goes on after any end. The row `Store` there holds another id until all rows are compared: no server starts
before.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid5

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DataError, Error, IntegrityError, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model

from images.models import Store
from imagestore.kit import tables
from imagestore.kit.collisions import collisions
from imagestore.kit.database import unsuitable
from imagestore.kit.databases import as_default, name_of, others_are_connected, table_names, unknown_migrations
from imagestore.kit.tables import Difference, Row

OLD, NEW = "default", "new"
# Migrations write these rows into an empty database.
_MADE_BY_MIGRATIONS = {ContentType, Permission}

Progress = Callable[[int, int], None]


class Refused(Exception):
    """The database cannot be moved now, or not there. The message is a sentence for the operator."""


@dataclass
class Report:
    copied: int = 0
    removed: int = 0


def check_new_database() -> None:
    """Raises Refused without NEW_DATABASE_URL, and where the rows cannot or must not go. Writes nothing."""
    if NEW not in connections.settings:
        raise Refused("Set NEW_DATABASE_URL to the database that the rows shall go to.")
    if unknown_migrations(MigrationLoader(connections[OLD])):
        raise Refused("The database is newer than this code: move it with the version that migrated it.")
    try:
        with as_default(NEW):
            if sentence := unsuitable():
                raise Refused(sentence)
        if not _is_missing():
            _check_contents()
    except Error as error:
        raise Refused(f"{name_of(connections[NEW])} cannot be used: {error.args[-1]}") from None


def find_equal_texts() -> list[str]:
    """A line for each pair of rows that must differ, but that the new database counts as equal."""
    return [line for model in _models() for line in collisions(model, OLD, NEW)]


def count_different() -> int:
    """How many rows a run would copy or remove. Writes nothing."""
    if _is_missing() or not _is_being_filled():
        return count_rows()
    return sum(len(batch) for batch in _all_differences())


def count_rows() -> int:
    return sum(tables.count_rows(model, OLD) for model in _models())


def copy_all(progress: Progress = lambda done, total: None) -> Report:
    """Make the rows there those of here. Raises Refused, and Django's errors when a database fails."""
    _make_tables()
    _take()
    report, done, total = Report(), 0, count_rows()
    with connections[NEW].constraint_checks_disabled():
        # All removals first: what one row has there may be another's by now, where no two may have the same.
        report.removed = sum(
            _remove(model, rows) for model in _models() for rows in tables.stale(model, OLD, NEW) if rows
        )
        for model in _models():
            for read, rows in tables.lacking(model, OLD, NEW):
                if rows:
                    _copy(model, rows)
                report.copied, done = report.copied + len(rows), done + read
                progress(done, total)
    return report


def require_still() -> None:
    """Raises Refused while another process has the old database open, as a server has."""
    if others_are_connected(connections[OLD]):
        raise Refused(f"{name_of(connections[OLD])} is in use: stop the server, and close other connections to it.")


def finish() -> list[Difference]:
    """Make the new database the store's if all rows are equal; else return those that are not.

    Call after `copy_all`, when no server runs: it raises Refused as `require_still` does.
    """
    if different := compare():
        return different
    for model in _models():
        tables.copy_key_counter(model, OLD, NEW)
    require_still()
    Store.objects.using(NEW).update(marker=_own_id())
    return []


def compare() -> list[Difference]:
    """Every row of both databases."""
    return [row for batch in _all_differences() for row in batch]


def _models() -> list[type[Model]]:
    return [model for model in tables.models_with_tables() if model is not Store]


def _all_differences() -> Iterator[list[Difference]]:
    for model in _models():
        yield from tables.differences(model, OLD, NEW)


# ---- Whose is the new database? ---------------------------------------------------------------


def _check_contents() -> None:
    if not (there := table_names(connections[NEW])):
        return
    if unknown_migrations(MigrationLoader(connections[NEW])):
        raise Refused("NEW_DATABASE_URL is newer than this code: begin with an empty database.")
    marker = _marker_in(NEW) if Store._meta.db_table in there else None
    if marker == _own_id():
        raise Refused("NEW_DATABASE_URL holds this store already: set DATABASE_URL to it.")
    if marker not in (None, _filling_id()):
        raise Refused("NEW_DATABASE_URL is the database of another store, or another is being moved to it.")
    if marker is None and not _is_empty(there):
        raise Refused("NEW_DATABASE_URL is not empty.")


def _is_empty(there: set[str]) -> bool:
    """Whether it has no rows but those of migrations, of which one may have been killed half way."""
    ours = {model._meta.db_table: model for model in tables.models_with_tables()}
    if there - ours.keys() - {"django_migrations"}:
        return False
    counted = [model for table, model in ours.items() if table in there and model not in _MADE_BY_MIGRATIONS]
    return not any(tables.count_rows(model, NEW) for model in counted)


def _is_missing() -> bool:
    """SQLite would make the file."""
    new = connections[NEW]
    return new.vendor == "sqlite" and not Path(new.settings_dict["NAME"]).exists()


def _is_being_filled() -> bool:
    return Store._meta.db_table in table_names(connections[NEW]) and _marker_in(NEW) == _filling_id()


def _marker_in(alias: str) -> UUID | None:
    return Store.objects.using(alias).values_list("marker", flat=True).first()


def _own_id() -> UUID:
    marker = _marker_in(OLD)
    if marker is None:
        raise Refused("This store was never started, so there is nothing to move.")
    return marker


def _filling_id() -> UUID:
    """What the row `Store` there holds while this store is being moved."""
    return uuid5(_own_id(), "being filled")


# ---- Steps of a run -----------------------------------------------------------------------------


def _make_tables() -> None:
    new = connections[NEW]
    try:
        if _is_missing():
            # Only for the store's own user, as all that it holds.
            Path(new.settings_dict["NAME"]).touch(mode=0o600)
        executor = MigrationExecutor(new)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            with as_default(NEW):
                call_command("migrate", interactive=False, verbosity=0)
    except (Error, OSError) as error:
        raise Refused(
            f"{name_of(new)} cannot be migrated: {error.args[-1]}. Begin with an empty database."
        ) from None


def _take() -> None:
    Store.objects.using(NEW).get_or_create(pk=1, defaults={"marker": _filling_id()})


def _remove(model: type[Model], rows: list[Difference]) -> int:
    with transaction.atomic(using=NEW):
        return tables.delete_rows(model, NEW, [row.key for row in rows])


def _copy(model: type[Model], rows: list[Row]) -> None:
    try:
        with transaction.atomic(using=NEW):
            _insert(model, rows)
    except (DataError, IntegrityError):
        for row in rows:
            _copy_one(model, row)


def _insert(model: type[Model], rows: list[Row]) -> None:
    tables.insert_rows(model, NEW, rows)


def _copy_one(model: type[Model], row: Row) -> None:
    try:
        with transaction.atomic(using=NEW):
            _insert(model, [row])
    except (DataError, IntegrityError) as error:
        # MySQL repeats the value, which may be a secret.
        reason = re.sub(r"entry '.*' for", "entry for", str(error.args[-1]), flags=re.DOTALL)
        again = " If a server runs, run this again." if isinstance(error, IntegrityError) else ""
        raise Refused(f"A row of {model._meta.db_table} cannot be stored there: {reason}.{again}") from None
