"""Uploads as JSON."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from albums.models import TEXT_LENGTH
from imagestore.api.serializers.fields import BoundedListField, TextField
from imagestore.api.serializers.images import ImageSerializer
from imagestore.api.serializers.problems import ProblemSerializer

# One request may ask about so many files.
MAX_HASHES = 1000
# Hexadecimal digits, in upper or lower case.
SHA256 = r"\A[0-9a-fA-F]{64}\Z"


class UploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(allow_empty_file=True)
    caption = TextField(max_length=TEXT_LENGTH, required=False, allow_blank=True)
    # Empty is as if it were left out, as everywhere in forms.
    sha256 = serializers.RegexField(SHA256, required=False, allow_blank=True)


class UploadMetadataSerializer(serializers.Serializer[Any]):
    """What `Upload-Metadata` of a resumable upload says beside the file's name, which is never refused."""

    album = serializers.UUIDField()
    caption = TextField(max_length=TEXT_LENGTH, required=False, allow_blank=True)
    sha256 = serializers.RegexField(SHA256, required=False, allow_blank=True)


class BulkSerializer(serializers.Serializer[Any]):
    files = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), min_length=1, max_length=settings.MAX_BULK_FILES
    )


class BulkResultSerializer(serializers.Serializer[Any]):
    """One file's outcome: `image`, or `problem`."""

    name = serializers.CharField()
    status = serializers.IntegerField()
    image = ImageSerializer(required=False)
    problem = ProblemSerializer(required=False)


class BulkAnswerSerializer(serializers.Serializer[Any]):
    results = BulkResultSerializer(many=True)


class HashesSerializer(serializers.Serializer[Any]):
    sha256 = BoundedListField(child=serializers.RegexField(SHA256), max_length=MAX_HASHES)


def hashes_in(data: Any) -> list[str]:
    """The hashes of a request, in lower case. Raises ValidationError."""
    sent = HashesSerializer(data=data)
    sent.is_valid(raise_exception=True)
    return [text.lower() for text in sent.validated_data["sha256"]]


class ExistingSerializer(serializers.Serializer[Any]):
    existing = serializers.DictField(child=serializers.UUIDField())


class AllExistingSerializer(serializers.Serializer[Any]):
    existing = serializers.DictField(child=serializers.ListField(child=serializers.UUIDField()))
