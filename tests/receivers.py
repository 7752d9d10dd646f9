"""HTTP servers in the tests' own process, which take what the store sends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, TypeVar

S = TypeVar("S", bound=HTTPServer)


class Taker(BaseHTTPRequestHandler):
    """Reads each POST, and leaves the answer to a subclass."""

    def take(self, body: bytes) -> None:
        raise NotImplementedError

    def do_POST(self) -> None:
        self.take(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *args: Any) -> None:
        """Tests print nothing."""


@contextmanager
def serving(server: S) -> Iterator[S]:
    """In the block the server answers, in a thread of its own."""
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
