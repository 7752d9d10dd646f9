"""A client's socket whose writes do not wait. The worker's loop sends what the client has not read yet."""

import fcntl
import os
import select
import socket
import struct
import termios
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Protocol

# The socket of a thread waits this long for the next bytes of a body. imagestore.kit.body sets its own limit.
RECEIVE_SECONDS = 20
# A client must take STEP_BYTES of its answer, or the rest of it, within this time (deploy/worker.py).
SEND_SECONDS = 20
# Smaller writes are collected, so that head and body of a small answer leave in one packet.
FLUSH_BYTES = 64 * 1024
# So much of an answer may wait in memory. A thread that makes more waits for its client. A file takes none.
BACKLOG_BYTES = 1024 * 1024
# When a client has so much to take, the thread leaves it, and makes the rest of a long answer later.
BEHIND_BYTES = 256 * 1024
# One call of `flush` sends at most SENDS_AT_ONCE times so much, so that other clients get theirs.
SEND_BYTES = 256 * 1024
SENDS_AT_ONCE = 16


class Rest(Protocol):
    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class ClientSocket:
    """gunicorn writes an answer to it as to a socket. The thread calls it, then the loop, never both at once."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._unsent: deque[_Text | _File] = deque()
        self._bytes_in_memory = self._sent_bytes = 0
        # What is still to be made of the answer (deploy/portions.py).
        self.rest: Rest | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def setblocking(self, blocking: bool) -> None:
        """Instead of blocking set a time-out: `flush` needs a descriptor that never blocks."""
        self._sock.settimeout(RECEIVE_SECONDS if blocking else 0)

    def sendall(self, content: bytes) -> None:
        self._unsent.append(_Text(content))
        self._bytes_in_memory += len(content)
        if self._bytes_in_memory >= FLUSH_BYTES:
            self.flush()
        while self._bytes_in_memory > BACKLOG_BYTES:
            self._wait_for_client()
            self.flush()

    def sendfile(self, file: BinaryIO, offset: int = 0, count: int = 0) -> None:
        self._unsent.append(_File(os.dup(file.fileno()), offset, count))

    def flush(self) -> bool:
        """Send what the client takes without waiting. False when some is left. Raises OSError when it is gone."""
        descriptor = self._sock.fileno()
        for _ in range(SENDS_AT_ONCE):
            if not self._unsent:
                break
            piece = self._unsent[0]
            try:
                sent = piece.send(descriptor)
            except BlockingIOError:
                break
            self._sent_bytes += sent
            if isinstance(piece, _Text):
                self._bytes_in_memory -= sent
            if not piece.bytes_left:
                self._unsent.popleft().close()
        return not self._unsent

    def is_behind(self) -> bool:
        """Whether the client has not taken what is made of its answer."""
        return self._bytes_in_memory > BEHIND_BYTES

    def taken_bytes(self) -> int:
        """How much of its answers the client's side has acknowledged.

        What the kernel has taken says little: it buffers megabytes, and lets the next bytes in all at once.
        """
        try:
            queued = fcntl.ioctl(self._sock, termios.TIOCOUTQ, bytes(4))
        except OSError:
            return self._sent_bytes
        return self._sent_bytes - int(struct.unpack("i", queued)[0])

    def drop_rest(self) -> None:
        """End an answer that will not be made to its end."""
        rest, self.rest = self.rest, None
        if rest:
            rest.close()

    def close(self) -> None:
        self.drop_rest()
        while self._unsent:
            self._unsent.popleft().close()
        with suppress(OSError):
            self._sock.close()

    def _wait_for_client(self) -> None:
        poll = select.poll()
        poll.register(self._sock, select.POLLOUT)
        if not poll.poll(SEND_SECONDS * 1000):
            raise TimeoutError("the client does not read its answer")


class _Text:
    def __init__(self, content: bytes) -> None:
        self._rest = memoryview(content)

    @property
    def bytes_left(self) -> int:
        return len(self._rest)

    def send(self, descriptor: int) -> int:
        sent = os.write(descriptor, self._rest[:SEND_BYTES]) if self._rest else 0
        self._rest = self._rest[sent:]
        return sent

    def close(self) -> None:
        self._rest.release()


class _File:
    """A byte range of a file. It closes the descriptor that it was given."""

    def __init__(self, descriptor: int, offset: int, count: int) -> None:
        self._descriptor, self._offset, self.bytes_left = descriptor, offset, count

    def send(self, descriptor: int) -> int:
        if not self.bytes_left:
            return 0
        sent = os.sendfile(descriptor, self._descriptor, self._offset, min(SEND_BYTES, self.bytes_left))
        if not sent:
            raise OSError("the file is shorter than announced")
        self._offset += sent
        self.bytes_left -= sent
        return sent

    def close(self) -> None:
        os.close(self._descriptor)
