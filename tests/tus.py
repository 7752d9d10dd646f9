"""Requests of tus, for people who speak it by hand."""

import base64
from typing import Any

import requests

from tests.people import Person

BYTES_TYPE = "application/offset+octet-stream"


def metadata(**fields: str) -> str:
    """The value of Upload-Metadata."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in fields.items())


def begin_upload(person: Person, album: str, length: int) -> str:
    """The id of a new upload."""
    headers = {"Upload-Length": str(length), "Upload-Metadata": metadata(filename="sea.jpg", album=album)}
    answer = person.post("uploads/", headers={"Tus-Resumable": "1.0.0", **headers}, expect=201)
    return answer.headers["Location"].rstrip("/").rpartition("/")[2]


def append(person: Person, upload: str, offset: int, body: Any, **options: Any) -> requests.Response:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": BYTES_TYPE}
    return person.call("PATCH", f"uploads/{upload}/", headers=headers, data=body, **options)


def offset_of(person: Person, upload: str) -> int:
    answer = person.call("HEAD", f"uploads/{upload}/", headers={"Tus-Resumable": "1.0.0"}, expect=200)
    return int(answer.headers["Upload-Offset"])


def append_head(person: Person, upload: str, offset: int, *more: str) -> bytes:
    """The head of a PATCH, for a client that sends its body by hand."""
    lines = [
        f"PATCH /api/v1/uploads/{upload}/ HTTP/1.1",
        f"Host: 127.0.0.1:{person.server.port}",
        f"Authorization: Bearer {person.token}",
        "Tus-Resumable: 1.0.0",
        f"Upload-Offset: {offset}",
        f"Content-Type: {BYTES_TYPE}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()
