"""While a newer version migrates, the version before it goes on writing rows."""

from typing import Any

import pytest
from django.db.migrations import AddField
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED, IntegerField

OURS = {"accounts", "albums", "images"}
# Written before any version was released, so no version before it runs.
BEFORE_RELEASES = {"albums/0002_trash", "images/0002_trash", "images/0003_upkeep"}


def test_a_new_column_may_be_null_or_has_a_default_in_the_database() -> None:
    """The version before inserts rows without the column: a default of Django's does not reach it."""
    migrations = MigrationLoader(None).disk_migrations
    ours = {f"{app}/{name}": migration for (app, name), migration in migrations.items() if app in OURS}
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
