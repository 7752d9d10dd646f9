"""Images as JSON."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from albums.models import TEXT_LENGTH
from images.delivery.links import links_of
from images.models import ROTATIONS, SHOWN, Image
from images.processing import DAMAGE_CODES
from images.processing.sizes import SIZES
from images.uploads.filenames import clean_name
from imagestore.api.serializers.fields import (
    ClockField,
    FlagField,
    NumberField,
    OffsetField,
    TextField,
    TimeField,
)
from imagestore.api.serializers.links import WithLinks
from imagestore.kit.addresses import path_of


class VariantSerializer(serializers.Serializer[Any]):
    url = serializers.URLField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    content_type = serializers.CharField()
    bytes = serializers.IntegerField()


class VariantsSerializer(serializers.Serializer[Any]):
    """Each size of the table, or null until it is there."""

    def get_fields(self) -> dict[str, Any]:
        return {size: VariantSerializer(allow_null=True) for size in SIZES}


class OriginalSerializer(serializers.Serializer[Any]):
    url = serializers.URLField()


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(["damaged", "over_limits", "crashed"])
    detail = serializers.CharField()


class DamageSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(DAMAGE_CODES)
    detail = serializers.CharField()


class ExposureSerializer(serializers.Serializer[Any]):
    """As the original's metadata tell it; null where they do not."""

    focal_length_mm = serializers.FloatField(allow_null=True)
    aperture = serializers.FloatField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    iso = serializers.IntegerField(allow_null=True)


class ImageSerializer(WithLinks, serializers.ModelSerializer[Image]):
    """An image as its owner sees it. (What a request may change is ImageChangeSerializer's.)"""

    id = serializers.UUIDField(source="public_id")
    album = serializers.UUIDField(source="album.public_id")
    status = serializers.ChoiceField([status.value for status in SHOWN])
    placeholder = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    damage = serializers.SerializerMethodField()
    taken_at = ClockField(allow_null=True)
    # Read-only, or the form of the browsable API would have inline styles.
    exposure = ExposureSerializer(allow_null=True, read_only=True)
    rotation = serializers.ChoiceField(ROTATIONS)
    taken_offset = serializers.CharField(allow_null=True)
    created_at = TimeField()
    updated_at = TimeField()
    variants = serializers.SerializerMethodField()
    original = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Image
        fields: ClassVar[list[str]] = [
            "id", "album", "name", "caption", "content_type", "bytes", "width", "height", "sha256", "status",
            "error", "damage", "taken_at", "taken_offset", "camera", "lens", "exposure", "favourite",
            "rotation", "placeholder", "variants", "original", "created_at", "updated_at", "url",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, image: Image) -> dict[str, Any]:
        # Sign the links once for all fields: signing costs more than the rest of an image.
        self._links = links_of(image)
        return super().to_representation(image)

    def get_placeholder(self, image: Image) -> str | None:
        return image.placeholder or None

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, image: Image) -> dict[str, str] | None:
        return {"code": image.error_code, "detail": image.error_detail} if image.is_failed else None

    @extend_schema_field(DamageSerializer(allow_null=True))
    def get_damage(self, image: Image) -> dict[str, str] | None:
        """Not null when the image is ready, but part of its original cannot be read."""
        return {"code": image.damage_code, "detail": image.damage_detail} if image.is_damaged else None

    @extend_schema_field(VariantsSerializer)
    def get_variants(self, image: Image) -> dict[str, Any]:
        return self.variants_of(self._links)

    @extend_schema_field(OriginalSerializer)
    def get_original(self, image: Image) -> dict[str, str]:
        return {"url": self.absolute(self._links.original)}

    @extend_schema_field(serializers.URLField)
    def get_url(self, image: Image) -> str:
        return self.absolute(path_of("api-image", image.public_id))


@extend_schema_field({"type": "integer", "enum": list(ROTATIONS)})
class RotationField(NumberField):
    def to_internal_value(self, data: Any) -> int:
        if (rotation := super().to_internal_value(data)) not in ROTATIONS:
            raise serializers.ValidationError("A rotation is 0, 90, 180 or 270.")
        return rotation


class ImageChangeSerializer(serializers.Serializer[Image]):
    """What PATCH takes; `album` moves the image.

    `rotation` is in degrees clockwise, on top of the camera's. `taken_at` is what the camera's clock showed,
    without a zone, and `taken_offset` that zone, as `+02:00`; null: unknown.
    """

    name = TextField(required=False)
    caption = TextField(max_length=TEXT_LENGTH, required=False, allow_blank=True)
    favourite = FlagField(required=False)
    rotation = RotationField(required=False)
    taken_at = ClockField(required=False, allow_null=True)
    taken_offset = OffsetField(source="taken_offset_minutes", required=False, allow_null=True)
    album = serializers.UUIDField(source="album.public_id", required=False)

    def validate_name(self, name: str) -> str:
        """Clean and cut the name; never refuse it."""
        return clean_name(name)
