"""Uploads as JSON."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from albums.models import TEXT_LENGTH
from imagestore.api.serializers.images import ImageSerializer

# One request may ask about so many files.
MAX_HASHES = 1000
# Hexadecimal digits, in upper or lower case.
SHA256 = r"\A[0-9a-fA-F]{64}\Z"


class UploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(allow_empty_file=True)
    caption = serializers.CharField(max_length=TEXT_LENGTH, required=False, allow_blank=True)
    sha256 = serializers.RegexField(SHA256, required=False)


class BulkSerializer(serializers.Serializer[Any]):
    files = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), allow_empty=False, max_length=settings.MAX_BULK_FILES
    )


class ProblemSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()


class BulkResultSerializer(serializers.Serializer[Any]):
    """One file's outcome: `image`, or `problem`."""

    name = serializers.CharField()
    status = serializers.IntegerField()
    image = ImageSerializer(required=False)
    problem = ProblemSerializer(required=False)


class BulkAnswerSerializer(serializers.Serializer[Any]):
    results = BulkResultSerializer(many=True)


class HashesSerializer(serializers.Serializer[Any]):
    sha256 = serializers.ListField(child=serializers.RegexField(SHA256), max_length=MAX_HASHES)


class ExistingSerializer(serializers.Serializer[Any]):
    existing = serializers.DictField(child=serializers.UUIDField())
