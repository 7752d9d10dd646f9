"""Forwards connections to a port of this machine, so that a test can stand between two programs."""

import socket
import threading
from contextlib import suppress
from typing import Self

_CHUNK_BYTES = 65536


class Forwarder:
    """Listens at a port of its own while the block lasts. A subclass may read, hold or cut what passes."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        """`port` of 127.0.0.1 is where connections lead; `host` is the address that takes them."""
        self._upstream = port
        self._listener = socket.create_server((host, 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()

    def began(self, client: socket.socket, server: socket.socket) -> bool:
        """Called for each new connection; False where the subclass has ended it."""
        return True

    def passes(self, chunk: bytes, client: socket.socket, server: socket.socket) -> bool:
        """Called with what the client sent; False ends the connection, and the chunk goes nowhere."""
        return True

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._upstream))
                except OSError:  # as refused as by the program itself
                    client.close()
                    continue
                threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            if self.began(client, server):
                back = threading.Thread(target=self._forward, args=(server, client, False), daemon=True)
                back.start()
                self._forward(client, server, True)
                back.join()

    def _forward(self, source: socket.socket, target: socket.socket, from_client: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(_CHUNK_BYTES):
                if from_client and not self.passes(chunk, source, target):
                    break
                target.sendall(chunk)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
