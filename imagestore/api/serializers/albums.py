"""Albums as JSON."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from albums.models import TEXT_LENGTH, TITLE_LENGTH, Album
from images.delivery.links import links_of
from images.models import Image
from images.services import LIST
from imagestore.api.serializers.fields import IdField, IdsField, TextField, TimeField
from imagestore.api.serializers.images import VariantsSerializer
from imagestore.api.serializers.links import WithLinks
from imagestore.kit.addresses import path_of


class CoverSerializer(serializers.Serializer[Image]):
    id = serializers.UUIDField(source="public_id")
    variants = VariantsSerializer(source="*")


class AlbumSerializer(WithLinks, serializers.ModelSerializer[Album]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    title = TextField(max_length=TITLE_LENGTH)
    description = TextField(max_length=TEXT_LENGTH, required=False, allow_blank=True)
    ordering = serializers.ChoiceField(LIST.ordering_names, read_only=True)
    cover = serializers.SerializerMethodField()
    created_at = TimeField()
    updated_at = TimeField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = Album
        fields: ClassVar[list[str]] = [
            "id", "title", "description", "ordering", "image_count", "bytes", "cover", "created_at", "updated_at",
            "url",
        ]  # fmt: skip
        read_only_fields: ClassVar[list[str]] = ["ordering", "image_count", "bytes"]

    @extend_schema_field(CoverSerializer(allow_null=True))
    def get_cover(self, album: Album) -> dict[str, Any] | None:
        if album.cover is None:
            return None
        return {
            "id": str(album.cover.public_id),
            "variants": self.variants_of(links_of(album.cover)),
        }

    @extend_schema_field(serializers.URLField)
    def get_url(self, album: Album) -> str:
        return self.absolute(path_of("api-album", album.public_id))


class AlbumChangeSerializer(serializers.ModelSerializer[Album]):
    """What PATCH takes; `cover` is the id of an image in the album, or null for the newest.

    `ordering` is how the album's images are listed where none is asked for.
    """

    title = TextField(max_length=TITLE_LENGTH)
    description = TextField(max_length=TEXT_LENGTH, required=False, allow_blank=True)
    ordering = serializers.ChoiceField(LIST.ordering_names, required=False)
    cover = serializers.UUIDField(source="cover_choice", required=False, allow_null=True)

    class Meta:
        model = Album
        fields: ClassVar[list[str]] = ["title", "description", "ordering", "cover"]

    def validate_cover(self, cover: Any) -> Any:
        if cover and not Image.objects.in_album(self.context["album"]).filter(public_id=cover).exists():
            raise serializers.ValidationError("There is no such image in this album.")
        return cover


class OrderSerializer(serializers.Serializer[Any]):
    """Where images go in the order by hand: before or after another image of the album; without either, last."""

    ids = IdsField()
    before = IdField(required=False)
    after = IdField(required=False)

    def validate(self, sent: dict[str, Any]) -> dict[str, Any]:
        if "before" in sent and "after" in sent:
            raise serializers.ValidationError({"after": "Give before or after, not both."})
        return sent
