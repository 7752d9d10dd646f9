"""The files of images, for their owner and for holders of a signed link."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from images import services
from images.delivery import door, links, responses
from imagestore.kit.params import flag


@require_safe
def image_file(request: HttpRequest, image_id: UUID) -> HttpResponseBase:
    """The original or the `?size=` of an image; with `?download=true` as an attachment under its name."""
    image = services.find(request.user, image_id)
    file = links.file_of(image, request.GET.get("size", "original"))
    return responses.serve_file(request, image, file, attachment=flag(request.GET, "download"))


@login_not_required
@require_safe
def signed_file(request: HttpRequest, image_id: UUID, file: str) -> HttpResponseBase:
    return door.serve_link_once(request, image_id, file)
