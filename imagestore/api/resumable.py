"""Endpoints of resumable uploads, by tus 1.0: /api/v1/uploads/."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import UnreadablePostError
from django.urls import reverse
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from albums import services as albums
from images import services
from images.models import Upload
from images.uploads import resumable
from images.uploads.gate import BYTES_TYPE, TakesBytes, content_length
from images.uploads.writer import too_long
from imagestore.api import tus
from imagestore.api.conditions import require_match
from imagestore.api.files import AnyAccept
from imagestore.api.refusals import OF_PARTS, refuses
from imagestore.api.schema import LOCATION
from imagestore.api.serializers.uploads import UploadMetadataSerializer
from imagestore.kit.body import is_chunked, limit_chunked
from imagestore.kit.database import refresh
from imagestore.kit.problems import Problem

READ_BYTES = 64 * 1024
BYTES = {BYTES_TYPE: OpenApiTypes.BINARY}


class Unread(BaseParser):
    """Leaves the body to the view. DRF asks for a parser when it looks for a CSRF token."""

    media_type = BYTES_TYPE

    def parse(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {}


class TusView(TakesBytes, APIView):
    """Base of both: the version of tus, and answers that no cache keeps."""

    content_negotiation_class = AnyAccept
    parser_classes = (Unread,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in {*self.allowed_methods} - {"OPTIONS"}:
            tus.require_version(request)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Tus-Resumable"] = tus.VERSION
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        headers = {
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Max-Size": str(settings.MAX_UPLOAD_BYTES),
            "Tus-Checksum-Algorithm": ",".join(tus.CHECKSUMS),
        }
        return Response(status=204, headers=headers)

    def append(self, request: Request, upload: Upload, offset: int) -> None:
        """Write the body of this request. Raises Problem."""
        checksum = tus.checksum(request)
        if is_chunked(request.META):
            size = max(0, upload.length - offset)
            limit_chunked(request.META, size, too_long(upload))
        else:
            size = content_length(request)
        services.resume(upload, _body(request), offset=offset, size=size, checksum=checksum)

    def state_of(self, upload: Upload) -> dict[str, str]:
        """The headers that say how far the upload is."""
        refresh(upload, Upload.objects.all())
        headers = {"Upload-Offset": str(upload.offset), "Upload-Expires": http_date(upload.expires_at.timestamp())}
        if upload.image:
            path = reverse("api-image", args=[upload.image])
            headers["Content-Location"] = self.request.build_absolute_uri(path)
        return headers


class UploadsView(TusView):
    """Resumable uploads, by tus 1.0 with creation-with-upload, checksum, expiration and termination."""

    @refuses("not_found", *OF_PARTS)
    @extend_schema(
        operation_id="uploads_create",
        parameters=[tus.RESUMABLE, tus.LENGTH, tus.METADATA, tus.CHECKSUM, LOCATION, *tus.answer_headers(201)],
        request=BYTES,
        responses={201: None},
    )
    def post(self, request: Request) -> Response:
        """Begin an upload, with or without its first bytes. If they are refused, there is no upload."""
        upload = self._create(request)
        if request.content_type == BYTES_TYPE and not upload.is_finished:
            try:
                self.append(request, upload, 0)
            except Exception:
                # The client will not be told the address.
                resumable.end(upload)
                raise
        url = request.build_absolute_uri(reverse("api-upload", args=[upload.public_id]))
        return Response(status=201, headers={"Location": url, **self.state_of(upload)})

    def _create(self, request: Request) -> Upload:
        length, metadata = tus.number(request, "Upload-Length"), tus.metadata(request)
        sent = UploadMetadataSerializer(data=metadata)
        sent.is_valid(raise_exception=True)
        fields = {**sent.validated_data, "name": metadata.get("filename", "")}
        album = albums.find(request.user, fields.pop("album"))
        return resumable.create(album, length=length, metadata=request.headers["Upload-Metadata"], **fields)


class UploadView(TusView):
    """One of your resumable uploads."""

    def head(self, request: Request, upload: UUID) -> Response:
        """Say how far an upload is. After its end it says which image it became."""
        found = resumable.find(request.user, upload)
        resumable.require_bytes(found)
        headers = {"Upload-Length": str(found.length), "Upload-Metadata": found.metadata, **self.state_of(found)}
        return Response(status=200, headers=headers)

    @refuses("wrong_offset", *OF_PARTS)
    @extend_schema(
        operation_id="uploads_append",
        parameters=[tus.RESUMABLE, tus.OFFSET, tus.CHECKSUM, *tus.answer_headers(204)],
        request=BYTES,
        responses={204: None},
    )
    def patch(self, request: Request, upload: UUID) -> Response:
        """Send the next bytes of an upload. The answer to the last ones comes when the image is stored. A file that
        is refused ends its upload.
        """
        found = resumable.find(request.user, upload)
        resumable.require_bytes(found)
        require_match(request, None)
        if request.content_type != BYTES_TYPE:
            raise Problem("unsupported_media_type", f"Send the bytes as {BYTES_TYPE}.")
        self.append(request, found, tus.number(request, "Upload-Offset"))
        return Response(status=204, headers=self.state_of(found))

    @refuses("unsupported_version")
    @extend_schema(operation_id="uploads_destroy", parameters=[tus.RESUMABLE], responses={204: None})
    def delete(self, request: Request, upload: UUID) -> Response:
        """End an upload and drop its bytes. An image that it became stays."""
        found = resumable.find(request.user, upload)
        require_match(request, None)
        resumable.end(found)
        return Response(status=204)


def _body(request: Request) -> Iterator[bytes]:
    """Raises Problem when the body ends early."""
    try:
        while chunk := request.read(READ_BYTES):
            yield chunk
    except UnreadablePostError:
        raise Problem("parse_error", "The request ended early. Ask how far the upload is, then go on.") from None
