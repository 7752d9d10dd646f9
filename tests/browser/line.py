"""The line between browser and store: it can stall, and it can be cut."""

import socket
import struct
import threading
from contextlib import suppress

from tests.forwarder import Forwarder


class Line(Forwarder):
    """Counts the bytes from the browser."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.url = f"http://localhost:{self.port}"
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._stall_at: int | None = None
        self._over = threading.Event()
        self._is_cut = False
        self.stalled = threading.Event()
        self.sent_bytes = 0

    def __exit__(self, *error: object) -> None:
        super().__exit__()
        self._over.set()
        self.cut()

    def stall_after(self, sent_bytes: int) -> None:
        """The connection that brings the last of so many more bytes of the browser stands still from then on."""
        with self._lock:
            self.sent_bytes, self._stall_at = 0, sent_bytes

    def cut(self) -> None:
        """End all connections, and each new one, until `repair`."""
        with self._lock:
            self._is_cut = True
            self._end_all()

    def repair(self) -> None:
        with self._lock:
            self._is_cut = False

    def _end_all(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                # A reset: after a plain end, the other side could go on sending into the void.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def began(self, client: socket.socket, server: socket.socket) -> bool:
        with self._lock:
            self._ends |= {client, server}
            if self._is_cut:
                self._end_all()
            return not self._is_cut

    def passes(self, chunk: bytes, client: socket.socket, server: socket.socket) -> bool:
        if self._is_last(len(chunk)):
            self.stalled.set()
            self._over.wait()
        return True

    def _is_last(self, size: int) -> bool:
        with self._lock:
            self.sent_bytes += size
            if self._stall_at is None or self.sent_bytes <= self._stall_at:
                return False
            self._stall_at = None
            return True
