"""The headers of tus 1.0, the protocol of resumable uploads (tus.io/protocols/resumable-upload)."""

import base64
import binascii
import hashlib
import re
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from images.uploads.writer import Checksum
from imagestore.kit.problems import Problem, invalid

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
CHECKSUMS = ("sha256", "sha1")

_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
# A key is ASCII without space and comma, a value base64 or empty.
_PAIR = re.compile(r"([!-+\--~]+)(?: ([A-Za-z0-9+/]*={0,2}))?")


def require_version(request: Request) -> None:
    """Raises Problem `unsupported_version`."""
    if request.headers.get("Tus-Resumable") != VERSION:
        sentence = f"Send the header Tus-Resumable: {VERSION}. Nothing was done."
        raise Problem("unsupported_version", sentence, headers={"Tus-Version": VERSION})


def number(request: Request, name: str) -> int:
    """The bytes that this header says. Raises Problem `invalid`."""
    text = request.headers.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise invalid(name, "Send a number of bytes in this header.")
    return int(text)


def metadata(request: Request) -> dict[str, str]:
    """Key -> text. The server has bounded the length of a header. Raises Problem `invalid`."""
    pairs = [pair.strip(" ") for pair in request.headers.get("Upload-Metadata", "").split(",") if pair.strip(" ")]
    matches = [_PAIR.fullmatch(pair) for pair in pairs]
    try:
        read = {match[1]: base64.b64decode(match[2] or "", validate=True).decode() for match in matches if match}
    except (binascii.Error, UnicodeDecodeError):
        read = {}
    if len(read) < len(pairs):
        raise invalid("Upload-Metadata", "Send pairs of a key and a text as base64, each key once.")
    return read


def checksum(request: Request) -> Checksum | None:
    """Of this request's body; None without the header. Raises Problem `invalid`."""
    if "Upload-Checksum" not in request.headers:
        return None
    algorithm, _, text = request.headers["Upload-Checksum"].partition(" ")
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if algorithm not in CHECKSUMS or len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise invalid("Upload-Checksum", "Send sha256 or sha1, a space, and the checksum as base64.")
    return Checksum(algorithm, digest)


# ---- For the schema -------------------------------------------------------------------------


def _header(name: str, description: str, kind: Any = OpenApiTypes.STR, **options: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=description, **options)


RESUMABLE = _header("Tus-Resumable", "The version of tus.", enum=[VERSION], required=True)
LENGTH = _header("Upload-Length", "Bytes of the whole file.", OpenApiTypes.INT64, required=True)
METADATA = _header(
    "Upload-Metadata",
    "Keys with base64 texts: `filename`, `album` (an id), `caption?`, `sha256?` (hexadecimal, of the whole).",
    required=True,
)
OFFSET = _header("Upload-Offset", "Where these bytes begin in the file.", OpenApiTypes.INT64, required=True)
CHECKSUM = _header("Upload-Checksum", "`sha256` or `sha1` of these bytes, as base64.")


def answer_headers(status: int) -> list[OpenApiParameter]:
    """Those of an answer to bytes."""
    always: dict[str, Any] = {"required": True, "response": [status]}
    return [
        _header("Tus-Resumable", "The version of tus.", **always),
        _header("Upload-Offset", "How many bytes are stored for certain.", OpenApiTypes.INT64, **always),
        _header("Upload-Expires", "When the upload ends if nothing more comes.", **always),
        _header("Content-Location", "The URL of the image, once stored.", OpenApiTypes.URI, response=[status]),
    ]
