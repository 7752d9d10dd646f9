"""A port of its own for what a process counts that serves no requests: a worker.

It answers one request after the other, so that no client can take up memory or threads of a worker.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from imagestore.kit.deadline import cut_after
from imagestore.kit.metrics import REGISTRY, may_read

logger = logging.getLogger(__name__)

# A client holds the port for so long, however slowly it sends or takes.
REQUEST_SECONDS = 5


def listen(host: str, port: int) -> None:
    """Answer scrapes in a thread, until the process ends. A port that cannot be used is logged: work goes on."""
    try:
        server = _Server(host, port)
    except OSError as error:
        logger.error("WORKER_METRICS_PORT=%d cannot be used on %s: %s", port, host, error.strerror)
        return
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


class _Handler(WSGIRequestHandler):
    def handle(self) -> None:
        with cut_after(REQUEST_SECONDS, self.connection):
            super().handle()

    def log_message(self, *args: Any) -> None:
        """Scrapes are not logged."""


class _Server(WSGIServer):
    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)
        self.set_app(_answer)

    def handle_error(self, *args: Any) -> None:
        """A client that went away is no error of ours."""


def _answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    is_scrape = environ["PATH_INFO"] == "/metrics" and environ["REQUEST_METHOD"] in ("GET", "HEAD")
    if not is_scrape or not may_read(environ.get("HTTP_AUTHORIZATION", "")):
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b""]
    start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST), ("Cache-Control", "no-store")])
    return [generate_latest(REGISTRY)]
