"""Actions on many images as JSON."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from imagestore.api.serializers.fields import FlagField, IdField, IdsField, NumberField, OffsetField
from imagestore.api.serializers.images import ImageSerializer
from imagestore.api.serializers.problems import ProblemSerializer

# What each action takes beside the ids.
TAKES: Mapping[str, tuple[str, ...]] = {
    "move": ("album",),
    "copy": ("album",),
    "trash": (),
    "restore": (),
    "delete": (),
    "favourite": ("value",),
    "rotate": ("by",),
    "shift_taken_at": ("seconds",),
    "set_taken_offset": ("taken_offset",),
}
# More than all years that a date may have.
MOST_SECONDS = 10**12


class QuarterField(NumberField):
    """Degrees clockwise, quarters of a turn."""

    def to_internal_value(self, data: Any) -> int:
        if (degrees := super().to_internal_value(data)) % 90:
            raise serializers.ValidationError("Images turn by multiples of 90 degrees.")
        return degrees


class BatchSerializer(serializers.Serializer[Any]):
    """`move` and `copy` need `album`, `favourite` needs `value`, `rotate` needs `by` (degrees clockwise),
    `shift_taken_at` needs `seconds`, `set_taken_offset` needs `taken_offset`.
    """

    action = serializers.ChoiceField(list(TAKES))
    ids = IdsField()
    album = IdField(required=False)
    value = FlagField(required=False)
    by = QuarterField(required=False, min_value=-270, max_value=270)
    seconds = NumberField(required=False, min_value=-MOST_SECONDS, max_value=MOST_SECONDS)
    taken_offset = OffsetField(required=False, allow_null=True)

    def validate(self, sent: dict[str, Any]) -> dict[str, Any]:
        for name in TAKES[sent["action"]]:
            if name not in sent:
                raise serializers.ValidationError({name: f"{sent['action']} needs this."})
        return sent


class BatchResultSerializer(serializers.Serializer[Any]):
    """One image's outcome: `image`, or `problem`; neither where the image is in the trash or gone (204)."""

    id = serializers.UUIDField()
    status = serializers.IntegerField()
    image = ImageSerializer(required=False)
    problem = ProblemSerializer(required=False)


class BatchAnswerSerializer(serializers.Serializer[Any]):
    results = BatchResultSerializer(many=True)
