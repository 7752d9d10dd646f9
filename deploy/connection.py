"""A client of deploy/worker.py, and what the loop knows of its request."""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from gunicorn.workers.gthread import TConn

from deploy.shares import address_of, forwarded_address

BUFFERED_BODY_BYTES = 128 * 1024

_LENGTH = re.compile(rb"\r\ncontent-length:([^\r\n]*)", re.IGNORECASE)
_PLAIN_LENGTH = re.compile(rb"[ \t]*(\d{1,18})[ \t]*")
# A body whose end the head does not tell, or that the app may refuse before it is sent.
_THREAD_READS = re.compile(rb"\r\n(?:expect:|transfer-encoding:)", re.IGNORECASE)
# Where files come: the app gives a slow client more time there than for a form.
_UPLOAD = re.compile(rb"(?:POST [^ ?]*/(?:images|upload|bulk|uploads)/|PATCH [^ ?]*/uploads/[^/ ?]+/)[ ?]")


class Connection(TConn):  # type: ignore[misc]
    """A client, and what the loop knows of its request."""

    def __init__(self, *args: Any, address: str | None) -> None:
        super().__init__(*args)
        self.address = self.requester = address
        self.received = bytearray()
        self.deadline = self.linger_until = 0.0
        self.when_ready: Callable[[Connection], None] | None = None
        self.keep_alive = False
        # Bytes of a body that the app did not read: still to come, and dropped.
        self.discard_bytes = self.discarded_bytes = 0
        self.moved_before = 0
        self.forget_request()

    def forget_request(self) -> None:
        self.bytes_wanted = 0
        self.has_body = False

    def has_whole_request(self) -> bool:
        """Whether a thread has nothing to wait for. With a longer body or a form, its head is enough."""
        if not self.bytes_wanted:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return False
            self._read_lengths(end + 4)
        return len(self.received) >= self.bytes_wanted

    def _read_lengths(self, head_bytes: int) -> None:
        """Only a hint when to start: the parser decides later where the body ends."""
        head = bytes(self.received[:head_bytes])
        if self.address is None:
            self.requester = forwarded_address(head, settings.NUM_PROXIES) or address_of(self.client, ())
        body_bytes = _length_of_body(head)
        self.bytes_wanted = head_bytes
        thread_reads = _THREAD_READS.search(head) or _UPLOAD.match(head)
        if body_bytes is None or body_bytes > BUFFERED_BODY_BYTES or thread_reads:
            self.has_body = True
        else:
            self.bytes_wanted += body_bytes

    def moved_bytes(self) -> int:
        """What went to the client and what came of refused bodies, since it connected."""
        return self.sock.taken_bytes() + self.discarded_bytes


def _length_of_body(head: bytes) -> int | None:
    """None when the parser may read the length otherwise than this worker."""
    lengths = _LENGTH.findall(head)
    plain = _PLAIN_LENGTH.fullmatch(lengths[0]) if len(lengths) == 1 else None
    if plain:
        return int(plain[1])
    return None if lengths else 0
