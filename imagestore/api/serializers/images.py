"""Images as JSON."""

from dataclasses import asdict
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from albums.models import TEXT_LENGTH
from images.delivery.links import Links, links_of
from images.models import SHOWN, Image
from images.processing.sizes import SIZES
from images.uploads.filenames import clean_name


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


def variants_of(links: Links, request: Request) -> dict[str, Any]:
    """The sizes with absolute links, on the request's host or on MEDIA_BASE_URL."""
    return {
        size: link and {**asdict(link), "url": request.build_absolute_uri(link.url)}
        for size, link in links.sizes.items()
    }


class ImageSerializer(serializers.ModelSerializer[Image]):
    """Read only; what may be changed is ImageChangeSerializer's."""

    id = serializers.UUIDField(source="public_id")
    album = serializers.UUIDField(source="album.public_id")
    status = serializers.ChoiceField([status.value for status in SHOWN])
    placeholder = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    variants = serializers.SerializerMethodField()
    original = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Image
        fields: ClassVar[list[str]] = [
            "id", "album", "name", "caption", "content_type", "bytes", "width", "height", "sha256", "status",
            "error", "taken_at", "camera", "placeholder", "variants", "original", "created_at", "updated_at", "url",
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

    @extend_schema_field(VariantsSerializer)
    def get_variants(self, image: Image) -> dict[str, Any]:
        return variants_of(self._links, self.context["request"])

    @extend_schema_field(OriginalSerializer)
    def get_original(self, image: Image) -> dict[str, str]:
        return {"url": self.context["request"].build_absolute_uri(self._links.original)}

    @extend_schema_field(serializers.URLField)
    def get_url(self, image: Image) -> str:
        return reverse("api-image", args=[image.public_id], request=self.context["request"])


class ImageChangeSerializer(serializers.Serializer[Image]):
    """What PATCH takes; `album` moves the image."""

    name = serializers.CharField(required=False)
    caption = serializers.CharField(max_length=TEXT_LENGTH, required=False, allow_blank=True)
    album = serializers.UUIDField(source="album.public_id", required=False)

    def validate_name(self, name: str) -> str:
        """Clean and cut the name; never refuse it."""
        return clean_name(name)
