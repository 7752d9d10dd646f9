"""The endpoints of files: /api/v1/images/{image}/file/ and, of many in one, /api/v1/albums/{album}/archive/."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from albums import services as albums
from images import services
from images.delivery.links import file_of
from images.delivery.members import selection
from images.delivery.responses import serve_archive, serve_file
from images.processing.sizes import SIZES
from imagestore.api.refusals import refuses
from imagestore.kit.params import flag

SIZE = OpenApiParameter("size", OpenApiTypes.STR, enum=["original", *SIZES], default="original")
DOWNLOAD = OpenApiParameter(
    "download", OpenApiTypes.BOOL, default=False, description="true: as an attachment, under its name."
)
RANGE = OpenApiParameter(
    "Range", OpenApiTypes.STR, OpenApiParameter.HEADER, description="A part alone: `bytes=0-1023`."
)
IF_RANGE = OpenApiParameter(
    "If-Range",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The `ETag` of the part that you have: if it has changed since, you get the whole.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The `ETag` of what you have."
)
# The server takes no longer address (deploy/gunicorn.conf.py).
IDS_IN_ADDRESS = 200
SELECTED = OpenApiParameter(
    "images",
    {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1, "maxItems": IDS_IN_ADDRESS},
    style="form",
    explode=False,
    description="Only these images of the album: ids with commas between.",
)


def _bytes_of(media_type: str) -> dict[Any, Any]:
    return {(200, media_type): OpenApiTypes.BINARY, (206, media_type): OpenApiTypes.BINARY, 304: None}


def _header(name: str, statuses: list[int], description: str) -> OpenApiParameter:
    return OpenApiParameter(
        name, OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, response=statuses, description=description
    )


HEADERS = [
    _header("ETag", [200, 206, 304], "Stays the same as long as the bytes do."),
    _header("Cache-Control", [200, 206, 304], "`private, no-cache`: ask again each time, with `If-None-Match`."),
    _header("Content-Disposition", [200, 206], "The name to save it under."),
    _header("Accept-Ranges", [200, 206], "`bytes`: parts can be asked for."),
    _header("Content-Range", [206], "Which bytes of how many: `bytes 0-1023/2048`."),
]


class AnyAccept(DefaultContentNegotiation):
    """Ignores the Accept header: a file has one content type, whatever the client prefers."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class FileView(APIView):
    """Download an image in one of its sizes. HEAD answers alike, without the bytes."""

    content_negotiation_class = AnyAccept

    @refuses("not_ready", "range_not_satisfiable", "storage_unavailable")
    @extend_schema(parameters=[SIZE, DOWNLOAD, RANGE, IF_NONE_MATCH, *HEADERS], responses=_bytes_of("image/*"))
    def get(self, request: Request, **ids: UUID) -> HttpResponseBase:
        image = services.find(request.user, **ids)
        size = request.query_params.get("size", "original")
        attachment = flag(request.query_params, "download")
        return serve_file(request._request, image, file_of(image, size), attachment=attachment)


class ArchiveView(APIView):
    """An album as a ZIP, which a client can go on downloading where it broke off. HEAD tells its size."""

    content_negotiation_class = AnyAccept

    @refuses("range_not_satisfiable", "storage_unavailable", "busy", "precondition_failed")
    @extend_schema(
        parameters=[SIZE, SELECTED, RANGE, IF_RANGE, IF_NONE_MATCH, *HEADERS],
        responses=_bytes_of("application/zip"),
    )
    def get(self, request: Request, **ids: UUID) -> HttpResponseBase:
        """Download all images of an album, or some of them, as one ZIP.

        Its files are not compressed further. An image that has no sizes, because they are still being made or could
        not be made, is there as its original. While nothing in the album changes, the ZIP stays the same.
        """
        album = albums.find(request.user, ids["album"])
        size = request.query_params.get("size", "original")
        return serve_archive(request._request, album, size, selection(request.query_params))
