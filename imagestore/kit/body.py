"""Deadlines for request bodies, and an error for a body that ends early.

gunicorn's threads wait for a slow body without limit, and take a body that ends early for a whole
one. Here every step of a body must arrive in time. A body with fewer bytes than announced raises
ConnectionResetError, which Django reports as UnreadablePostError, so half an upload is never stored.
"""

import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

STEP_BYTES = 64 * 1024
CHECK_SECONDS = 1


class BodyDeadlines:
    """WSGI middleware. A step is STEP_BYTES, or the rest of the body when that is shorter."""

    def __init__(self, app: Any, grace_seconds: float) -> None:
        self.app, self.grace_seconds = app, grace_seconds
        self._deadlines: dict[socket.socket, float] = {}
        self._watcher: threading.Thread | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        client = environ.get("gunicorn.socket")
        if client is not None:
            client.settimeout(self.grace_seconds)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > 0:
            environ["wsgi.input"] = _Body(environ["wsgi.input"], length, client, self)
        return self.app(environ, start_response)

    def set_deadline(self, client: socket.socket) -> None:
        """Set the deadline for the next step of this client's body."""
        self._deadlines[client] = time.monotonic() + self.grace_seconds
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="body-watch", daemon=True)
            self._watcher.start()

    def clear_deadline(self, client: socket.socket) -> None:
        self._deadlines.pop(client, None)

    def _watch(self) -> None:
        """Shut overdue sockets, which ends their reads: a read that gets a byte now and then never times out."""
        while True:
            time.sleep(CHECK_SECONDS)
            now = time.monotonic()
            for client, deadline in list(self._deadlines.items()):
                if now > deadline:
                    self.clear_deadline(client)
                    _shut(client)


class _Body:
    """`wsgi.input` of a known length."""

    def __init__(self, source: Any, length: int, client: socket.socket | None, deadlines: BodyDeadlines) -> None:
        self._source, self._bytes_left = source, length
        self._client, self._deadlines = client, deadlines

    def read(self, size: int | None = None) -> bytes:
        limit = self._limit(size)
        body = bytearray()
        while len(body) < limit:
            body += self._step(min(STEP_BYTES, limit - len(body)))
        return bytes(body)

    def readline(self, size: int | None = None) -> bytes:
        limit = self._limit(size)
        line = bytearray()
        while len(line) < limit and not line.endswith(b"\n"):
            line += self._step(1)
        return bytes(line)

    def _limit(self, size: int | None) -> int:
        """How many bytes a read of `size` may return; None and negative sizes mean the whole body."""
        return self._bytes_left if size is None or size < 0 else min(size, self._bytes_left)

    def _step(self, size: int) -> bytes:
        if self._client is not None:
            self._deadlines.set_deadline(self._client)
        try:
            step: bytes = self._source.read(size)
        finally:
            if self._client is not None:
                self._deadlines.clear_deadline(self._client)
        if len(step) < size:
            raise ConnectionResetError(f"the body ended {self._bytes_left - len(step)} bytes early")
        self._bytes_left -= len(step)
        return step


def _shut(client: socket.socket) -> None:
    with suppress(OSError):
        client.shutdown(socket.SHUT_RD)
