"""Filters of a list (imagestore.kit.lists). Each reads one query parameter strictly, and says what it selects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from imagestore.kit.params import choice, day, flag, row_id


class AnyFilter(Protocol):
    @property
    def name(self) -> str:
        """Of the query parameter."""

    @property
    def column(self) -> str:
        """Or the lookup: it must have the value."""

    @property
    def schema(self) -> dict[str, Any]:
        """Of the parameter, for OpenAPI."""

    @property
    def description(self) -> str:
        """What it selects, for OpenAPI."""

    def read(self, params: Mapping[str, str]) -> str:
        """The parameter as a link to this list bears it; empty when it is absent. Raises Problem `invalid`."""

    def value(self, text: str) -> Any:
        """For the column, of what `read` gave."""


@dataclass(frozen=True)
class Filter:
    """`?name=` with one of `choices` selects the rows whose column has that value."""

    name: str
    choices: Sequence[str]
    column: str
    description: str = ""

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*self.choices]}

    def read(self, params: Mapping[str, str]) -> str:
        return choice(params, self.name, self.choices)

    def value(self, text: str) -> str:
        return text


@dataclass(frozen=True)
class FlagFilter:
    """`?name=true`, or `false`."""

    name: str
    column: str
    description: str

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def read(self, params: Mapping[str, str]) -> str:
        if not params.get(self.name):
            return ""
        return "true" if flag(params, self.name) else "false"

    def value(self, text: str) -> list[bool]:
        """For the lookup `__in`: SQLite takes no index for `WHERE column`, which Django makes of an equal flag."""
        return [text == "true"]


@dataclass(frozen=True)
class DayFilter:
    """`?name=2026-07-31`, the beginning of that day."""

    name: str
    column: str
    description: str

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    def read(self, params: Mapping[str, str]) -> str:
        return day(params, self.name)

    def value(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class IdFilter:
    """`?name=` with a public id. That of another user's row must select nothing."""

    name: str
    column: str
    description: str

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}

    def read(self, params: Mapping[str, str]) -> str:
        return str(row_id(params, self.name) or "")

    def value(self, text: str) -> UUID:
        return UUID(text)
