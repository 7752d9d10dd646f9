"""The trash as JSON."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from images.deletion.trash import Entry
from images.delivery.links import links_of
from imagestore.api.serializers.links import WithLinks


class TrashEntrySerializer(WithLinks, serializers.Serializer[Entry]):
    """An album with all that is in it, or an image; `image_count` is how many images restoring brings back."""

    id = serializers.UUIDField()
    type = serializers.ChoiceField(["album", "image"])
    title = serializers.CharField()
    album = serializers.UUIDField(source="album.public_id", allow_null=True, default=None)
    thumb = serializers.SerializerMethodField()
    image_count = serializers.IntegerField()
    deleted_at = serializers.DateTimeField()
    purge_at = serializers.DateTimeField()

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_thumb(self, entry: Entry) -> str | None:
        thumb = links_of(entry.picture).smallest if entry.picture else None
        return self.absolute(thumb.url) if thumb else None
