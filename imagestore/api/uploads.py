"""Endpoints for many files at once: /api/v1/albums/{album}/images/bulk/ and exists/."""

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from albums import services as albums
from images import services
from images.models import Image
from images.services import Received
from images.uploads.filenames import clean_name
from images.uploads.gate import TakesFiles
from imagestore.api.serializers.images import ImageSerializer
from imagestore.api.serializers.uploads import (
    BulkAnswerSerializer,
    BulkSerializer,
    ExistingSerializer,
    HashesSerializer,
    hashes_in,
)
from imagestore.kit.problems import Problem, invalid


class BulkView(TakesFiles, GenericAPIView[Image]):
    """Upload many pictures at once. Each has an outcome of its own, in the order of the files."""

    max_files = settings.MAX_BULK_FILES
    queryset = Image.objects.none()
    serializer_class = BulkSerializer
    parser_classes = (MultiPartParser,)

    @extend_schema(request={"multipart/form-data": BulkSerializer}, responses={207: BulkAnswerSerializer})
    def post(self, request: Request, **ids: UUID) -> Response:
        album = albums.find(request.user, self.kwargs["album"])
        files = request.FILES.getlist("files")
        if not files:
            raise invalid("files", "Send at least one file.")
        outcomes = services.receive_many(album, files)
        results = [self._result(file.name, outcome) for file, outcome in zip(files, outcomes, strict=True)]
        return Response({"results": results}, status=status.HTTP_207_MULTI_STATUS)

    def _result(self, name: str, outcome: Received | Problem) -> dict[str, Any]:
        name = clean_name(name)
        if isinstance(outcome, Problem):
            return {"name": name, "status": outcome.status, "problem": outcome.body()}
        shown = ImageSerializer(outcome.image, context=self.get_serializer_context()).data
        return {"name": name, "status": 201 if outcome.created else 200, "image": shown}


class ExistsView(GenericAPIView[Image]):
    """Ask which files the album has already, by their SHA-256."""

    takes_long_text = True  # 1,000 hashes are 67 kB
    queryset = Image.objects.none()
    serializer_class = HashesSerializer

    @extend_schema(request=HashesSerializer, responses=ExistingSerializer)
    def post(self, request: Request, **ids: UUID) -> Response:
        album = albums.find(request.user, self.kwargs["album"])
        images = Image.objects.in_album(album).filter(living_sha256__in=hashes_in(request.data))
        return Response({"existing": dict(images.values_list("sha256", "public_id"))})
