"""The line between browser and store: it can stall, and it can be cut."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Self


class Line:
    """Forwards bytes both ways, and counts those from the browser."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://localhost:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._stall_at: int | None = None
        self._over = threading.Event()
        self._is_cut = False
        self.stalled = threading.Event()
        self.sent_bytes = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()
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

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                browser, _ = self._listener.accept()
                try:
                    store = socket.create_connection(("127.0.0.1", self._upstream))
                except ConnectionRefusedError:
                    browser.close()
                    continue
                with self._lock:
                    self._ends |= {browser, store}
                    if self._is_cut:
                        self._end_all()
                        continue
                for source, target, is_counted in ((browser, store, True), (store, browser, False)):
                    threading.Thread(target=self._forward, args=(source, target, is_counted), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, is_counted: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                if is_counted and self._is_last(len(chunk)):
                    self.stalled.set()
                    self._over.wait()
                target.sendall(chunk)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _is_last(self, size: int) -> bool:
        with self._lock:
            self.sent_bytes += size
            if self._stall_at is None or self.sent_bytes <= self._stall_at:
                return False
            self._stall_at = None
            return True
