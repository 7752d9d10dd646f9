"""/api/v1/…/images/: the door for clients."""

from typing import Any, cast
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from accounts.models import User
from albums import services as albums
from albums.api import PERMANENT
from albums.models import Album
from albums.serializers import AlbumSerializer
from images import services, trash
from images.delivery import file_of, serve_file, with_covers
from images.gate import TakesFiles
from images.models import SHOWN, Image, ImageQuerySet
from images.names import clean_name
from images.processing import SIZES
from images.serializers import (
    BulkAnswerSerializer,
    BulkSerializer,
    ExistingSerializer,
    HashesSerializer,
    ImageChangeSerializer,
    ImageSerializer,
    TrashEntrySerializer,
    UploadSerializer,
)
from images.services import Received
from imagestore.params import flag
from imagestore.problems import Problem, invalid

SIZE = OpenApiParameter("size", OpenApiTypes.STR, enum=["original", *SIZES], default="original")
DOWNLOAD = OpenApiParameter("download", OpenApiTypes.BOOL, description="As an attachment, under its name.")
ALL = OpenApiParameter("all", OpenApiTypes.BOOL, required=True, description="true: you mean all of them.")
SEARCH = OpenApiParameter("search", OpenApiTypes.STR, description="Words in name or caption.")
STATUS = OpenApiParameter("status", OpenApiTypes.STR, enum=[shown.value for shown in SHOWN])
RESTORED = PolymorphicProxySerializer("Restored", [AlbumSerializer, ImageSerializer], None)


def _image(request: Request, image: UUID, album: UUID | None = None) -> Image:
    return services.find(request.user, image, album)


class ImageListView(TakesFiles, GenericAPIView[Image]):
    """The images of one of your albums; POST uploads one."""

    queryset = Image.objects.none()
    parser_classes = (MultiPartParser,)
    orderings = services.ORDERINGS

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return UploadSerializer if self.request.method == "POST" else ImageSerializer

    def get_queryset(self) -> ImageQuerySet:
        album = albums.find(self.request.user, self.kwargs["album"])
        return services.search(album, self.request.query_params)

    @extend_schema(parameters=[SEARCH, STATUS], responses=ImageSerializer(many=True))
    def get(self, request: Request, album: UUID) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self._shown(page, many=True))

    @extend_schema(
        request={"multipart/form-data": UploadSerializer}, responses={200: ImageSerializer, 201: ImageSerializer}
    )
    def post(self, request: Request, album: UUID) -> Response:
        target = albums.find(request.user, album)
        sent = UploadSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        if len(request.FILES.getlist("file")) > 1:
            raise invalid("file", "Send one file here, or several to bulk/.")
        received = services.receive(target, **{"staged": sent.validated_data.pop("file"), **sent.validated_data})
        shown = self._shown(received.image)
        code = status.HTTP_201_CREATED if received.created else status.HTTP_200_OK
        return Response(shown, status=code, headers={"Location": shown["url"]})

    @extend_schema(operation_id="albums_images_destroy_all", parameters=[ALL, PERMANENT], responses={204: None})
    def delete(self, request: Request, album: UUID) -> Response:
        permanent = flag(request.query_params, "permanent")
        target = albums.find(request.user, album)
        if not flag(request.query_params, "all"):
            raise invalid("all", "Say ?all=true to delete all images of this album.")
        services.delete_images(target.owner, Image.objects.in_album(target), permanent=permanent)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _shown(self, images: Any, *, many: bool = False) -> Any:
        return ImageSerializer(images, many=many, context=self.get_serializer_context()).data


class BulkView(TakesFiles, GenericAPIView[Image]):
    """Up to 100 files at once, received, probed and stored side by side."""

    takes_files = 100
    queryset = Image.objects.none()
    serializer_class = BulkSerializer
    parser_classes = (MultiPartParser,)

    @extend_schema(request={"multipart/form-data": BulkSerializer}, responses={207: BulkAnswerSerializer})
    def post(self, request: Request, album: UUID) -> Response:
        target = albums.find(request.user, album)
        files = request.FILES.getlist("files")
        if not files:
            raise invalid("files", "Send at least one file.")
        outcomes = services.receive_many(target, files)
        results = [self._result(file.name, outcome) for file, outcome in zip(files, outcomes, strict=True)]
        return Response({"results": results}, status=status.HTTP_207_MULTI_STATUS)

    def _result(self, name: str, outcome: Received | Problem) -> dict[str, Any]:
        name = clean_name(name)
        if isinstance(outcome, Problem):
            return {"name": name, "status": outcome.status, "problem": outcome.body()}
        shown = ImageSerializer(outcome.image, context=self.get_serializer_context()).data
        return {"name": name, "status": 201 if outcome.created else 200, "image": shown}


class ExistsView(GenericAPIView[Image]):
    """Which of these files does the album have?"""

    queryset = Image.objects.none()
    serializer_class = HashesSerializer

    @extend_schema(request=HashesSerializer, responses=ExistingSerializer)
    def post(self, request: Request, album: UUID) -> Response:
        target = albums.find(request.user, album)
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        hashes = [text.lower() for text in asked.validated_data["sha256"]]
        found = Image.objects.in_album(target).filter(living_sha256__in=hashes)
        return Response({"existing": dict(found.values_list("sha256", "public_id"))})


class ImageView(GenericAPIView[Image]):
    """One of your images."""

    queryset = Image.objects.none()
    serializer_class = ImageChangeSerializer

    def get_object(self) -> Image:
        return _image(self.request, **self.kwargs)

    @extend_schema(responses=ImageSerializer)
    def get(self, request: Request, **ids: UUID) -> Response:
        return self._shown(self.get_object())

    @extend_schema(responses=ImageSerializer)
    def patch(self, request: Request, **ids: UUID) -> Response:
        image = self.get_object()
        sent = self.get_serializer(image, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        changes = dict(sent.validated_data)
        target = changes.pop("album", None)
        if target:
            services.move(image, self._target(target["public_id"]))
        if changes:
            services.change(image, **changes)
        return self._shown(image)

    @extend_schema(parameters=[PERMANENT], responses={204: None})
    def delete(self, request: Request, **ids: UUID) -> Response:
        permanent = flag(request.query_params, "permanent")
        image = self.get_object()
        services.delete_images(image.owner, Image.objects.filter(pk=image.pk), permanent=permanent)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _target(self, album: UUID) -> Album:
        try:
            return albums.find(self.request.user, album)
        except Problem:
            raise invalid("album", "You have no such album.") from None

    def _shown(self, image: Image) -> Response:
        return Response(ImageSerializer(image, context=self.get_serializer_context()).data)


class RetryView(APIView):
    """Make a failed image once more."""

    @extend_schema(request=None, responses={202: ImageSerializer})
    def post(self, request: Request, **ids: UUID) -> Response:
        image = _image(request, **ids)
        services.retry(image)
        return Response(ImageSerializer(image, context={"request": request}).data, status=status.HTTP_202_ACCEPTED)


class TrashView(GenericAPIView[Any]):
    """What you deleted, newest first; it can be restored until `purge_at`."""

    queryset = Image.objects.none()
    serializer_class = TrashEntrySerializer
    orderings = trash.ORDERINGS

    @extend_schema(operation_id="trash_list")
    def get(self, request: Request) -> Response:
        page: Any = self.paginate_queryset(trash.contents(request.user))
        return self.get_paginated_response(self.get_serializer(trash.entries(page), many=True).data)

    @extend_schema(operation_id="trash_empty", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Delete all of it for ever."""
        trash.empty(cast(User, request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TrashedView(APIView):
    """One album or image in your trash."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, thing: UUID) -> Response:
        """Delete it for ever."""
        trash.delete(trash.find(request.user, thing))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RestoreView(APIView):
    """Take an album or image out of the trash, as it was."""

    @extend_schema(request=None, responses=RESTORED)
    def post(self, request: Request, thing: UUID) -> Response:
        found = trash.find(request.user, thing)
        trash.restore(found)
        if isinstance(found, Image):
            return Response(ImageSerializer(found, context={"request": request}).data)
        [album] = with_covers([found])
        return Response(AlbumSerializer(album, context={"request": request}).data)


class _AnyAccept(DefaultContentNegotiation):
    """Bytes are what they are, whatever the client says it accepts."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class FileView(APIView):
    """The bytes of an image, to their owner."""

    content_negotiation_class = _AnyAccept

    @extend_schema(parameters=[SIZE, DOWNLOAD], responses={(200, "image/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, **ids: UUID) -> HttpResponseBase:
        image = _image(request, **ids)
        size = request.query_params.get("size", "original")
        attachment = flag(request.query_params, "download")
        return serve_file(request._request, image, file_of(image, size), attachment=attachment)
