"""Clients that send or read nothing, or next to nothing, more of them than the server has threads."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from images.tests.pictures import jpeg_bytes
from tests.attacks.neighbour import Neighbour
from tests.people import Person
from tests.raw_http import upload_head

pytestmark = pytest.mark.slow

DRIP_SECONDS = 0.5
# A small upload takes a tenth of it in peace. A stalled body holds its thread for twice as long.
UPLOAD_SECONDS = 5
# With the cookie Django reads the form for its token; without one it refuses the request by its head.
FORM = (
    f"Cookie: csrftoken={'a' * 32}",
    "Content-Type: multipart/form-data; boundary=x",
    "Content-Length: 60000",
)


@contextmanager
def clients(
    front: Any, count: int, say: bytes = b"", *, receive_buffer: int = 0, address: str = "127.0.0.1"
) -> Iterator[list[socket.socket]]:
    """So many connections of this address that say this and wait."""
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            client = stack.enter_context(socket.socket())
            if receive_buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            client.settimeout(10)
            client.bind((address, 0))
            client.connect(("127.0.0.1", front.port))
            # A server that has had enough may close at once.
            with suppress(ConnectionError):
                client.sendall(say)
            opened.append(client)
        yield opened


@contextmanager
def dripping(opened: list[socket.socket]) -> Iterator[None]:
    """A byte from each of them now and then."""
    over = threading.Event()

    def drip() -> None:
        while not over.wait(DRIP_SECONDS):
            for client in opened:
                with suppress(OSError):
                    client.sendall(b" ")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def head(front: Any, method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{front.port}", *lines, "", ""]).encode()


def login_head(front: Any, length: int = 64 * 1024) -> bytes:
    return head(front, "POST", "/api/v1/auth/login/", "Content-Type: application/json", f"Content-Length: {length}")


def test_connections_that_send_nothing(front: Any, neighbour: Neighbour) -> None:
    with clients(front, 160), neighbour.is_served():
        pass


def test_half_heads(front: Any, neighbour: Neighbour) -> None:
    half = b"GET /albums/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
    with clients(front, 64, half) as opened, dripping(opened), neighbour.is_served():
        pass


def test_half_bodies_of_json(front: Any, neighbour: Neighbour) -> None:
    with clients(front, 64, login_head(front, 200) + b'{"email": "'), neighbour.is_served():
        pass


def test_logins_that_drip(front: Any, neighbour: Neighbour) -> None:
    with clients(front, 64, login_head(front) + b'{"email": "') as opened, dripping(opened), neighbour.is_served():
        pass


def test_half_forms_that_could_have_files(front: Any, neighbour: Neighbour) -> None:
    form = head(front, "POST", "/accounts/login/", *FORM)
    with clients(front, 64, form + b"--x\r\n") as opened, dripping(opened), neighbour.is_served():
        pass


def test_half_forms_from_two_addresses_delay_no_upload(front: Any, neighbour: Neighbour) -> None:
    """Each takes a share of the threads that wait for bodies; both together leave some."""
    half = head(front, "POST", "/accounts/login/", *FORM) + b"--x\r\n"
    with (
        clients(front, 60, half, address="127.9.9.1"),
        clients(front, 60, half, address="127.9.9.2"),
        neighbour.is_served(),
    ):
        started = time.monotonic()
        assert neighbour.person.upload(neighbour.album, jpeg_bytes(100, 80)).status_code in (200, 201)
        assert time.monotonic() - started < UPLOAD_SECONDS


def test_half_uploads(front: Any, neighbour: Neighbour, mallory: Person) -> None:
    upload = upload_head(mallory, mallory.album(), 5_000_000) + b"--frontier\r\n"
    with clients(front, 64, upload) as opened, dripping(opened), neighbour.is_served():
        pass


def test_clients_that_ask_first_and_then_send_nothing(front: Any, neighbour: Neighbour, mallory: Person) -> None:
    upload = upload_head(mallory, mallory.album(), 5_000_000, "Expect: 100-continue")
    with clients(front, 64, upload), neighbour.is_served():
        pass


@pytest.mark.parametrize("lines", [(), ("Range: bytes=0-",)], ids=["whole", "range"])
def test_readers_that_do_not_read(
    front: Any, neighbour: Neighbour, mallory: Person, large_file: Callable[[Person], str], lines: tuple[str, ...]
) -> None:
    request = head(front, "GET", large_file(mallory), f"Authorization: Bearer {mallory.token}", *lines)
    with clients(front, 64, request, receive_buffer=4096), neighbour.is_served():
        pass


def test_readers_of_archives_from_many_addresses_that_do_not_read(
    front: Any, neighbour: Neighbour, mallory: Person, large_file: Callable[[Person], str]
) -> None:
    """Each has as many requests as it may have at once, and all together twice as many as there are threads."""
    album = mallory.get(large_file(mallory).removesuffix("file/"), expect=200).json()["album"]
    request = head(front, "GET", f"/api/v1/albums/{album}/archive/", f"Authorization: Bearer {mallory.token}")
    with ExitStack() as stack:
        for number in range(16):
            stack.enter_context(clients(front, 4, request, receive_buffer=4096, address=f"127.9.8.{number + 1}"))
        with neighbour.is_served():
            pass


def test_requests_without_end(front: Any, neighbour: Neighbour) -> None:
    """From one address, many at once, each of which costs some processor time; and nothing is read."""
    request = head(front, "GET", "/accounts/login/") * 50
    with clients(front, 64, request, receive_buffer=4096), neighbour.is_served():
        pass
