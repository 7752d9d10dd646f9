"""How the server deals with one connection: slow, pipelined, never finished (deploy/worker.py)."""

import io
import os
import resource
import socket
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPResponse
from pathlib import Path

import pytest

from images.tests.pictures import jpeg_bytes
from tests.people import Person
from tests.raw_http import answer_of, connection
from tests.servers import Server, running

pytestmark = pytest.mark.slow

TEXT_SECONDS = 2
# The server looks for what is overdue each second; threefold slack.
OVERDUE_SECONDS = 3 * (TEXT_SECONDS + 1)
ORIGINAL = jpeg_bytes(640, 480) + os.urandom(6 * 2**20)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a short time for bodies, and one request of each address at once."""
    knobs = {"TEXT_BODY_SECONDS": str(TEXT_SECONDS), "ADDRESS_REQUESTS": "1", "CONNECTIONS": "40"}
    with running(tmp_path_factory.mktemp("strict"), **knobs) as server:
        yield server


@pytest.fixture(scope="module")
def carol(strict: Server) -> Person:
    return Person.sign_up(strict, "carol")


@pytest.fixture(scope="module")
def original(carol: Person) -> str:
    """The path of a large original."""
    answer = carol.upload(carol.album(), ORIGINAL)
    return f"/api/v1/images/{answer.json()['id']}/file/"


@pytest.fixture(scope="module")
def archive(carol: Person, original: str) -> str:
    """The path of an album with this original as a ZIP, which the app makes while it is sent."""
    album = carol.get(original.removesuffix("file/"), expect=200).json()["album"]
    return f"/api/v1/albums/{album}/archive/"


def request(person: Person, method: str, path: str, *lines: str) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {person.token}", *lines]
    return "\r\n".join([*head, "", ""]).encode()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [((), ORIGINAL), (("Range: bytes=1000-4000000",), ORIGINAL[1000:4_000_001])],
    ids=["whole", "range"],
)
def test_a_slow_reader_gets_every_byte(
    carol: Person, original: str, lines: tuple[str, ...], expected: bytes
) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect(("127.0.0.1", carol.server.port))
        client.sendall(request(carol, "GET", original, *lines))
        response = HTTPResponse(client)
        response.begin()
        time.sleep(1)
        assert response.read() == expected


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_slow_reader_of_an_archive_gets_every_byte_and_holds_no_thread(
    carol: Person, archive: str, version: str
) -> None:
    """Its address has one request at once. The answer is made in portions, and others come in between."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect(("127.0.0.1", carol.server.port))
        client.sendall(request(carol, "GET", archive).replace(b"HTTP/1.1", f"HTTP/{version}".encode()))
        response = HTTPResponse(client)
        response.begin()
        begun = response.read(100_000)
        with connection(carol.server) as other:
            other.sendall(request(carol, "GET", "/api/v1/users/me/", "Connection: close"))
            answer = answer_of(other)
            assert answer is not None
            assert answer.status == 200
        rest = response.read()
    assert len(begun + rest) == int(response.headers["Content-Length"])
    with zipfile.ZipFile(io.BytesIO(begun + rest)) as opened:
        assert [opened.read(info) for info in opened.infolist()] == [ORIGINAL]


def test_a_reader_of_an_archive_that_goes_away_leaves_nothing_open(carol: Person, archive: str) -> None:
    with ExitStack() as stack:
        for _ in range(5):
            client = stack.enter_context(connection(carol.server))
            client.sendall(request(carol, "GET", archive))
            assert client.recv(1000)
        assert os.environ.get("TEST_STORAGE") == "s3" or open_originals(carol.server)
    deadline = time.monotonic() + OVERDUE_SECONDS
    while open_originals(carol.server):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def open_originals(server: Server) -> list[str]:
    """Those that the server's worker reads."""
    links = []
    for descriptor in Path(f"/proc/{worker_of(server)}/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(str(descriptor.readlink()))
    return [link for link in links if link.endswith("/original")]


def test_requests_sent_at_once_are_answered_in_order(carol: Person, original: str, archive: str) -> None:
    """Also behind an answer that takes a while to send, and behind a body that the app has refused."""
    body = b"x" * 300_000
    refused = request(carol, "POST", "/api/v1/albums/", "Content-Type: text/plain", f"Content-Length: {len(body)}")
    me = request(carol, "GET", "/api/v1/users/me/")
    with connection(carol.server) as client:
        client.sendall(me + request(carol, "GET", original) + request(carol, "GET", archive) + refused + body + me)
        stream = client.makefile("rb")
        statuses = []
        for _ in range(5):
            status = int(stream.readline().split()[1])
            headers = dict(line.split(b": ") for line in iter(lambda: stream.readline().rstrip(), b""))
            content = stream.read(int(headers[b"Content-Length"]))
            statuses.append((status, len(content) >= len(ORIGINAL)))
    assert statuses == [(200, False), (200, True), (200, True), (413, False), (200, False)]


@pytest.mark.parametrize("drips", [False, True])
def test_a_body_without_files_has_its_time_in_all(carol: Person, drips: bool) -> None:
    head = request(carol, "POST", "/api/v1/albums/", "Content-Type: application/json", "Content-Length: 1000")
    with connection(carol.server, OVERDUE_SECONDS) as client:
        started = time.monotonic()
        client.sendall(head + b"{")
        client.settimeout(0.2)
        while drips and time.monotonic() - started < TEXT_SECONDS - 0.5:
            client.sendall(b" ")
            time.sleep(0.2)
        client.settimeout(OVERDUE_SECONDS)
        answer = answer_of(client)
        assert time.monotonic() - started < OVERDUE_SECONDS
    assert answer is not None
    assert (answer.status, answer.problem()["code"]) == (408, "request_timeout")


@pytest.mark.parametrize("length", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_form_that_is_no_upload_has_its_time_in_all(carol: Person, length: str) -> None:
    lines = ("Content-Type: multipart/form-data; boundary=x", length)
    with connection(carol.server, OVERDUE_SECONDS) as client:
        started = time.monotonic()
        client.sendall(request(carol, "POST", "/accounts/login/", *lines) + b"--x\r\n")
        answer = answer_of(client)
        assert time.monotonic() - started < OVERDUE_SECONDS
    # A thread reads what comes in chunks, the loop what has a length.
    assert answer is None or answer.status in ((408,) if "Length" in length else (400, 403))


def test_a_head_without_end_is_431(carol: Person) -> None:
    with connection(carol.server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 70_000)
        answer = answer_of(client)
    assert answer is not None
    assert (answer.status, answer.problem()["code"]) == (431, "headers_too_large")


def test_an_empty_line_before_a_request_is_allowed(carol: Person) -> None:
    with connection(carol.server) as client:
        client.sendall(b"\r\n\r\n" + request(carol, "GET", "/api/v1/users/me/"))
        answer = answer_of(client)
    assert answer is not None
    assert answer.status == 200


def test_a_body_in_pieces_and_a_head_in_pieces(carol: Person) -> None:
    body = b'{"title": "In pieces"}'
    head = request(
        carol, "POST", "/api/v1/albums/", "Content-Type: application/json", f"Content-Length: {len(body)}"
    )
    with connection(carol.server) as client:
        for piece in (head[:10], head[10:-2], head[-2:] + body[:3], body[3:]):
            client.sendall(piece)
            time.sleep(0.1)
        answer = answer_of(client)
    assert answer is not None
    assert answer.status == 201


def test_clients_that_fill_all_connections_lose_their_own(carol: Person) -> None:
    """Half of the 40 connections are of one address at most; of several addresses, those that wait longest go."""
    with ExitStack() as stack:
        for number in range(60):
            stack.enter_context(client_of(carol, f"127.9.9.{number % 4 + 1}"))
        started = time.monotonic()
        assert carol.get("users/me/").status_code == 200
        assert time.monotonic() - started < 3


def client_of(person: Person, address: str, receive_buffer: int = 0) -> socket.socket:
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(10)
    client.bind((address, 0))
    client.connect(("127.0.0.1", person.server.port))
    return client


@pytest.mark.parametrize("what", ["refused bodies that drip", "readers that do not read", "requests without end"])
def test_two_addresses_that_fill_all_connections_keep_no_other_client_out(
    carol: Person, original: str, what: str
) -> None:
    """Whatever their connections wait for. A neighbour loses none of his, not even one that waited longest."""
    say = {
        "refused bodies that drip": request(
            carol, "POST", "/api/v1/albums/", "Content-Type: application/json", f"Content-Length: {10**11}"
        ),
        "readers that do not read": request(carol, "GET", original),
        "requests without end": request(carol, "GET", "/api/v1/users/me/") * 300,
    }[what]
    me = request(carol, "GET", "/api/v1/users/me/")
    with ExitStack() as stack:
        neighbours = stack.enter_context(client_of(carol, "127.0.0.9"))
        for number in range(40):
            attacker = stack.enter_context(client_of(carol, f"127.9.9.{number % 2 + 1}", receive_buffer=4096))
            # An attacker may be dropped at once.
            with suppress(OSError):
                attacker.sendall(say)
                if number % 2:
                    attacker.sendall(b" ")
        for _ in range(3):
            time.sleep(0.5)
            with client_of(carol, "127.0.0.8") as client:
                client.settimeout(3)
                for one in (client, neighbours):
                    one.sendall(me)
                    answer = answer_of(one)
                    assert answer is not None
                    assert answer.status == 200


def test_a_server_with_few_descriptors_takes_fewer_clients(tmp_path: Path) -> None:
    class Limited(Server):
        def command(self) -> list[str]:
            return ["sh", "-c", 'ulimit -n 300 && exec "$0" "$@"', *super().command()]

    with ExitStack() as stack:
        server = Limited(tmp_path, "", CONNECTIONS="1000").start()
        stack.callback(server.stop)
        dave = Person.sign_up(server, "dave")
        for number in range(320):
            stack.enter_context(client_of(dave, f"127.9.9.{number % 8 + 1}"))
        assert dave.get("users/me/").status_code == 200
        assert "CONNECTIONS is 1000, but 300 open files" in server.log.read_text()


def test_a_worker_without_a_free_descriptor_drops_a_client_and_goes_on(tmp_path: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(running(tmp_path))
        erin = Person.sign_up(server, "erin")
        worker = worker_of(server)
        _, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        opened = len(list(Path(f"/proc/{worker}/fd").iterdir()))
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (opened + 30, hard))
        for number in range(60):
            stack.enter_context(client_of(erin, f"127.9.9.{number % 8 + 1}"))
        time.sleep(1)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (hard, hard))
        assert erin.get("users/me/").status_code == 200
        assert worker_of(server) == worker


def worker_of(server: Server) -> int:
    """The process that serves: the master's child."""
    master = server.process.pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return int(children[0])


def test_a_head_request_is_nothing_to_warn_of(carol: Person, original: str) -> None:
    before = len(carol.server.log.read_text())
    for path in ("/accounts/login/", original):
        with connection(carol.server) as client:
            client.sendall(request(carol, "HEAD", path, "Connection: close"))
            answer = b"".join(iter(lambda: client.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"\r\n\r\n")
    assert f"\r\nContent-Length: {len(ORIGINAL)}\r\n".encode() in answer
    assert "no-body" not in carol.server.log.read_text()[before:]
