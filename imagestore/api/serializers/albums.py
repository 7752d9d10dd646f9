"""Albums as JSON."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from albums.models import TEXT_LENGTH, Album
from images.delivery.links import links_of
from images.models import Image
from imagestore.api.serializers.images import VariantsSerializer, variants_of


class CoverSerializer(serializers.Serializer[Image]):
    id = serializers.UUIDField(source="public_id")
    variants = VariantsSerializer(source="*")


class AlbumSerializer(serializers.ModelSerializer[Album]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    description = serializers.CharField(max_length=TEXT_LENGTH, required=False, allow_blank=True)
    cover = serializers.SerializerMethodField()
    url = serializers.HyperlinkedIdentityField("api-album", lookup_field="public_id", lookup_url_kwarg="album")

    class Meta:
        model = Album
        fields: ClassVar[list[str]] = [
            "id", "title", "description", "image_count", "bytes", "cover", "created_at", "updated_at", "url",
        ]  # fmt: skip
        read_only_fields: ClassVar[list[str]] = ["image_count", "bytes", "created_at", "updated_at"]

    @extend_schema_field(CoverSerializer(allow_null=True))
    def get_cover(self, album: Album) -> dict[str, Any] | None:
        if album.cover is None:
            return None
        return {
            "id": str(album.cover.public_id),
            "variants": variants_of(links_of(album.cover), self.context["request"]),
        }


class AlbumChangeSerializer(serializers.ModelSerializer[Album]):
    """What PATCH takes; `cover` is the id of an image in the album, or null for the newest."""

    description = serializers.CharField(max_length=TEXT_LENGTH, required=False, allow_blank=True)
    cover = serializers.UUIDField(source="cover_choice", required=False, allow_null=True)

    class Meta:
        model = Album
        fields: ClassVar[list[str]] = ["title", "description", "cover"]

    def validate_cover(self, cover: Any) -> Any:
        if cover and not Image.objects.in_album(self.context["album"]).filter(public_id=cover).exists():
            raise serializers.ValidationError("There is no such image in this album.")
        return cover
