"""Fields that take what the schema says, and nothing else."""

from datetime import UTC
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers


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


class TimeField(serializers.DateTimeField):
    """A time that clients only read, in UTC. DRF's own field asks for the current time zone, which takes longer."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, default_timezone=UTC, **options)


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
