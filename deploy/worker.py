"""gunicorn's threaded worker, with limits for slow clients.

gthread (27.0) has four faults that this worker corrects:

- It waits without limit for the rest of a request's head. Here a head has a deadline.
- It sends "100 Continue" before the app can refuse an upload. Here the app's first read sends it.
- It drops a connection with more than 64 KiB of unread body, which it has announced to leave open.
  Here the rest of the body is read, and the connection stays open.
- It lingers over a close in the one thread that accepts. Here each connection is closed in its own
  thread, slowly enough for the client to see its answer.
"""

import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# A head is the request line and the headers.
HEAD_SECONDS = 10
# The rest of a refused upload still arrives; closing at once would destroy the answer on its way.
LINGER_SECONDS = 10
LINGER_SILENCE_SECONDS = 2


class Worker(ThreadWorker):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heads: dict[Any, float] = {}

    def init_signals(self) -> None:
        super().init_signals()
        # A terminal sends Ctrl-C to every process. Ignore it here: the master tells its worker when to end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def handle(self, conn: Any) -> Any:
        self._heads[conn] = time.monotonic() + HEAD_SECONDS
        try:
            outcome = super().handle(conn)
        finally:
            self._heads.pop(conn, None)
        if outcome is False:
            _close(conn)
        return outcome

    def handle_request(self, req: Any, conn: Any) -> Any:
        self._heads.pop(conn, None)
        if req._expected_100_continue:
            req._expected_100_continue = False
            req.body = AskedBody(req.body, conn.sock)
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Read what the app left of a body, however much, so that the next request can be served.

        gthread closes after 64 KiB, when the client may have sent its next request already.
        """
        deadline = time.monotonic() + LINGER_SECONDS
        return keepalive and bool(conn.parser.finish_body(deadline=deadline, max_bytes=sys.maxsize))

    def murder_pending(self) -> None:
        """gunicorn calls this about once a second. End the reading of heads that are overdue."""
        super().murder_pending()
        now = time.monotonic()
        for conn, due in list(self._heads.items()):
            if now > due:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)


class AskedBody:
    """A body whose client waits for "100 Continue" (RFC 9110, 10.1.1). The first read sends it."""

    def __init__(self, body: Any, sock: socket.socket) -> None:
        self._body, self._sock, self._asked = body, sock, False

    @property
    def failed(self) -> bool:
        """Whether the connection must be closed. It must when the client still waits for "100 Continue"."""
        return not self._asked or self._body.failed

    def read(self, size: int | None = None) -> bytes:
        self._ask()
        return bytes(self._body.read(size))

    def readline(self, size: int | None = None) -> bytes:
        self._ask()
        return bytes(self._body.readline(size))

    def _ask(self) -> None:
        if not self._asked:
            self._asked = True
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def _close(conn: Any) -> None:
    """End our side, read until the client ends its side (RFC 9112, 9.6), then close."""
    deadline = time.monotonic() + LINGER_SECONDS
    with suppress(OSError):
        conn.sock.shutdown(socket.SHUT_WR)
        conn.sock.settimeout(LINGER_SILENCE_SECONDS)
        while time.monotonic() < deadline and conn.sock.recv(65536):
            pass
    conn.close()
    # The main thread will close it again. That must do nothing, because it would linger there.
    conn.close = lambda graceful=False: None
