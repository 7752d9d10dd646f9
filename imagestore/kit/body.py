"""Request bodies that keep coming, or end in an error.

gunicorn's threads wait for a slow body without limit and take an early end for the whole of it.
Here every step of a body must arrive within `grace`, and fewer bytes than announced are an error,
which Django knows as UnreadablePostError: a half upload never looks like a whole one.
"""

import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

STEP_BYTES = 64 * 1024


class BodyDeadlines:
    """WSGI middleware. `grace` is in seconds; a step is 64 KiB or what is left of the body."""

    def __init__(self, app: Any, grace: float) -> None:
        self.app, self.grace = app, grace
        self._deadlines: dict[socket.socket, float] = {}
        self._watcher: threading.Thread | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        client = environ.get("gunicorn.socket")
        if client is not None:
            client.settimeout(self.grace)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > 0:
            environ["wsgi.input"] = _Body(environ["wsgi.input"], length, client, self)
        return self.app(environ, start_response)

    def expect(self, client: socket.socket) -> None:
        """The next step of this client's body is due within the grace."""
        self._deadlines[client] = time.monotonic() + self.grace
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="body-watch", daemon=True)
            self._watcher.start()

    def arrived(self, client: socket.socket) -> None:
        self._deadlines.pop(client, None)

    def _watch(self) -> None:
        """A read that drips never times out by itself: shut it from outside, and it sees the end."""
        while True:
            time.sleep(1)
            now = time.monotonic()
            for client, deadline in list(self._deadlines.items()):
                if now > deadline:
                    self.arrived(client)
                    _shut(client)


class _Body:
    """`wsgi.input` of a known length."""

    def __init__(self, source: Any, length: int, client: socket.socket | None, watch: BodyDeadlines) -> None:
        self._source, self._left = source, length
        self._client, self._watch = client, watch

    def read(self, size: int | None = None) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        steps = bytearray()
        while len(steps) < wanted:
            steps += self._step(min(STEP_BYTES, wanted - len(steps)))
        return bytes(steps)

    def readline(self, size: int | None = None) -> bytes:
        line = bytearray()
        limit = self._left if size is None or size < 0 else min(size, self._left)
        while len(line) < limit and not line.endswith(b"\n"):
            line += self._step(1)
        return bytes(line)

    def _step(self, size: int) -> bytes:
        if self._client is not None:
            self._watch.expect(self._client)
        try:
            data: bytes = self._source.read(size)
        finally:
            if self._client is not None:
                self._watch.arrived(self._client)
        if len(data) < size:
            raise ConnectionResetError(f"the body ended {self._left - len(data)} bytes early")
        self._left -= len(data)
        return data


def _shut(client: socket.socket) -> None:
    with suppress(OSError):
        client.shutdown(socket.SHUT_RD)
