"""Long answers in portions, so that a client which reads slowly holds no thread.

A thread makes as much of an answer as the client takes at once. The rest waits with the connection; the worker's
loop sends what is made, and then asks a thread for the next portion.
"""

import errno
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from deploy.outgoing import ClientSocket

logger = logging.getLogger(__name__)

# After so long a thread makes portions of others first.
PORTION_SECONDS = 1.0


class InPortions:
    """WSGI application around the app. gunicorn sends the first portion; the others are with the client's socket.

    An answer without a length stays as it is: gunicorn writes it in chunks, and knows its end. So does a file,
    which the kernel sends.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        length: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            length[:] = [int(value) for name, value in headers if name.lower() == "content-length"]
            return start_response(status, headers, *more)

        body = self.app(environ, start)
        if isinstance(body, environ["wsgi.file_wrapper"]) or not length or environ["REQUEST_METHOD"] == "HEAD":
            return body
        return Answer(body, length[0], environ["gunicorn.socket"])


class Answer:
    """A body of `length` bytes. What iterates over it gets one portion."""

    def __init__(self, body: Iterable[bytes], length: int, sock: ClientSocket) -> None:
        self._body, self._sock = body, sock
        self._bytes_left = length
        self._chunks = self._made()

    def __iter__(self) -> Iterator[bytes]:
        """Each chunk must have gone to the socket when the next one is asked for."""
        self._sock.rest = None
        until = time.monotonic() + PORTION_SECONDS
        for chunk in self._chunks:
            self._bytes_left -= len(chunk)
            yield chunk
            if self._bytes_left > 0 and (self._sock.is_behind() or time.monotonic() > until):
                self._sock.rest = self
                return

    def _made(self) -> Iterator[bytes]:
        """The body. An answer that ends early looks to gunicorn like a client that is gone: it closes."""
        try:
            yield from self._body
            if self._bytes_left > 0:
                raise OSError(f"{self._bytes_left} bytes less than announced")
        except OSError as error:
            logger.warning("an answer ended early: %s", error)
            raise ConnectionResetError(errno.ECONNRESET, "the answer ended early") from error

    def close(self) -> None:
        """gunicorn calls it after the first portion, too."""
        if self._sock.rest is not self and hasattr(self._body, "close"):
            self._body.close()
