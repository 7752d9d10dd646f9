"""Fields that take what the schema says, and nothing else."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from images.changes import FIRST_YEAR, LAST_YEAR
from images.processing.dates import offset_minutes

# One request may name so many rows.
MAX_IDS = 1000
# Regular expressions for Python and the schema.
CLOCK = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
OFFSET = r"[+-][01][0-9]:[0-5][0-9]"


class TextField(serializers.CharField):
    """Text. DRF's own field takes JSON numbers, too, and trims before it looks at the length."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if self.max_length is not None and len(data) > self.max_length:
            raise serializers.ValidationError(self.error_messages["max_length"].format(max_length=self.max_length))
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """true or false. DRF's own field takes numbers and words, too."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input="This")
        return data


class NumberField(serializers.IntegerField):
    """A whole number. DRF's own field takes texts and fractions, too."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class ClockField(serializers.Field[Any, Any, Any, Any]):
    """What a camera's clock showed: ISO 8601 without a zone. Its value is in UTC, whatever the zone was."""

    def to_internal_value(self, data: Any) -> datetime:
        sentence = f"A clock's time is as 2026-07-31T14:00:00, from {FIRST_YEAR} to {LAST_YEAR}."
        if not isinstance(data, str) or not re.fullmatch(CLOCK, data):
            raise serializers.ValidationError(sentence)
        try:
            clock = datetime.fromisoformat(data).replace(tzinfo=UTC)
        except ValueError:
            raise serializers.ValidationError(sentence) from None
        if not FIRST_YEAR <= clock.year <= LAST_YEAR:
            raise serializers.ValidationError(sentence)
        return clock

    def to_representation(self, clock: datetime) -> str:
        """Milliseconds where there are some."""
        clock = clock.replace(tzinfo=None)
        return clock.isoformat(timespec="milliseconds" if clock.microsecond else "seconds")


class OffsetField(serializers.Field[Any, Any, Any, Any]):
    """By how much a clock was ahead of UTC, as "+02:00"; its value is in minutes. Only requests have it."""

    def to_internal_value(self, data: Any) -> int:
        minutes = offset_minutes(data) if isinstance(data, str) and re.fullmatch(OFFSET, data) else None
        if minutes is None:
            raise serializers.ValidationError("An offset is as +02:00.")
        return minutes


class TimeField(serializers.DateTimeField):
    """A time that clients only read, in UTC. DRF's own field asks for the current time zone, which takes longer."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, default_timezone=UTC, **options)


class BoundedListField(serializers.ListField):
    """Looks at the length before the items, and at the first wrong item only: DRF tells of each."""

    def to_internal_value(self, data: Any) -> Any:
        limit = self.max_length
        if isinstance(data, list) and limit is not None and len(data) > limit:
            raise serializers.ValidationError(self.error_messages["max_length"].format(max_length=limit))
        return super().to_internal_value(data)

    def run_child_validation(self, data: Any) -> list[Any]:
        items = []
        for number, item in enumerate(data):
            try:
                items.append(self.child.run_validation(item))
            except serializers.ValidationError as error:
                raise serializers.ValidationError({str(number): error.detail}) from None
        return items


class IdField(serializers.UUIDField):
    """The id of a row. DRF's own field takes numbers, too."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value="This")
        return super().to_internal_value(data)


class IdsField(BoundedListField):
    """Ids of rows, each of them once."""

    child = IdField()

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_length": 1, "max_length": MAX_IDS, **options})

    def to_internal_value(self, data: Any) -> list[UUID]:
        ids: list[UUID] = super().to_internal_value(data)
        if len(set(ids)) < len(ids):
            raise serializers.ValidationError("Name each image once.")
        return ids


class ClockExtension(OpenApiSerializerFieldExtension):
    target_class = ClockField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{CLOCK}$"}


class OffsetExtension(OpenApiSerializerFieldExtension):
    target_class = OffsetField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{OFFSET}$"}


class TextFieldExtension(OpenApiSerializerFieldExtension):
    """Says which characters a text may not have, or must have."""

    target_class = TextField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        field: TextField = self.target
        schema: dict[str, Any] = auto_schema._map_serializer_field(field, direction, bypass_extensions=True)
        if direction == "request" and not field.allow_blank:
            schema["pattern"] = r"^[^\x00]*[^\s\x00][^\x00]*$" if field.trim_whitespace else r"^[^\x00]+$"
        return schema
