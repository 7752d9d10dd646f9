"""Endpoints of images: /api/v1/albums/{album}/images/ and /api/v1/images/{image}/."""

from typing import Any
from uuid import UUID

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
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
from imagestore.api.conditions import locked_if_conditional, require_match, with_etag
from imagestore.api.refusals import refuses
from imagestore.api.schema import LOCATION, PERMANENT
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
        # Each of them then has this album, without a join.
        images: ImageQuerySet = self.album.images.in_album(self.album)
        return images

    @property
    def default_ordering(self) -> str:
        return self.album.ordering

    @cached_property
    def album(self) -> Album:
        return albums.find(self.request.user, self.kwargs["album"])

    @extend_schema(responses=ImageSerializer(many=True))
    def get(self, request: Request, **ids: UUID) -> Response:
        """List the images of an album."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self._shown(page, many=True))

    @extend_schema(
        parameters=[LOCATION],
        request={"multipart/form-data": UploadSerializer},
        responses={
            200: OpenApiResponse(ImageSerializer, description="The album has these bytes already, as this image."),
            201: OpenApiResponse(ImageSerializer, description="Stored. Its sizes are made next."),
        },
    )
    def post(self, request: Request, **ids: UUID) -> Response:
        """Upload a picture into an album. Its sizes are null while its status is `pending`."""
        album = self.album
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
        """Put all images of an album into the trash, or delete them for ever."""
        permanent = flag(request.query_params, "permanent")
        album = self.album
        require_match(request, None)
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
        """Show one of your images."""
        return with_etag(request, self._shown(self.get_object()))

    @refuses("duplicate")
    @extend_schema(responses=ImageSerializer)
    def patch(self, request: Request, **ids: UUID) -> Response:
        """Change name, caption, favourite, rotation or date, or move the image to another album.

        Fields that are left out stay. After a change of the rotation the old sizes stay until new ones are made.
        """
        image = self.get_object()
        sent = self.get_serializer(image, data=request.data, partial=True)
        with locked_if_conditional(request, image.owner, image):
            image = self.get_object()
            require_match(request, self._shown(image))
            sent.is_valid(raise_exception=True)
            self._change(image, dict(sent.validated_data))
        return with_etag(request, self._shown(image))

    def _change(self, image: Image, changes: dict[str, Any]) -> None:
        album = changes.pop("album", None)
        if album:
            services.move(image, self._target(album["public_id"]))
        if changes:
            services.change(image, **changes)

    @extend_schema(parameters=[PERMANENT], responses={204: None})
    def delete(self, request: Request, **ids: UUID) -> Response:
        """Put an image into the trash, or delete it for ever."""
        permanent = flag(request.query_params, "permanent")
        image = self.get_object()
        require_match(request, self._shown(image))
        services.delete_images(image.owner, Image.objects.filter(pk=image.pk), permanent=permanent)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _target(self, album_id: UUID) -> Album:
        try:
            return albums.find(self.request.user, album_id)
        except Problem:
            raise invalid("album", _("You have no such album.")) from None

    def _shown(self, image: Image) -> dict[str, Any]:
        return dict(ImageSerializer(image, context=self.get_serializer_context()).data)


class RetryView(APIView):
    """Make the sizes of a failed image once more."""

    @refuses("not_failed", "throttled")
    @extend_schema(request=None, responses={202: ImageSerializer})
    def post(self, request: Request, **ids: UUID) -> Response:
        image = services.find(request.user, **ids)
        services.retry(image)
        return Response(ImageSerializer(image, context={"request": request}).data, status=status.HTTP_202_ACCEPTED)
