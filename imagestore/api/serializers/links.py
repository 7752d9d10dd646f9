"""Links in answers are absolute: on the request's host, or on MEDIA_BASE_URL."""

from typing import Any

from django.utils.functional import cached_property
from rest_framework import serializers

from images.delivery.links import Links


class WithLinks(serializers.BaseSerializer[Any]):
    """A serializer that makes links absolute. Its context must have the request."""

    @cached_property
    def _origin(self) -> str:
        return str(self.context["request"].build_absolute_uri("/")).removesuffix("/")

    def absolute(self, link: str) -> str:
        return self._origin + link if link.startswith("/") else link

    def variants_of(self, links: Links) -> dict[str, Any]:
        """The sizes, each None until it is there."""
        return {
            size: link and {**link._asdict(), "url": self.absolute(link.url)} for size, link in links.sizes.items()
        }
