"""Deadlines for request bodies, an error for a body that ends early, and bodies in chunks.

gunicorn's threads wait for a slow body without limit, and take a body that ends early for a whole
one. Here every step of a body must arrive in time. A body with fewer bytes than announced raises
ConnectionResetError, which Django reports as UnreadablePostError, so half an upload is never stored.

Django takes a request without Content-Length for one without a body. A body with
`Transfer-Encoding: chunked` (RFC 9112, 7.1) has an end of its own, so here it gets a CONTENT_LENGTH that it
never reaches. The app must call `limit_chunked` before it reads such a body.
"""

import socket
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from django.core.exceptions import RequestDataTooBig
from gunicorn.http.errors import ParseException

from imagestore.kit.problems import Problem

TAKES_FILES = "imagestore.takes_files"
STEP_BYTES = 64 * 1024
CHECK_SECONDS = 1
_CHUNKED = "imagestore.chunked_body"
_FAILED = "imagestore.body_failed"


class BodyTooLong(RequestDataTooBig):
    """A body in chunks passed its limit. The answer is `problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def is_chunked(environ: Mapping[str, Any]) -> bool:
    """Whether the request's body comes in chunks, so that no header tells its length."""
    return _CHUNKED in environ


def has_failed(environ: Mapping[str, Any]) -> bool:
    """Whether reading the body has failed. Django's CSRF check hides that, and then the view sees no body."""
    return _FAILED in environ


def limit_chunked(environ: dict[str, Any], limit: int, problem: Problem) -> None:
    """The body in chunks may have `limit` bytes. Reading more raises BodyTooLong with the problem."""
    environ[_CHUNKED].set_limit(limit, problem)
    environ["CONTENT_LENGTH"] = str(limit)


class BodyDeadlines:
    """WSGI middleware. A body has `text_seconds` in all.

    With TAKES_FILES in the environ, which the app sets before it reads, each step of it has `grace_seconds`.
    A step is STEP_BYTES, or the rest of the body when that is shorter.
    """

    def __init__(self, app: Any, *, grace_seconds: float, text_seconds: float) -> None:
        self.app, self.grace_seconds, self.text_seconds = app, grace_seconds, text_seconds
        self._deadlines: dict[socket.socket, float] = {}
        self._watcher: threading.Thread | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        client = environ.get("gunicorn.socket")
        if client is not None:
            client.settimeout(self.grace_seconds)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if "HTTP_TRANSFER_ENCODING" in environ and environ.get("wsgi.input_terminated"):
            environ["wsgi.input"] = environ[_CHUNKED] = _ChunkedBody(environ, client, self)
            environ["CONTENT_LENGTH"] = str(sys.maxsize)
        elif length > 0:
            environ["wsgi.input"] = _KnownLength(environ, length, client, self)
        return self.app(environ, start_response)

    def set_deadline(self, client: socket.socket, deadline: float) -> None:
        """Set the deadline (monotonic seconds) for the next step of this client's body."""
        self._deadlines[client] = deadline
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
    """`wsgi.input` with deadlines. Subclasses say in `_step` where the body ends."""

    def __init__(self, environ: dict[str, Any], client: socket.socket | None, deadlines: BodyDeadlines) -> None:
        self._environ, self._source = environ, environ["wsgi.input"]
        self._client, self._deadlines = client, deadlines
        self._text_deadline = time.monotonic() + deadlines.text_seconds

    def read(self, size: int | None = None) -> bytes:
        limit = self._most_bytes(size)
        body = bytearray()
        while len(body) < limit and (step := self._step(min(STEP_BYTES, limit - len(body)))):
            body += step
        return bytes(body)

    def readline(self, size: int | None = None) -> bytes:
        limit = self._most_bytes(size)
        line = bytearray()
        while len(line) < limit and not line.endswith(b"\n") and (step := self._step(1)):
            line += step
        return bytes(line)

    def _most_bytes(self, size: int | None) -> int:
        """How many bytes a read of `size` may return; None and negative sizes mean the whole body."""
        return sys.maxsize if size is None or size < 0 else size

    def _step(self, size: int) -> bytes:
        """The next bytes, at most `size`; none at the end of the body."""
        raise NotImplementedError

    def _receive(self, size: int) -> bytes:
        if self._client is not None:
            self._deadlines.set_deadline(self._client, self._deadline())
        try:
            step: bytes = self._source.read(size)
        except Exception:
            self._environ[_FAILED] = True
            raise
        finally:
            if self._client is not None:
                self._deadlines.clear_deadline(self._client)
        return step

    def _deadline(self) -> float:
        if self._environ.get(TAKES_FILES):
            return time.monotonic() + self._deadlines.grace_seconds
        return self._text_deadline


class _KnownLength(_Body):
    """A body with Content-Length."""

    def __init__(self, environ: dict[str, Any], length: int, *args: Any) -> None:
        super().__init__(environ, *args)
        self._bytes_left = length

    def _most_bytes(self, size: int | None) -> int:
        return min(super()._most_bytes(size), self._bytes_left)

    def _step(self, size: int) -> bytes:
        step = self._receive(size)
        if len(step) < size:
            self._environ[_FAILED] = True
            raise ConnectionResetError(f"the body ended {self._bytes_left - len(step)} bytes early")
        self._bytes_left -= len(step)
        return step


class _ChunkedBody(_Body):
    """A body in chunks."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._bytes_read = self._limit = 0
        self._problem = Problem("parse_error", "A body in chunks is not read here.")
        # gunicorn takes a broken body for an ended one if it is asked again.
        self._error: Exception | None = None

    def set_limit(self, limit: int, problem: Problem) -> None:
        self._limit, self._problem = limit, problem

    def _step(self, size: int) -> bytes:
        if self._error:
            raise self._error
        try:
            step = self._receive(min(size, self._limit - self._bytes_read + 1))
            self._count(len(step))
        except ParseException as error:
            self._error = ConnectionResetError(f"the body's chunks are broken: {error}")
            raise self._error from None
        except (OSError, BodyTooLong) as error:
            self._error = error
            raise
        return step

    def _count(self, size: int) -> None:
        self._bytes_read += size
        if self._bytes_read > self._limit:
            raise BodyTooLong(self._problem)


def _shut(client: socket.socket) -> None:
    with suppress(OSError):
        client.shutdown(socket.SHUT_RD)
