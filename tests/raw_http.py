"""HTTP by hand, for clients that stall, lie or stop halfway."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from tests.people import Person
from tests.servers import Server

BOUNDARY = "frontier"
CLOSING = f"\r\n--{BOUNDARY}--\r\n".encode()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    def problem(self) -> Any:
        return json.loads(self.body)


def part(name: bytes, content: bytes, filename: bytes | None = None, field: bytes = b"file") -> bytes:
    """One part of a multipart body; `name` is the whole filename parameter, as bytes on the wire."""
    given = b"; " + filename if filename is not None else b'; filename="' + name + b'"'
    head = b"--" + BOUNDARY.encode() + b'\r\nContent-Disposition: form-data; name="' + field + b'"' + given
    return head + b"\r\nContent-Type: image/jpeg\r\n\r\n" + content


def upload_head(person: Person, album: str, length: int | str, *more: str, endpoint: str = "") -> bytes:
    """The head of an upload; `length` is what it announces."""
    lines = [
        f"POST /api/v1/albums/{album}/images/{endpoint} HTTP/1.1",
        f"Host: localhost:{person.server.port}",
        f"Authorization: Bearer {person.token}",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        *([f"Content-Length: {length}"] if length != "" else []),
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def chunk(content: bytes) -> bytes:
    """A chunk of a body with Transfer-Encoding: chunked; an empty one ends the body (RFC 9112, 7.1)."""
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


@contextmanager
def connection(server: Server, seconds: float = 10) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as client:
        yield client


def answer_of(client: socket.socket) -> Answer | None:
    """What the server says; None when it hangs up without a word."""
    started = time.monotonic()
    response = HTTPResponse(client)
    try:
        response.begin()
        body = response.read()
    except (ConnectionError, TimeoutError) as error:
        if isinstance(error, TimeoutError):
            raise
        return None
    return Answer(response.status, dict(response.getheaders()), body, time.monotonic() - started)


def send(server: Server, *pieces: bytes, hang_up: bool = False, seconds: float = 10) -> Answer | None:
    """Send the pieces, and with `hang_up` end the stream; then return the answer."""
    with connection(server, seconds) as client:
        for piece in pieces:
            client.sendall(piece)
        if hang_up:
            client.shutdown(socket.SHUT_WR)
        return answer_of(client)
