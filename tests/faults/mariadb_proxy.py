"""Stands between the store and MariaDB, and can cut the wire around a COMMIT."""

import socket
import threading
import time
from contextlib import suppress
from typing import Self

# COM_QUERY and its text, as one packet of MariaDB's client/server protocol: length (3 bytes), number, command.
COMMIT = b"\x07\x00\x00\x00\x03COMMIT"


class Proxy:
    """Forwards bytes; `cut_at_commit` orders the end of one connection."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._commits_left, self._committed = 0, True
        self.cuts = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()

    def cut_at_commit(self, nth: int, *, committed: bool) -> None:
        """At the nth COMMIT from now: after the database has it, and before its answer; or before it has it."""
        with self._lock:
            self._commits_left, self._committed = nth, committed

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._upstream))
                except OSError:  # as refused as the database itself
                    client.close()
                    continue
                threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            back = threading.Thread(target=self._forward, args=(server, client, False), daemon=True)
            back.start()
            self._forward(client, server, True)
            back.join()

    def _forward(self, source: socket.socket, target: socket.socket, from_client: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                if from_client and chunk == COMMIT and self._is_the_one():
                    self._cut(source, target, chunk)
                    break
                target.sendall(chunk)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _is_the_one(self) -> bool:
        with self._lock:
            self._commits_left -= 1
            return self._commits_left == 0

    def _cut(self, client: socket.socket, server: socket.socket, chunk: bytes) -> None:
        client.shutdown(socket.SHUT_RDWR)
        if self._committed:
            server.sendall(chunk)
            time.sleep(0.3)
        self.cuts += 1
