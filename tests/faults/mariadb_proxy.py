"""Stands between the store and MariaDB, and can cut the wire around a COMMIT."""

import socket
import threading
import time

from tests.forwarder import Forwarder

# COM_QUERY and its text, as one packet of MariaDB's client/server protocol: length (3 bytes), number, command.
COMMIT = b"\x07\x00\x00\x00\x03COMMIT"


class Proxy(Forwarder):
    """`cut_at_commit` orders the end of one connection."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._lock = threading.Lock()
        self._commits_left, self._committed = 0, True
        self.cuts = 0

    def cut_at_commit(self, nth: int, *, committed: bool) -> None:
        """At the nth COMMIT from now: after the database has it, and before its answer; or before it has it."""
        with self._lock:
            self._commits_left, self._committed = nth, committed

    def passes(self, chunk: bytes, client: socket.socket, server: socket.socket) -> bool:
        if chunk != COMMIT or not self._is_the_one():
            return True
        client.shutdown(socket.SHUT_RDWR)
        if self._committed:
            server.sendall(chunk)
            time.sleep(0.3)
        self.cuts += 1
        return False

    def _is_the_one(self) -> bool:
        with self._lock:
            self._commits_left -= 1
            return self._commits_left == 0
