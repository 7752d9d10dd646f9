"""One request to a program of the operator's that waits for news."""

import json
import socket
import threading
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit


def post_json(url: str, message: Any, token: str, seconds: float) -> int:
    """The status of the answer, of which nothing else is read. Redirects are not followed.

    Raises OSError, also when answer and all take longer than `seconds` after the connection.
    """
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    headers = {"Content-Type": "application/json", "User-Agent": "image-store"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with closing(connect(str(parts.hostname), parts.port, timeout=seconds)) as connection:
        connection.connect()
        # A socket's time-out begins again with each byte.
        deadline = threading.Timer(seconds, _cut, [connection.sock])
        deadline.start()
        try:
            connection.request("POST", path, json.dumps(message), headers)
            return connection.getresponse().status
        except HTTPException as error:
            raise OSError(type(error).__name__) from None
        finally:
            deadline.cancel()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        # Not the method of a TLS socket, which another thread is reading.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
