"""Texts that one database tells apart and another counts as equal: MySQL's collations ignore case and accents."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Field, Model, QuerySet, TextField

# Every collation tells such texts apart: visible ASCII without upper case.
_PLAIN = re.compile(r"[!-@\[-~]*")
_READ_ROWS = 2000
_TABLE = "collision_probe"

Fields = Sequence["Field[Any, Any]"]


def collisions(model: type[Model], old: str, new: str) -> Iterator[str]:
    """A line for each pair of rows of `old` that `new` would count as equal where they must differ.

    It asks the database itself, by a temporary table: collations know more than can be told here.
    """
    target = connections[new]
    if target.vendor != "mysql":
        return
    for fields in _unique_fields(model):
        texts = [field for field in fields if _ignores_something(field, target)]
        if texts and not _are_plain(model, old, texts):
            for first, second in _equal_rows(model, old, fields, target):
                yield _line(model, old, texts, first, second)


def _unique_fields(model: type[Model]) -> Iterator[Fields]:
    """Each set of columns in which no two rows may be equal. MySQL ignores constraints with a condition."""
    meta = model._meta
    yield meta.pk_fields
    yield from ([field] for field in meta.concrete_fields if field.unique and not field.primary_key)
    for names in chain(meta.unique_together, (each.fields for each in meta.total_unique_constraints)):
        yield [meta.get_field(name) for name in names]  # type: ignore[misc]


def _ignores_something(field: "Field[Any, Any]", target: BaseDatabaseWrapper) -> bool:
    collation = str(field.db_parameters(target).get("collation") or "")
    return isinstance(field, CharField | TextField) and not collation.endswith("_bin")


def _are_plain(model: type[Model], old: str, texts: Fields) -> bool:
    rows = _values(model, old, texts).iterator(_READ_ROWS)
    return all(_PLAIN.fullmatch(text) for row in rows for text in row)


def _values(model: type[Model], old: str, fields: Fields) -> "QuerySet[Any, Any]":
    """Rows without NULL, which is equal to nothing."""
    names = [field.attname for field in fields]
    return model._base_manager.using(old).filter(**{f"{name}__isnull": False for name in names}).values_list(*names)


def _equal_rows(model: type[Model], old: str, fields: Fields, target: BaseDatabaseWrapper) -> list[tuple[Any, Any]]:
    """Primary keys of two rows of each group that `target` counts as equal."""
    columns = [model._meta.pk_fields[0], *fields]
    rows = _values(model, old, columns).iterator(_READ_ROWS)
    types = ", ".join(f"c{number} {field.rel_db_type(target)}" for number, field in enumerate(columns))
    values, compared = (
        ", ".join(["%s"] * len(columns)),
        ", ".join(f"c{1 + number}" for number in range(len(fields))),
    )
    with target.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {_TABLE} ({types})")
        while batch := list(islice(rows, _READ_ROWS)):
            written = [[f.get_db_prep_save(v, target) for f, v in zip(columns, row, strict=True)] for row in batch]
            cursor.executemany(f"INSERT INTO {_TABLE} VALUES ({values})", written)  # noqa: S608 - no text from outside
        cursor.execute(f"SELECT MIN(c0), MAX(c0) FROM {_TABLE} GROUP BY {compared} HAVING COUNT(*) > 1")  # noqa: S608
        found = list(cursor.fetchall())
        cursor.execute(f"DROP TEMPORARY TABLE {_TABLE}")
    return found


def _line(model: type[Model], old: str, texts: Fields, first: Any, second: Any) -> str:
    table, names = model._meta.db_table, " and ".join(field.attname for field in texts)
    if not isinstance(first, int):
        # A key that is text may be a secret, as a session's is.
        return f"{table}: two rows have the same {names} there"
    shown = [", ".join(map(repr, _values(model, old, texts).get(pk=key))) for key in (first, second)]
    return f"{table} {first} and {second} have the same {names} there: {shown[0]} and {shown[1]}"
