"""The rows of every model in two databases: which differ, and how rows come from one into the other as they are.

Rows are compared as Python reads them, because databases spell dates, UUIDs and JSON in different ways. They are
read in batches: by values of the first column of the key, because two databases may sort text in different orders.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, Field, Model

# Values of the first column of a key that one query asks for, and rows that one statement inserts.
BATCH_KEYS = 200
INSERT_ROWS = 200

Key = tuple[Any, ...]
Row = tuple[Any, ...]


class Difference(NamedTuple):
    """A row that two databases do not have alike. Its text has no value, nor a key that is text."""

    table: str
    key: Key
    how: str

    def __str__(self) -> str:
        number = f" {self.key[0]}" if isinstance(self.key[0], int) else ", a row"
        return f"{self.table}{number}: {self.how}"


def models_with_tables() -> list[type[Model]]:
    """Those that migrations make, tables between two models included."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def count_rows(model: type[Model], alias: str) -> int:
    return model._base_manager.using(alias).count()


def stale(model: type[Model], old: str, new: str) -> Iterator[list[Difference]]:
    """Rows of `new` that `old` does not have, or not so; a list for each batch."""
    names = [field.attname for field in _fields(model)]
    for keys in _batches(model, new):
        here, there = _rows(model, old, keys), _rows(model, new, keys)
        yield [
            Difference(model._meta.db_table, key, _how(names, here.get(key), row))
            for key, row in there.items()
            if here.get(key) != row
        ]


def lacking(model: type[Model], old: str, new: str) -> Iterator[tuple[int, list[Row]]]:
    """For each batch, how many rows `old` has, and those whose keys `new` does not have."""
    for keys in _batches(model, old):
        here, there = _rows(model, old, keys), _rows(model, new, keys, model._meta.pk_fields)
        yield len(here), [row for key, row in here.items() if key not in there]


def differences(model: type[Model], old: str, new: str) -> Iterator[list[Difference]]:
    """All rows that differ; a list for each batch, also an empty one."""
    yield from stale(model, old, new)
    fields = _fields(model)
    for _, rows in lacking(model, old, new):
        keys = (_key_of(model, fields, row) for row in rows)
        yield [Difference(model._meta.db_table, key, "missing there") for key in keys]


def delete_rows(model: type[Model], alias: str, keys: Iterable[Key]) -> int:
    """Delete these rows, and all with the same first column of the key, but no others. Returns how many."""
    column = model._meta.pk_fields[0].attname
    doomed = model._base_manager.using(alias).filter(**{f"{column}__in": {first for first, *_ in keys}})
    deleted: int = doomed._raw_delete(alias)
    return deleted


def insert_rows(model: type[Model], alias: str, rows: Sequence[Row]) -> None:
    """Insert rows of `lacking` as they are: no default, no `auto_now` and no `save()` changes a value."""
    fields = _fields(model)
    names = [field.attname for field in fields]
    objects = iter([model.from_db(alias, names, row) for row in rows])
    size = min(INSERT_ROWS, connections[alias].ops.bulk_batch_size(fields, rows))
    while batch := list(islice(objects, size)):
        model._base_manager._insert(batch, fields=fields, using=alias, raw=True)  # type: ignore[attr-defined]


def copy_key_counter(model: type[Model], old: str, new: str) -> None:
    """Let `new` give no key that `old` has given already, also to a row that is gone."""
    if isinstance(model._meta.pk, AutoField):
        table, given = model._meta.db_table, _last_key_given(connections[old], model._meta.db_table)
        if given > _last_key_given(connections[new], table):
            _raise_key_counter(connections[new], table, given)


def _fields(model: type[Model]) -> list["Field[Any, Any]"]:
    return list(model._meta.concrete_fields)


def _batches(model: type[Model], alias: str) -> Iterator[list[Any]]:
    """The values of the key's first column, each once, BATCH_KEYS at a time."""
    column = model._meta.pk_fields[0].attname
    values = model._base_manager.using(alias).order_by(column).values_list(column, flat=True).distinct()
    batch = list(values[:BATCH_KEYS])
    while batch:
        yield batch
        batch = list(values.filter(**{f"{column}__gt": batch[-1]})[:BATCH_KEYS])


def _rows(
    model: type[Model], alias: str, keys: list[Any], fields: Sequence["Field[Any, Any]"] = ()
) -> dict[Key, Row]:
    """These columns (by default all) of the rows with these values in the key's first column."""
    fields = fields or _fields(model)
    rows = model._base_manager.using(alias).filter(**{f"{model._meta.pk_fields[0].attname}__in": keys})
    # A model's own order may join other tables, which would leave out rows.
    values = rows.order_by().values_list(*(field.attname for field in fields))
    return {_key_of(model, fields, row): row for row in values}


def _key_of(model: type[Model], fields: Sequence["Field[Any, Any]"], row: Row) -> Key:
    return tuple(row[fields.index(field)] for field in model._meta.pk_fields)


def _how(names: list[str], here: Row | None, there: Row) -> str:
    if here is None:
        return "only there"
    return (
        f"differs in {', '.join(name for name, one, other in zip(names, here, there, strict=True) if one != other)}"
    )


def _last_key_given(connection: BaseDatabaseWrapper, table: str) -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            row = cursor.fetchone()
            return int(row[0]) if row else 0
        # The statistics in information_schema may be a day old on MySQL.
        cursor.execute(f"SHOW CREATE TABLE {connection.ops.quote_name(table)}")
        row = cursor.fetchone()
        found = re.search(r" AUTO_INCREMENT=(\d+)", row[1]) if row else None
        return int(found[1]) - 1 if found else 0


def _raise_key_counter(connection: BaseDatabaseWrapper, table: str, given: int) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, given])
        else:
            cursor.execute(f"ALTER TABLE {connection.ops.quote_name(table)} AUTO_INCREMENT = {given + 1}")
