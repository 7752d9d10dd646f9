"""The endpoint for many images at once: /api/v1/images/batch/."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from albums import services as albums
from albums.models import Album
from images import batch
from images.batch import Outcome
from images.models import Image
from imagestore.api.serializers.batch import TAKES, BatchAnswerSerializer, BatchSerializer
from imagestore.api.serializers.images import ImageSerializer
from imagestore.kit.problems import Problem, invalid

ACTIONS: dict[str, Callable[..., list[Outcome]]] = {
    "move": batch.move,
    "copy": batch.copy,
    "trash": batch.trash,
    "restore": batch.restore,
    "delete": batch.delete,
    "favourite": batch.favourite,
    "rotate": batch.rotate,
    "shift_taken_at": batch.shift_taken_at,
    "set_taken_offset": batch.set_taken_offset,
}


class BatchView(GenericAPIView[Image]):
    """One action on many of your images, which may be in different albums."""

    takes_long_text = True  # 1,000 ids are 39 kB
    queryset = Image.objects.none()
    serializer_class = BatchSerializer

    @extend_schema(operation_id="images_batch", responses={207: BatchAnswerSerializer})
    def post(self, request: Request) -> Response:
        """Move, copy, trash, restore, delete, mark, turn or date images.

        Each has an outcome, in the order of `ids`. Status 201 is a new copy, 204 an image in the trash or gone; a
        `problem` says why an image stays as it was.
        """
        sent = self.get_serializer(data=request.data)
        sent.is_valid(raise_exception=True)
        action, ids = sent.validated_data["action"], sent.validated_data["ids"]
        values = [sent.validated_data[name] for name in TAKES[action]]
        if "album" in TAKES[action]:
            values = [self._album(values[0])]
        outcomes = ACTIONS[action](cast(User, request.user), ids, *values)
        results = [self._result(one, outcome) for one, outcome in zip(ids, outcomes, strict=True)]
        return Response({"results": results}, status=status.HTTP_207_MULTI_STATUS)

    def _album(self, album: UUID) -> Album:
        try:
            return albums.find(self.request.user, album)
        except Problem:
            raise invalid("album", _("You have no such album.")) from None

    def _result(self, one: UUID, outcome: Outcome) -> dict[str, Any]:
        if isinstance(outcome, Problem):
            return {"id": one, "status": outcome.status, "problem": outcome.body()}
        if outcome.image is None:
            return {"id": one, "status": status.HTTP_204_NO_CONTENT}
        shown = ImageSerializer(outcome.image, context=self.get_serializer_context()).data
        return {"id": one, "status": 201 if outcome.created else 200, "image": shown}
