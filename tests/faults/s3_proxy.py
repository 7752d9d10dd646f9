"""What a network and an overloaded server do to S3: a proxy before SeaweedFS that misbehaves on demand."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.seaweed import BUCKET, SeaweedFS

PIECE = 16 * 1024


@dataclass
class Fault:
    """What happens to requests whose line holds `where`, `times` times; what is not set is not done."""

    where: str = ""
    times: int = 1_000_000
    # Answered with this status and S3's code for it; the server never hears of the request.
    status: int = 0
    code: str = "InternalError"
    # Never answered.
    silent: bool = False
    # Seconds after which it is passed on, whether anybody still waits for the answer or not.
    late: float = 0
    # Bytes of the request, or of the answer, after which the connection is reset.
    cut_request: int | None = None
    cut_answer: int | None = None
    # The first byte of the body arrives as another one.
    corrupt_request: bool = False
    corrupt_answer: bool = False
    # Headers of the answer that read otherwise.
    headers: dict[str, str] = field(default_factory=dict)
    # Bytes a second, both ways.
    speed: int = 0
    # DeleteObjects keeps the keys that hold this, and says so (with a 200).
    keep: str = ""


class Proxy(ThreadingHTTPServer):
    """On a port of its own. `requests` holds the lines of all that came, like "PUT /images/a/b"."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, server: SeaweedFS) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.server = server
        self.requests: list[str] = []
        self.over = threading.Event()
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._on_their_way = 0

    @property
    def port(self) -> int:
        return self.server_port

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()

    @contextmanager
    def broken(self, fault: Fault) -> Iterator[None]:
        present = replace(fault)  # which counts down by itself
        self._faults.append(present)
        try:
            yield
        finally:
            self._faults.remove(present)

    def fault_for(self, line: str) -> Fault:
        with self._lock:
            self.requests.append(line)
            for fault in self._faults:
                if fault.where in line and fault.times > 0:
                    fault.times -= 1
                    return fault
        return Fault()

    def is_on(self, fault: Fault) -> bool:
        return any(fault is present for present in self._faults)

    @contextmanager
    def passing(self) -> Iterator[None]:
        with self._lock:
            self._on_their_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._on_their_way -= 1

    def wait_until_quiet(self) -> None:
        """Until the storage has answered all that it was sent, though whoever sent it may wait no more.

        In life, rows wait five minutes for that.
        """
        deadline = time.monotonic() + 60
        while self._on_their_way:
            assert time.monotonic() < deadline, "requests are still on their way"
            time.sleep(0.05)

    def handle_error(self, *args: Any) -> None:
        """Connections that end early are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass_on(self) -> None:
        fault = self.server.fault_for(f"{self.command} {self.path}")
        body = self._read(int(self.headers.get("Content-Length", 0)), fault)
        if fault.silent:
            self.server.over.wait(60)
            return self._reset()
        if fault.status:
            return self._answer(fault.status, error(fault.code), {}, fault)
        if fault.keep and "delete" in self.path:
            return self._answer(200, self._delete_but(fault.keep, body), {}, fault)
        with self.server.passing():
            time.sleep(fault.late)
            status, content, headers = self._ask(_flipped(body) if fault.corrupt_request else body)
        return self._answer(status, _flipped(content) if fault.corrupt_answer else content, headers, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on  # noqa: N815

    def _read(self, size: int, fault: Fault) -> bytes:
        if fault.cut_request is not None:
            self.rfile.read(min(fault.cut_request, size))
            self._reset()
            raise ConnectionAbortedError
        read = bytearray()
        while len(read) < size:
            piece = self.rfile.read(min(PIECE if not fault.speed else fault.speed, size - len(read)))
            if not piece:
                raise ConnectionAbortedError
            read += piece
            if fault.speed:
                time.sleep(1)
                self._give_up_after(fault)
        return bytes(read)

    def _give_up_after(self, fault: Fault) -> None:
        """What is still trickling in at the outage's end, minutes after whoever sent it has gone, ends with it."""
        if not self.server.is_on(fault):
            self._reset()
            raise ConnectionAbortedError

    def _ask(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """The signature covers Host, so the server hears the name that the client used."""
        with closing(HTTPConnection("127.0.0.1", self.server.server.port, timeout=30)) as connection:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("expect", "connection"):
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())

    def _answer(self, status: int, content: bytes, headers: dict[str, str], fault: Fault) -> None:
        self.send_response_only(status)
        announced = headers.get("Content-Length", str(len(content)))
        for name, value in {**headers, "Content-Length": announced, **fault.headers}.items():
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send(content, fault)

    def _send(self, content: bytes, fault: Fault) -> None:
        piece = fault.speed or PIECE
        for start in range(0, len(content), piece):
            if fault.cut_answer is not None and start >= fault.cut_answer:
                self._reset()
                return
            self.wfile.write(content[start : start + piece])
            time.sleep(1 if fault.speed else 0)

    def _delete_but(self, spared: str, body: bytes) -> bytes:
        keys = [key.text or "" for key in ElementTree.fromstring(body).iter() if key.tag.endswith("}Key")]
        gone = [key for key in keys if spared not in key]
        if gone:
            objects = [{"Key": key} for key in gone]
            self.server.server.client().delete_objects(Bucket=BUCKET, Delete={"Objects": objects})
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in gone)
        refused = "".join(
            f"<Error><Key>{escape(key)}</Key><Code>AccessDenied</Code><Message>no</Message></Error>"
            for key in keys
            if spared in key
        )
        return f"<DeleteResult>{deleted}{refused}</DeleteResult>".encode()

    def _reset(self) -> None:
        """RST instead of FIN: the other side gets an error, not an end."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, *args: Any) -> None:
        pass


def error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>as the test wishes</Message></Error>".encode()


def _flipped(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:] if content else content
