"""One file as an HTTP answer: ETag, 304, HEAD, Range (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from images.delivery.links import content_type_of, replacement, seconds_left, storage_name
from images.models import ORIGINAL, Image
from images.storage import identity
from images.storage.base import StoredFile, image_storage
from images.storage.disk import DiskFile
from imagestore.kit.problems import Problem, not_found, storage_unavailable

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# A browser may show or save an uploaded file, but must never run it.
MEDIA_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-site",
    "Accept-Ranges": "bytes",
}


def serve(
    request: HttpRequest,
    name: str,
    *,
    etag: str,
    content_type: str,
    cache: str,
    save_as: str = "",
    inline: bool = True,
) -> HttpResponseBase:
    """Answer with the stored file `name`. `etag` has no quotes; browsers save the file as `save_as`.

    Raises Problem `not_found`, `storage_unavailable` or `range_not_satisfiable`.
    """
    headers = {**MEDIA_HEADERS, "ETag": f'"{etag}"', "Cache-Control": cache, "Content-Type": content_type}
    disposition = content_disposition_header(not inline, save_as)
    if disposition:
        headers["Content-Disposition"] = disposition
    with _as_problems():
        file = image_storage().open_stored(name)
    unchanged = get_conditional_response(request, etag=headers["ETag"], response=HttpResponse(headers=headers))
    if unchanged is not None and unchanged.status_code != 200:
        file.close()
        return unchanged
    try:
        with _as_problems():
            return _body(request, file, headers)
    except Problem:
        file.close()
        raise


@contextmanager
def _as_problems() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise _missing() from None
    except OSError:
        raise storage_unavailable() from None


def _missing() -> Problem:
    """`not_found` when only the file is missing, `storage_unavailable` when the whole storage is."""
    try:
        return not_found() if identity.is_there() else storage_unavailable()
    except OSError:
        return storage_unavailable()


def _body(request: HttpRequest, file: StoredFile, headers: dict[str, str]) -> HttpResponseBase:
    requested = _requested_range(request, headers["ETag"], file.size)
    byte_range, status = (range(file.size), 200) if requested is None else (requested, 206)
    if requested is not None:
        headers = {**headers, "Content-Range": f"bytes {requested.start}-{requested.stop - 1}/{file.size}"}
    headers = {**headers, "Content-Length": str(len(byte_range))}
    response: HttpResponseBase
    if request.method == "HEAD":
        file.close()
        response = HttpResponse(status=status)
    elif status == 200 and isinstance(file, DiskFile):
        # FileResponse lets the kernel send the file (sendfile).
        response = FileResponse(file.raw)
    else:
        response = StreamingHttpResponse(file.chunks(byte_range), status=status)
    # Set last: FileResponse has guessed some of these headers.
    for header, value in headers.items():
        response[header] = value
    return response


def _requested_range(request: HttpRequest, etag: str, size: int) -> range | None:
    """The bytes that the client asks for. None means all: also for several ranges, or for another ETag."""
    match = _ONE_RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if not match or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match.groups()
    if first:
        byte_range = range(int(first), min(int(last) + 1, size) if last else size)
        if last and int(last) < int(first):
            return None
    elif last:
        byte_range = range(max(0, size - int(last)), size)
    else:
        return None
    if not byte_range:
        raise Problem(
            "range_not_satisfiable", f"The file has {size} bytes.", headers={"Content-Range": f"bytes */{size}"}
        )
    return byte_range


# ---- Files of images ------------------------------------------------------------------------


def serve_file(request: HttpRequest, image: Image, file: str, *, attachment: bool = False) -> HttpResponseBase:
    """Serve a file to the image's owner. Caches must ask the server again each time."""
    return serve(
        request,
        storage_name(image.public_id, file),
        etag=_etag(image.public_id.hex, file),
        content_type=content_type_of(file),
        cache="private, no-cache",
        save_as=_save_as(image.name, file),
        inline=not attachment,
    )


def serve_link(request: HttpRequest, public_id: UUID, file: str) -> HttpResponseBase:
    """Serve a file for a signed link. Any cache may store the answer until the link ends.

    Asks no database, unless the file is gone: if a newer render version replaced it, redirects to that.
    Raises Problem `not_found` for a wrong or ended link, and what `serve` raises.
    """
    query = request.GET
    seconds = seconds_left(f"{public_id}/{file}", query.get("expires", ""), query.get("signature", ""))
    if not seconds:
        raise not_found()
    try:
        return serve(
            request,
            storage_name(public_id, file),
            etag=_etag(public_id.hex, file),
            content_type=content_type_of(file),
            cache=f"public, max-age={seconds}, immutable",
        )
    except Problem as problem:
        newer = replacement(public_id, file) if problem.code == "not_found" else None
        if newer is None:
            raise
        return HttpResponseRedirect(newer)


def _save_as(name: str, file: str) -> str:
    """`sea.jpg` for the original, `sea-large.jpg` for the file `large.v1.jpg`."""
    stem = name.rpartition(".")[0] or name
    size, ending = file.split(".", 1)[0], file.rsplit(".", 1)[-1]
    return f"{stem}.{ending}" if size == ORIGINAL else f"{stem}-{size}.{ending}"


def _etag(image_hex: str, file: str) -> str:
    """The file's name is enough: a file never changes under one name, since variants' names have their version."""
    return f"{image_hex}-{file}"
