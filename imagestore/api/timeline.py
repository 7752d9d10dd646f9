"""Endpoints of all images of a user, over all albums: /api/v1/images/."""

from typing import cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images import timeline
from images.models import Image, ImageQuerySet
from imagestore.api.refusals import refuses
from imagestore.api.serializers.images import ImageSerializer
from imagestore.api.serializers.timeline import MonthsSerializer
from imagestore.api.serializers.uploads import AllExistingSerializer, HashesSerializer, hashes_in

NARROWING = [
    OpenApiParameter(each["name"], each["schema"], description=each.get("description", ""))
    for each in timeline.LIST.narrowing_parameters()
]


class TimelineView(GenericAPIView[Image]):
    """Your images in all albums."""

    queryset = Image.objects.none()
    serializer_class = ImageSerializer
    list_spec = timeline.LIST

    def get_queryset(self) -> ImageQuerySet:
        return timeline.images_of(self.request.user, self.list_spec.read(self.request.query_params))

    @refuses("not_found")
    @extend_schema(operation_id="images_list", responses=ImageSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List your images in all albums."""
        page = timeline.with_albums(cast(list[Image], self.paginate_queryset(self.get_queryset())))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class MonthsView(APIView):
    """The months in which your images were taken."""

    @refuses("not_found")
    @extend_schema(parameters=NARROWING, responses=MonthsSerializer)
    def get(self, request: Request) -> Response:
        """Count your images by month, newest first. `first` is the cursor at which a month begins in the list."""
        list_request = timeline.LIST.read(request.query_params)
        months = timeline.months(request.user, list_request)
        return Response(MonthsSerializer({"results": months}).data)


class AllExistsView(GenericAPIView[Image]):
    """Ask which files you have already in any album, by their SHA-256."""

    takes_long_text = True  # 1,000 hashes are 67 kB
    queryset = Image.objects.none()
    serializer_class = HashesSerializer

    @extend_schema(request=HashesSerializer, responses=AllExistingSerializer)
    def post(self, request: Request) -> Response:
        return Response({"existing": timeline.existing(request.user, hashes_in(request.data))})
