"""Endpoints of albums: /api/v1/albums/."""

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from albums import services
from albums.models import Album, AlbumQuerySet
from images import ordering
from images.covers import with_covers
from images.services import change_album, delete_albums
from imagestore.api.conditions import locked_if_conditional, require_match, with_etag
from imagestore.api.schema import LOCATION, PERMANENT
from imagestore.api.serializers.albums import AlbumChangeSerializer, AlbumSerializer, OrderSerializer
from imagestore.kit.params import flag


class AlbumListView(GenericAPIView[Album]):
    """Your albums."""

    serializer_class = AlbumSerializer
    queryset = Album.objects.none()
    list_spec = services.LIST

    def get_queryset(self) -> AlbumQuerySet:
        albums: AlbumQuerySet = Album.objects.owned_by(self.request.user)
        return albums

    @extend_schema(operation_id="albums_list", responses=AlbumSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List your albums."""
        page = with_covers(cast(list[Album], self.paginate_queryset(self.get_queryset())))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(parameters=[LOCATION], responses={201: AlbumSerializer})
    def post(self, request: Request) -> Response:
        """Make an album."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        album = services.create(cast(User, request.user), **serializer.validated_data)
        shown = self.get_serializer(album).data
        return Response(shown, status=status.HTTP_201_CREATED, headers={"Location": shown["url"]})


class AlbumView(GenericAPIView[Album]):
    """One of your albums."""

    serializer_class = AlbumChangeSerializer
    queryset = Album.objects.none()

    def get_object(self) -> Album:
        return services.find(self.request.user, self.kwargs["album"])

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "album": self.get_object() if "album" in self.kwargs else None}

    @extend_schema(responses=AlbumSerializer)
    def get(self, request: Request, **ids: UUID) -> Response:
        """Show one of your albums."""
        return with_etag(request, self._shown(self.get_object()))

    @extend_schema(responses=AlbumSerializer)
    def patch(self, request: Request, **ids: UUID) -> Response:
        """Change title, description, order or cover of an album. Fields that are left out stay as they are."""
        album = self.get_object()
        serializer = self.get_serializer(album, data=request.data, partial=True)
        with locked_if_conditional(request, album.owner, album):
            album = self.get_object()
            require_match(request, self._shown(album))
            serializer.is_valid(raise_exception=True)
            change_album(album, **serializer.validated_data)
        return with_etag(request, self._shown(album))

    @extend_schema(parameters=[PERMANENT], responses={204: None})
    def delete(self, request: Request, **ids: UUID) -> Response:
        """Put an album with all its images into the trash, or delete it for ever."""
        permanent = flag(request.query_params, "permanent")
        album = self.get_object()
        require_match(request, self._shown(album))
        delete_albums(album.owner, Album.objects.filter(pk=album.pk), permanent=permanent)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _shown(self, album: Album) -> dict[str, Any]:
        [album] = with_covers([album])
        return dict(AlbumSerializer(album, context=super().get_serializer_context()).data)


class OrderView(GenericAPIView[Album]):
    """The order of an album's images by hand: `?ordering=position`."""

    takes_long_text = True  # 1,000 ids are 39 kB
    serializer_class = OrderSerializer
    queryset = Album.objects.none()

    @extend_schema(operation_id="albums_order", responses={204: None})
    def post(self, request: Request, **ids: UUID) -> Response:
        """Put images before or after another image of the album, in the order of `ids`; without either, last."""
        album = services.find(request.user, self.kwargs["album"])
        sent = self.get_serializer(data=request.data)
        sent.is_valid(raise_exception=True)
        ordering.place(album, **sent.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)
