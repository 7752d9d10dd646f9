"""Files of images as Django's responses, for their owners and for holders of a signed link."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)

from albums.models import Album
from images.delivery.answers import FileAnswer, answer_with, answer_with_archive
from images.delivery.file_names import portable, save_as
from images.delivery.links import as_spelt_by_us, content_type_of, replacement, seconds_left, storage_name
from images.delivery.members import archive_of
from images.models import Image
from images.storage.disk import FileSection
from imagestore.kit.problems import Problem

PROXY_CACHE_SECONDS = 10


def serve_file(request: HttpRequest, image: Image, file: str, *, attachment: bool = False) -> HttpResponseBase:
    """Serve a file to the image's owner. Caches must ask the server again each time."""
    answer = answer_with(
        request.META,
        storage_name(image.public_id, file),
        etag=_etag(image.public_id.hex, file),
        content_type=content_type_of(file),
        cache="private, no-cache",
        save_as=save_as(image.name, file),
        inline=not attachment,
    )
    return as_response(answer)


def serve_archive(
    request: HttpRequest, album: Album, size: str, selected: Sequence[UUID] | None = None
) -> HttpResponseBase:
    """Serve an album, or the images of it that are selected, as a ZIP. Raises what `archive_of` raises."""
    answer = answer_with_archive(
        request.META,
        archive_of(album, size, selected),
        cache="private, no-cache",
        save_as=portable(f"{album.title}.zip"),
    )
    return as_response(answer)


def serve_link(request: HttpRequest, public_id: UUID, file: str) -> HttpResponseBase:
    """Serve a file for a signed link.

    Asks no database, unless the file is gone: if a newer render version replaced it, redirects to that.
    Raises Problem `not_found` for a wrong or ended link, and what `answer_link` raises.
    """
    query = request.GET
    seconds = seconds_left(f"{public_id}/{file}", query.get("expires", ""), query.get("signature", ""))
    if not seconds:
        raise _dead_link()
    try:
        answer = answer_link(request.META, public_id, file, seconds)
    except Problem as problem:
        newer = replacement(public_id, file) if problem.code == "not_found" else None
        if newer is None:
            raise _dead_link() if problem.code == "not_found" else problem from None
        return HttpResponseRedirect(newer)
    if as_spelt_by_us(request.META) is None:
        # Before a cache could store it under an address that nobody purges.
        answer.headers["Cache-Control"] = "private, no-cache"
        del answer.headers["X-Accel-Expires"]
    return as_response(answer)


def answer_link(asked: Mapping[str, Any], public_id: UUID, file: str, seconds: int) -> FileAnswer:
    """Any cache may store the answer until the link ends, in so many seconds. Raises what `answer_with` raises.

    nginx of ours asks again earlier (deploy/nginx.conf), so that a deleted image does not live on in it.
    """
    answer = answer_with(
        asked,
        storage_name(public_id, file),
        etag=_etag(public_id.hex, file),
        content_type=content_type_of(file),
        cache=f"public, max-age={seconds}, immutable",
    )
    if settings.MEDIA_BASE_URL:
        # A CDN may be on a domain of its own; then our pages are another site to it.
        answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    # nginx counts the last second, too.
    answer.headers["X-Accel-Expires"] = str(min(seconds, PROXY_CACHE_SECONDS) - 1)
    return answer


def as_response(answer: FileAnswer) -> HttpResponseBase:
    response: HttpResponseBase
    match answer.body:
        case None:
            response = HttpResponse(status=answer.status)
        case FileSection() as section:
            response = FileResponse(section, status=answer.status)
        case chunks:
            response = StreamingHttpResponse(chunks, status=answer.status)
    del response["Content-Type"]  # a guess of Django's, which a 304 must not bear
    for header, value in answer.headers.items():
        response[header] = value
    return response


def _dead_link() -> Problem:
    return Problem(
        "not_found", "This link is wrong or has ended. The page or the API resource of the image has a new one."
    )


def _etag(image_hex: str, file: str) -> str:
    """The file's name is enough: a file never changes under one name, since variants' names have their version."""
    return f"{image_hex}-{file}"
