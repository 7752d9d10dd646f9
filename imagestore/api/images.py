"""Endpoints of images: /api/v1/albums/{album}/images/ and /api/v1/images/{image}/."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from albums import services as albums
from albums.models import Album
from images import services
from images.models import Image, ImageQuerySet
from images.uploads.gate import TakesFiles
from imagestore.api.schema import PERMANENT
from imagestore.api.serializers.images import ImageChangeSerializer, ImageSerializer
from imagestore.api.serializers.uploads import UploadSerializer
from imagestore.kit.params import flag
from imagestore.kit.problems import Problem, invalid

ALL = OpenApiParameter("all", OpenApiTypes.BOOL, required=True, description="true: you mean all of them.")


class ImageListView(TakesFiles, GenericAPIView[Image]):
    """The images of one of your albums; POST uploads one."""

    queryset = Image.objects.none()
    parser_classes = (MultiPartParser,)
    list_spec = services.LIST

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return UploadSerializer if self.request.method == "POST" else ImageSerializer

    def get_queryset(self) -> ImageQuerySet:
        images: ImageQuerySet = Image.objects.in_album(self._album()).select_related("album")
        return images

    def _album(self) -> Album:
        return albums.find(self.request.user, self.kwargs["album"])

    @extend_schema(responses=ImageSerializer(many=True))
    def get(self, request: Request, **ids: UUID) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self._shown(page, many=True))

    @extend_schema(
        request={"multipart/form-data": UploadSerializer}, responses={200: ImageSerializer, 201: ImageSerializer}
    )
    def post(self, request: Request, **ids: UUID) -> Response:
        album = self._album()
        sent = UploadSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        if len(request.FILES.getlist("file")) > 1:
            raise invalid("file", "Send one file here, or several to bulk/.")
        received = services.receive(album, **{"staged": sent.validated_data.pop("file"), **sent.validated_data})
        shown = self._shown(received.image)
        code = status.HTTP_201_CREATED if received.created else status.HTTP_200_OK
        return Response(shown, status=code, headers={"Location": shown["url"]})

    @extend_schema(operation_id="albums_images_destroy_all", parameters=[ALL, PERMANENT], responses={204: None})
    def delete(self, request: Request, **ids: UUID) -> Response:
        permanent = flag(request.query_params, "permanent")
        album = self._album()
        if not flag(request.query_params, "all"):
            raise invalid("all", "Say ?all=true to delete all images of this album.")
        services.delete_images(album.owner, Image.objects.in_album(album), permanent=permanent)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _shown(self, images: Any, *, many: bool = False) -> Any:
        return ImageSerializer(images, many=many, context=self.get_serializer_context()).data


class ImageView(GenericAPIView[Image]):
    """One of your images."""

    queryset = Image.objects.none()
    serializer_class = ImageChangeSerializer

    def get_object(self) -> Image:
        return services.find(self.request.user, **self.kwargs)

    @extend_schema(responses=ImageSerializer)
    def get(self, request: Request, **ids: UUID) -> Response:
        return self._shown(self.get_object())

    @extend_schema(responses=ImageSerializer)
    def patch(self, request: Request, **ids: UUID) -> Response:
        image = self.get_object()
        sent = self.get_serializer(image, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        changes = dict(sent.validated_data)
        album = changes.pop("album", None)
        if album:
            services.move(image, self._target(album["public_id"]))
        if changes:
            services.change(image, **changes)
        return self._shown(image)

    @extend_schema(parameters=[PERMANENT], responses={204: None})
    def delete(self, request: Request, **ids: UUID) -> Response:
        permanent = flag(request.query_params, "permanent")
        image = self.get_object()
        services.delete_images(image.owner, Image.objects.filter(pk=image.pk), permanent=permanent)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _target(self, album_id: UUID) -> Album:
        try:
            return albums.find(self.request.user, album_id)
        except Problem:
            raise invalid("album", "You have no such album.") from None

    def _shown(self, image: Image) -> Response:
        return Response(ImageSerializer(image, context=self.get_serializer_context()).data)


class RetryView(APIView):
    """Make a failed image once more."""

    @extend_schema(request=None, responses={202: ImageSerializer})
    def post(self, request: Request, **ids: UUID) -> Response:
        image = services.find(request.user, **ids)
        services.retry(image)
        return Response(ImageSerializer(image, context={"request": request}).data, status=status.HTTP_202_ACCEPTED)
