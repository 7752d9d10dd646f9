"""One file as an HTTP answer, whoever sends it: ETag, 304, HEAD, Range (RFC 9110, sections 13 and 14)."""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.http import content_disposition_header, parse_etags

from images.delivery.archive import Archive
from images.processing import DOWNLOADED_TYPES
from images.storage import identity
from images.storage.base import StoredFile, image_storage
from images.storage.disk import DiskFile, FileSection
from imagestore.kit.problems import Problem, not_found, precondition_failed, storage_unavailable

logger = logging.getLogger(__name__)

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# A browser may show or save an uploaded file, but must never run it.
MEDIA_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-site",
    "Accept-Ranges": "bytes",
}
# What a 304 repeats (RFC 9110, 15.4.5). The policy too: else it would get that of pages, and a cache would keep
# that with the file (RFC 9111, 3.2).
_UNCHANGED_HEADERS = ("ETag", "Cache-Control", "Content-Security-Policy")


@dataclass(slots=True)
class FileAnswer:
    """`body` is open: it must be sent, or closed. None is an answer without one."""

    status: int
    headers: dict[str, str]
    body: FileSection | Iterator[bytes] | None = None


def answer_with(
    asked: Mapping[str, Any],
    name: str,
    *,
    etag: str,
    content_type: str,
    cache: str,
    save_as: str = "",
    inline: bool = True,
) -> FileAnswer:
    """Answer with the stored file `name` what a WSGI environ asks. `etag` has no quotes; browsers save the file as
    `save_as`, and show it if `inline` and if they can.

    Raises Problem `not_found`, `storage_unavailable`, `precondition_failed` or `range_not_satisfiable`.
    """
    shown = inline and content_type not in DOWNLOADED_TYPES
    headers = _headers(etag, content_type, cache)
    if save_as or not shown:
        headers["Content-Disposition"] = str(content_disposition_header(not shown, save_as))
    try:
        return _answer_of(asked, image_storage().open_stored(name), headers)
    except FileNotFoundError:
        raise _missing() from None
    except OSError as error:
        logger.warning("a stored file could not be read: %s", error)
        raise storage_unavailable() from None


def answer_with_archive(asked: Mapping[str, Any], archive: Archive, *, cache: str, save_as: str) -> FileAnswer:
    """As `answer_with`; it closes the archive, or the answer's body does."""
    headers = _headers(archive.etag, "application/zip", cache)
    headers["Content-Disposition"] = str(content_disposition_header(True, save_as))
    return _answer_of(asked, archive, headers)


def _headers(etag: str, content_type: str, cache: str) -> dict[str, str]:
    return {**MEDIA_HEADERS, "ETag": f'"{etag}"', "Cache-Control": cache, "Content-Type": content_type}


def _missing() -> Problem:
    """`not_found` when only the file is missing, `storage_unavailable` when the whole storage is."""
    try:
        return not_found() if identity.is_there() else storage_unavailable()
    except OSError:
        return storage_unavailable()


def _answer_of(asked: Mapping[str, Any], file: StoredFile, headers: dict[str, str]) -> FileAnswer:
    try:
        return _answer_of_open(asked, file, headers)
    except (Problem, OSError):
        file.close()
        raise


def _answer_of_open(asked: Mapping[str, Any], file: StoredFile, headers: dict[str, str]) -> FileAnswer:
    if _is_unchanged(asked, headers["ETag"]):
        file.close()
        return FileAnswer(304, {name: headers[name] for name in _UNCHANGED_HEADERS})
    byte_range, status = _requested_range(asked, headers["ETag"], file.size), 206
    if byte_range is None:
        byte_range, status = range(file.size), 200
    else:
        headers["Content-Range"] = f"bytes {byte_range.start}-{byte_range.stop - 1}/{file.size}"
    headers["Content-Length"] = str(len(byte_range))
    if asked["REQUEST_METHOD"].upper() == "HEAD":  # as Django reads it
        file.close()
        return FileAnswer(status, headers)
    # Of a file on disk the section: the kernel sends it (sendfile), without a thread that waits for the client.
    body = file.section(byte_range) if isinstance(file, DiskFile) else file.chunks(byte_range)
    return FileAnswer(status, headers, body)


def _is_unchanged(asked: Mapping[str, Any], etag: str) -> bool:
    """Whether the client has the file. Raises Problem `precondition_failed` by If-Match."""
    wanted, known = asked.get("HTTP_IF_MATCH"), asked.get("HTTP_IF_NONE_MATCH")
    if wanted and not _names(wanted, etag):
        raise precondition_failed()
    return _names(known.replace("W/", ""), etag) if known else False


def _names(header: str, etag: str) -> bool:
    etags = parse_etags(header)
    return etags == ["*"] or etag in etags


def _requested_range(asked: Mapping[str, Any], etag: str, size: int) -> range | None:
    """The bytes that the client asks for. None means all: also for several ranges, or for another ETag."""
    match = _ONE_RANGE.fullmatch(asked.get("HTTP_RANGE", "").replace(" ", ""))
    if not match or asked.get("HTTP_IF_RANGE", etag) != etag:
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
