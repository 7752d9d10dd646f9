"""While a newer version migrates, the version before it goes on writing rows."""

from typing import Any

import pytest
from django.db.migrations import (
    AddField,
    AlterModelTable,
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
    SeparateDatabaseAndState,
)
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED, IntegerField

OURS = {"accounts", "albums", "images"}
# Written before any version was released, so no version before it runs.
BEFORE_RELEASES = {"albums/0002_trash", "images/0002_trash", "images/0003_upkeep"}
# They take away what the version before reads and writes.
TAKING_AWAY = (AlterModelTable, DeleteModel, RemoveField, RenameField, RenameModel)
# Migrations that drop what a version before them had given up already (CONTRIBUTING.md, "Change a model").
SECOND_OF_TWO_VERSIONS: set[str] = set()


def our_migrations() -> dict[str, Any]:
    migrations = MigrationLoader(None).disk_migrations
    return {f"{app}/{name}": migration for (app, name), migration in migrations.items() if app in OURS}


def test_a_new_column_may_be_null_or_has_a_default_in_the_database() -> None:
    """The version before inserts rows without the column: a default of Django's does not reach it."""
    ours = our_migrations()
    assert ours.keys() >= BEFORE_RELEASES
    added = [
        (name, step)
        for name, migration in ours.items()
        for step in migration.operations
        if isinstance(step, AddField) and name not in BEFORE_RELEASES
    ]
    assert [f"{name}: {step.name}" for name, step in added if not _the_version_before_can_insert(step.field)] == []


def _the_version_before_can_insert(field: Any) -> bool:
    return field.null or field.many_to_many or field.db_default is not NOT_PROVIDED


@pytest.mark.parametrize(("column", "fine"), [(IntegerField(default=0), False), (IntegerField(db_default=0), True)])
def test_only_a_default_in_the_database_counts(column: Any, fine: bool) -> None:
    assert _the_version_before_can_insert(column) == fine


def test_no_migration_takes_away_what_the_version_before_uses() -> None:
    taking = {name for name, migration in our_migrations().items() if _takes_away(migration.operations)}
    assert taking == SECOND_OF_TWO_VERSIONS


def _takes_away(operations: list[Any]) -> bool:
    """What only the state forgets stays in the database."""
    inner = [
        each
        for step in operations
        if isinstance(step, SeparateDatabaseAndState)
        for each in step.database_operations
    ]
    return any(isinstance(step, TAKING_AWAY) for step in (*operations, *inner))


@pytest.mark.parametrize(
    ("step", "takes_away"),
    [
        (RemoveField("image", "name"), True),
        (SeparateDatabaseAndState(database_operations=[RemoveField("image", "name")]), True),
        (SeparateDatabaseAndState(state_operations=[RemoveField("image", "name")]), False),
        (AddField("image", "name", IntegerField(null=True)), False),
    ],
)
def test_only_the_database_counts(step: Any, takes_away: bool) -> None:
    assert _takes_away([step]) == takes_away
