"""The bytes of images: to their owner, and to the holder of a signed link."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from images import services
from images.delivery import links, responses
from imagestore.kit.params import flag


@require_safe
def image_file(request: HttpRequest, image: UUID) -> HttpResponseBase:
    """For "Download": the file under its own name."""
    found = services.find(request.user, image)
    file = links.file_of(found, request.GET.get("size", "original"))
    return responses.serve_file(request, found, file, attachment=flag(request.GET, "download"))


@login_not_required
@require_safe
def signed_file(request: HttpRequest, image: UUID, file: str) -> HttpResponseBase:
    return responses.serve_link(request, image, file)
