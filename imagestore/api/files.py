"""The endpoint of an image's files: /api/v1/images/{image}/file/."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from images import services
from images.delivery.links import file_of
from images.delivery.responses import serve_file
from images.processing.sizes import SIZES
from imagestore.kit.params import flag

SIZE = OpenApiParameter("size", OpenApiTypes.STR, enum=["original", *SIZES], default="original")
DOWNLOAD = OpenApiParameter("download", OpenApiTypes.BOOL, description="As an attachment, under its name.")


class _AnyAccept(DefaultContentNegotiation):
    """Ignores the Accept header: a file has one content type, whatever the client prefers."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class FileView(APIView):
    """The bytes of an image, to their owner."""

    content_negotiation_class = _AnyAccept

    @extend_schema(parameters=[SIZE, DOWNLOAD], responses={(200, "image/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, **ids: UUID) -> HttpResponseBase:
        image = services.find(request.user, **ids)
        size = request.query_params.get("size", "original")
        attachment = flag(request.query_params, "download")
        return serve_file(request._request, image, file_of(image, size), attachment=attachment)
