"""Refusals as JSON (RFC 9457). `imagestore.kit.problems` makes them; this serializer only describes them."""

from typing import Any

from rest_framework import serializers


class ProblemSerializer(serializers.Serializer[Any]):
    """A refusal: `code` says for programs what is wrong, `detail` for people what to do."""

    type = serializers.CharField(help_text="`about:blank`: the code says more than a link could.")
    title = serializers.CharField()
    status = serializers.IntegerField(help_text="The HTTP status, for answers that travel without it.")
    detail = serializers.CharField()
    code = serializers.CharField(help_text="A code that later versions may add to counts as its status says.")
    errors = serializers.DictField(  # type: ignore[assignment]  # a field; the property of that name stays
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="With `invalid`: the sentences for each field or parameter.",
    )
    limit = serializers.IntegerField(
        required=False, allow_null=True, help_text="With `file_too_large` and `quota_exceeded`: bytes."
    )
    used = serializers.IntegerField(required=False, help_text="With `quota_exceeded`: bytes.")
    image = serializers.UUIDField(required=False, help_text="With `duplicate`: the image that has these bytes.")
