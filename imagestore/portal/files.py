"""The files of images, for their owner and for holders of a signed link."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods, require_safe

from albums import services as albums
from images import services
from images.delivery import door, links, responses
from images.delivery.members import selection
from imagestore.kit.params import flag


@require_safe
def image_file(request: HttpRequest, image_id: UUID) -> HttpResponseBase:
    """The original or the `?size=` of an image; with `?download=true` as an attachment under its name."""
    image = services.find(request.user, image_id)
    file = links.file_of(image, request.GET.get("size", "original"))
    return responses.serve_file(request, image, file, attachment=flag(request.GET, "download"))


@require_http_methods(["GET", "HEAD", "POST"])
def album_archive(request: HttpRequest, album_id: UUID) -> HttpResponseBase:
    """The album as a ZIP of originals or of a `size`, all or the `images` named. POST takes more ids than a URL."""
    album = albums.find(request.user, album_id)
    asked = request.POST if request.method == "POST" else request.GET
    return responses.serve_archive(request, album, asked.get("size", "original"), selection(asked))


@login_not_required
@require_safe
def signed_file(request: HttpRequest, image_id: UUID, file: str) -> HttpResponseBase:
    return door.serve_link_once(request, image_id, file)
