"""One file as an HTTP answer: ETag, 304, HEAD, Range (RFC 9110, sections 13 and 14)."""

import re
from collections.abc import Iterator
from typing import BinaryIO, cast

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from images.storage import image_storage
from imagestore.problems import Problem, not_found, storage_unavailable

CHUNK = 64 * 1024
_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

# What somebody uploaded is shown as a picture or saved, never run.
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
    """The stored file `name`. `etag` without quotes; `save_as` is the name a browser saves it under.

    Raises Problem `not_found`, `storage_unavailable` or `range_not_satisfiable`.
    """
    headers = {**MEDIA_HEADERS, "ETag": f'"{etag}"', "Cache-Control": cache, "Content-Type": content_type}
    disposition = content_disposition_header(not inline, save_as)
    if disposition:
        headers["Content-Disposition"] = disposition
    file = _open(name)
    unchanged = get_conditional_response(request, etag=headers["ETag"], response=HttpResponse(headers=headers))
    if unchanged is not None and unchanged.status_code != 200:
        file.close()
        return unchanged
    try:
        return _body(request, file, headers)
    except Problem:
        file.close()
        raise


def _open(name: str) -> BinaryIO:
    try:
        return cast(BinaryIO, image_storage().open(name).file)
    except FileNotFoundError:
        raise not_found() from None
    except OSError:
        raise storage_unavailable() from None


def _body(request: HttpRequest, file: BinaryIO, headers: dict[str, str]) -> HttpResponseBase:
    size = file.seek(0, 2)
    file.seek(0)
    wanted = _range(request, headers["ETag"], size)
    if wanted is None:
        start, length, status = 0, size, 200
    else:
        start, length, status = wanted.start, len(wanted), 206
        headers = {**headers, "Content-Range": f"bytes {wanted.start}-{wanted.stop - 1}/{size}"}
    headers = {**headers, "Content-Length": str(length)}
    response: HttpResponseBase
    if request.method == "HEAD":
        file.close()
        response = HttpResponse(status=status)
    elif status == 200:
        response = FileResponse(file)
    else:
        response = StreamingHttpResponse(_slice(file, start, length), status=status)
    # Afterwards, because FileResponse would rather guess some of them.
    for header, value in headers.items():
        response[header] = value
    return response


def _range(request: HttpRequest, etag: str, size: int) -> range | None:
    """The bytes asked for; None for all of them, also when several ranges or another version are meant."""
    asked = _ONE_RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if not asked or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = asked.groups()
    if first:
        found = range(int(first), min(int(last) + 1, size) if last else size)
        if last and int(last) < int(first):
            return None
    elif last:
        found = range(max(0, size - int(last)), size)
    else:
        return None
    if not found:
        raise Problem(
            "range_not_satisfiable", f"The file has {size} bytes.", headers={"Content-Range": f"bytes */{size}"}
        )
    return found


def _slice(file: BinaryIO, start: int, length: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while length and (chunk := file.read(min(CHUNK, length))):
            length -= len(chunk)
            yield chunk
