"""An end of a whole exchange: a socket's own time-out begins again with each byte."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cut_after(seconds: float, connection: socket.socket) -> Iterator[None]:
    """In the block, whoever reads or writes this connection when the time is over finds it closed."""
    timer = threading.Timer(seconds, _cut, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        # Not the method of a TLS socket, which another thread is reading.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
