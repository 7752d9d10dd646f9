"""Endpoints of the trash: /api/v1/trash/."""

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from images.covers import with_covers
from images.deletion import trash
from images.models import Image
from imagestore.api.conditions import require_match
from imagestore.api.refusals import refuses
from imagestore.api.serializers.albums import AlbumSerializer
from imagestore.api.serializers.images import ImageSerializer
from imagestore.api.serializers.trash import TrashEntrySerializer

RESTORED = PolymorphicProxySerializer("Restored", [AlbumSerializer, ImageSerializer], None)


class TrashView(GenericAPIView[Any]):
    """What you deleted, newest first; it can be restored until `purge_at`."""

    queryset = Image.objects.none()
    serializer_class = TrashEntrySerializer
    list_spec = trash.LIST

    @extend_schema(operation_id="trash_list", responses=TrashEntrySerializer(many=True))
    def get(self, request: Request) -> Response:
        """List what you deleted, newest first."""
        page: Any = self.paginate_queryset(trash.contents(request.user))
        return self.get_paginated_response(self.get_serializer(trash.entries(page), many=True).data)

    @extend_schema(operation_id="trash_empty", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Delete all that is in the trash for ever."""
        require_match(request, None)
        trash.empty(cast(User, request.user))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TrashedView(APIView):
    """One album or image in your trash."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, thing: UUID) -> Response:
        """Delete one album or image of the trash for ever."""
        item = trash.find(request.user, thing)
        require_match(request, None)
        trash.delete(item)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RestoreView(APIView):
    """Take an album or image out of the trash, as it was."""

    @refuses("album_in_trash")
    @extend_schema(request=None, responses=RESTORED)
    def post(self, request: Request, thing: UUID) -> Response:
        item = trash.find(request.user, thing)
        trash.restore(item)
        if isinstance(item, Image):
            return Response(ImageSerializer(item, context={"request": request}).data)
        [album] = with_covers([item])
        return Response(AlbumSerializer(album, context={"request": request}).data)
