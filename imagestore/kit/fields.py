"""Columns that every database compares and sorts alike."""

from typing import Any

from django.db import models

from imagestore.kit.words import KEY_LENGTH, natural_key


class CodePointField(models.CharField):
    """Text that is compared by code point: SQLite does so by itself, MySQL by this collation."""

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        parameters: dict[str, Any] = super().db_parameters(connection)
        return {**parameters, "collation": "utf8mb4_bin"} if connection.vendor == "mysql" else parameters


class NaturalKeyField(CodePointField):
    """The key by which `source` sorts as people count. An UPDATE that sets `source` must set this column, too.

    Empty in rows of a version that did not know the column.
    """

    def __init__(self, source: str, **options: Any) -> None:
        self.source = source
        fixed = {"max_length": KEY_LENGTH, "default": "", "db_default": "", "editable": False}
        super().__init__(**{**options, **fixed})

    def deconstruct(self) -> Any:
        name, path, args, _ = super().deconstruct()
        return name, path, [self.source, *args], {}

    def pre_save(self, row: models.Model, add: bool) -> str:
        key = natural_key(getattr(row, self.source))
        setattr(row, self.attname, key)
        return key
