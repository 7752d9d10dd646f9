"""What the worker's loop makes of a head, and how long it waits for a client (deploy/worker.py)."""

import os
import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.urls import reverse

from deploy.connection import Connection
from deploy.outgoing import SEND_SECONDS, ClientSocket
from deploy.worker import STEP_BYTES, Worker, most_connections


@pytest.fixture
def pair() -> Iterator[tuple[ClientSocket, socket.socket]]:
    """The server's end of a connection, and the client's, which takes in a few kB only."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listener.getsockname())
        accepted = ClientSocket(listener.accept()[0])
        accepted.setblocking(False)
        yield accepted, client
        accepted.close()


@pytest.mark.parametrize(
    ("lines", "has_body", "is_whole"),
    [
        ("", False, True),
        ("Content-Length: 0", False, True),
        ("Content-Length: 5", False, False),
        ("content-length:\t5 ", False, False),
        ("Content-Length: 200000", True, True),
        ("Content-Length: " + "0" * 30 + "5", True, True),
        ("Content-Length: " + "9" * 5000, True, True),
        ("Content-Length: +5", True, True),
        ("Content-Length:", True, True),
        ("Content-Length: 0\r\nContent-Length: 5", True, True),
        ("Transfer-Encoding: chunked", True, True),
        ("Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5", False, False),
    ],
)
def test_a_request_that_may_wait_for_its_body_in_a_thread_is_known_by_its_head(
    pair: tuple[ClientSocket, socket.socket], lines: str, has_body: bool, is_whole: bool
) -> None:
    """Also one whose length the parser alone understands."""
    conn = Connection(None, pair[0], None, None, address="192.0.2.1")
    head = "\r\n".join(["POST / HTTP/1.1", "Host: store.example", *([lines] if lines else []), "", ""])
    conn.received += head.encode()
    assert (conn.has_whole_request(), conn.has_body) == (is_whole, has_body)


@pytest.mark.parametrize(
    ("target", "is_upload"),
    [
        *((reverse(name, args=[UUID(int=1)]), True) for name in ("image-upload", "api-images", "api-images-bulk")),
        (reverse("api-images", args=[UUID(int=1)]) + "?x=y", True),
        (reverse("api-uploads"), True),
        (reverse("api-images-exists", args=[UUID(int=1)]), False),
        (reverse("account_login"), False),
        (reverse("account_login") + "?next=/images/ ", False),
    ],
)
def test_an_upload_waits_in_a_thread_and_a_form_in_the_loop(
    pair: tuple[ClientSocket, socket.socket], target: str, *, is_upload: bool
) -> None:
    conn = Connection(None, pair[0], None, None, address="192.0.2.1")
    head = f"POST {target} HTTP/1.1\r\nHost: store.example\r\nContent-Length: 5\r\n\r\n"
    conn.received += head.encode()
    assert (conn.has_whole_request(), conn.has_body) == (is_upload, is_upload)


def test_the_bytes_of_a_resumable_upload_wait_in_a_thread(pair: tuple[ClientSocket, socket.socket]) -> None:
    conn = Connection(None, pair[0], None, None, address="192.0.2.1")
    target = reverse("api-upload", args=[UUID(int=1)])
    conn.received += f"PATCH {target} HTTP/1.1\r\nHost: store.example\r\nContent-Length: 5\r\n\r\n".encode()
    assert (conn.has_whole_request(), conn.has_body) == (True, True)


def fill(sock: ClientSocket) -> None:
    """Send until the kernel takes no more."""
    sock.sendall(os.urandom(800_000))
    while not sock.flush():
        before = sock.taken_bytes()
        time.sleep(0.05)
        if sock.taken_bytes() == before:
            return


def read(client: socket.socket, count: int) -> None:
    while count > 0:
        count -= len(client.recv(min(count, 4096)))
    time.sleep(0.1)


@pytest.mark.parametrize(("taken", "is_overdue"), [(0, True), (9000, True), (2 * STEP_BYTES, False)])
def test_a_reader_must_take_a_step_of_its_answer_in_time(
    pair: tuple[ClientSocket, socket.socket], taken: int, is_overdue: bool
) -> None:
    sock, client = pair
    worker, conn = Worker.__new__(Worker), Connection(None, sock, None, None, address="192.0.2.1")
    worker.poller, worker._waiting = SimpleNamespace(register=lambda *_: None), {}
    fill(sock)
    worker._await(conn, 0, worker._send, SEND_SECONDS)
    deadline = conn.deadline
    read(client, taken)
    sock.flush()
    worker._await(conn, 0, worker._send, SEND_SECONDS)
    assert conn.deadline == deadline
    assert worker._is_overdue(conn, deadline + 1) == is_overdue
    assert (conn.deadline > deadline) == (not is_overdue)


@pytest.mark.parametrize(("dropped", "is_overdue"), [(3, True), (STEP_BYTES, False)])
def test_the_rest_of_a_refused_body_must_come_in_steps_too(
    pair: tuple[ClientSocket, socket.socket], dropped: int, is_overdue: bool
) -> None:
    worker, conn = Worker.__new__(Worker), Connection(None, pair[0], None, None, address="192.0.2.1")
    worker.poller, worker._waiting = SimpleNamespace(register=lambda *_: None), {}
    conn.discard_bytes = 10**11
    worker._drop_body(conn)
    deadline = conn.deadline
    conn.received += bytes(dropped)
    worker._drop_body(conn)
    assert (conn.discard_bytes, conn.deadline) == (10**11 - dropped, deadline)
    assert worker._is_overdue(conn, deadline + 1) == is_overdue


def test_descriptors_limit_the_clients() -> None:
    assert most_connections(16 * 1024, threads=32) >= 1000
    assert most_connections(300, threads=32) == 54
    assert most_connections(64, threads=32) == 1
