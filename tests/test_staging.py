"""Staging of a running store: bounded before a body is read, and free again when its client has left."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from images.tests.pictures import jpeg_bytes
from tests.people import PATIENCE, Person
from tests.raw_http import Answer, connection, send, upload_head
from tests.servers import Server, running
from tests.state import State

PHOTO = jpeg_bytes(640, 480)
QUOTA = 50_000_000
MAX_UPLOAD_BYTES, OVERHEAD_BYTES = 100 * 2**20, 2**20
# What one user's requests may announce together.
USER_BYTES = MAX_UPLOAD_BYTES + OVERHEAD_BYTES


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("staging")
    knobs = {"USER_QUOTA_BYTES": str(QUOTA), "STAGING_USER_BYTES": str(MAX_UPLOAD_BYTES)}
    with running(folder, **knobs) as server:
        yield server


@pytest.fixture
def alice(own_server: Server) -> Person:
    return Person.sign_up(own_server, "alice")


@pytest.fixture
def bob(own_server: Server) -> Person:
    return Person.sign_up(own_server, "bob")


def refused_by_its_head(person: Person, album: str, length: int, endpoint: str) -> Answer:
    answer = send(person.server, upload_head(person, album, length, endpoint=endpoint))
    assert answer is not None
    return answer


@pytest.mark.parametrize("endpoint", ["", "bulk/"])
def test_a_body_above_the_quota_is_refused_before_it_is_sent(alice: Person, endpoint: str) -> None:
    album = alice.album()
    with State(alice.server).unchanged():
        answer = refused_by_its_head(alice, album, QUOTA + OVERHEAD_BYTES + 1, endpoint)
    problem = answer.problem()
    assert (answer.status, problem["code"]) == (413, "quota_exceeded")
    assert (problem["limit"], problem["used"]) == (QUOTA, 0)


def test_the_form_refuses_it_too_and_says_why(alice: Person) -> None:
    album = alice.album()
    session = alice.portal()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
    head = upload_head(alice, album, QUOTA + OVERHEAD_BYTES + 1, f"Cookie: {cookies}")
    head = head.replace(f"/api/v1/albums/{album}/images/".encode(), f"/albums/{album}/upload/".encode())
    answer = send(alice.server, head)
    assert answer is not None
    assert answer.status == 413
    assert b"are more than your quota of 50 MB. Nothing was stored." in answer.body


def test_a_request_above_the_cap_is_refused_before_it_is_sent(alice: Person) -> None:
    answer = refused_by_its_head(alice, alice.album(), USER_BYTES + 1, "bulk/")
    problem = answer.problem()
    assert (answer.status, problem["code"], problem["limit"]) == (413, "file_too_large", MAX_UPLOAD_BYTES)


def announce(client: socket.socket, person: Person, album: str, length: int) -> None:
    """Send the head of an upload, and wait until the store asks for the body."""
    client.sendall(upload_head(person, album, length, "Expect: 100-continue", endpoint="bulk/"))
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_announced_bytes_count_until_their_client_leaves(alice: Person, bob: Person) -> None:
    hers, his = alice.album(), bob.album()
    with ExitStack() as stack:
        for length in (QUOTA, QUOTA, USER_BYTES - 2 * QUOTA):
            announce(stack.enter_context(connection(alice.server)), alice, hers, length)
        busy = alice.upload(hers, PHOTO)
        assert (busy.status_code, busy.json()["code"]) == (429, "throttled")
        assert int(busy.headers["Retry-After"]) > 0
        # Others do not notice.
        assert bob.upload(his, PHOTO).status_code == 201
    deadline = time.monotonic() + PATIENCE / 4
    while (answer := alice.upload(hers, PHOTO)).status_code == 429:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert answer.status_code == 201


def test_below_the_floor_of_free_disk_an_upload_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with running(tmp_path, STAGING_MIN_FREE_BYTES=str(2**60)) as server:
        alice = Person.sign_up(server, "alice")
        answer = refused_by_its_head(alice, alice.album(), 1000, "")
        assert (answer.status, answer.problem()["code"]) == (503, "storage_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
