"""The store behind the proxies of deploy/, each with HTTPS and HTTP/2 (docs/reverse-proxies.md)."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from images.tests.pictures import jpeg_bytes
from tests.faults.store import children_of, wait_for
from tests.https_proxies import BEHIND_HTTPS, Caddy, HttpsNginx, HttpsProxy, Traefik, Visitor
from tests.people import PASSWORD, PATIENCE
from tests.raw_http import CLOSING, part, upload_head
from tests.servers import Server, running
from tests.tus import BYTES_TYPE, begin_upload

pytestmark = pytest.mark.slow

KINDS = [HttpsNginx, Caddy, Traefik]
PHOTO = jpeg_bytes(640, 480)
MIB = 2**20
THREADS = 4
# What a third client may have to wait beside slow ones; alone it takes a tenth of it (seconds).
AT_ONCE = 3
# The store closes an idle connection after 15 s (deploy/gunicorn.conf.py), a proxy after 5.
PROXY_CLOSES_SECONDS = 12


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("reverse-proxies"), **BEHIND_HTTPS, THREADS=str(THREADS)) as store:
        yield store


@pytest.fixture(scope="module")
def proxies(store: Server) -> Iterator[list[HttpsProxy]]:
    with ExitStack() as stack:
        yield [stack.enter_context(kind(store)) for kind in KINDS]


@pytest.fixture(params=range(len(KINDS)), ids=[kind.__name__ for kind in KINDS])
def proxy(request: pytest.FixtureRequest, proxies: list[HttpsProxy]) -> HttpsProxy:
    return proxies[request.param]


@pytest.fixture
def alice(proxy: HttpsProxy) -> Visitor:
    return Visitor.sign_up(proxy, "alice")


@contextmanager
def connection(proxy: HttpsProxy, address: str = "127.0.0.1") -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    with (
        socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE, source_address=(address, 0)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as client,
    ):
        yield client


def by_http2(proxy: HttpsProxy, *arguments: str) -> list[str]:
    """curl's command."""
    return ["curl", "-sS", "--http2", "--cacert", str(proxy.certificate), *arguments]


def staged_bytes(store: Server) -> int:
    files = (Path(store.env["DATA_DIR"]) / "staging").rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def test_pages_come_by_http2_and_the_store_knows_of_https(proxy: HttpsProxy) -> None:
    said = subprocess.run(
        by_http2(proxy, "-D", "-", "-o", "/dev/null", f"{proxy.url}/"), capture_output=True, text=True, check=True
    )
    status, *headers = said.stdout.lower().splitlines()
    assert status.split()[:2] == ["http/2", "200"]
    assert any(header.startswith("strict-transport-security:") for header in headers)


def test_100_mb_reach_the_store_while_they_are_sent(
    store: Server, proxy: HttpsProxy, alice: Visitor, tmp_path: Path
) -> None:
    """By HTTP/2, without a length in the head of the request."""
    content = PHOTO + os.urandom(100 * MIB - len(PHOTO))
    album = alice.album()
    upload, before = begin_upload(alice, album, len(content)), staged_bytes(store)
    said = tmp_path / "said"
    sending = subprocess.Popen(
        by_http2(
            proxy, "-X", "PATCH", "-T", "-", "-o", str(said), "-w", "%{http_version} %{http_code}",
            "-H", f"Authorization: Bearer {alice.token}", "-H", f"Content-Type: {BYTES_TYPE}",
            "-H", "Tus-Resumable: 1.0.0", "-H", "Upload-Offset: 0",
            f"{proxy.url}/api/v1/uploads/{upload}/",
        ),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False,
    )  # fmt: skip
    assert sending.stdin is not None
    sending.stdin.write(content[: 64 * MIB])
    sending.stdin.flush()
    # What is on its way in buffers is less than 8 MiB, so the proxy stores nothing.
    wait_for(lambda: staged_bytes(store) - before > 56 * MIB, "the first bytes in the store")
    answer, _ = sending.communicate(content[64 * MIB :], timeout=PATIENCE)
    assert answer == b"2 204", said.read_text()
    [image] = alice.finished(album, [one["id"] for one in alice.images(album)])
    assert image["bytes"] == len(content)


def test_an_upload_is_refused_by_its_head(proxy: HttpsProxy, alice: Visitor, tmp_path: Path) -> None:
    """Without the right to upload, before all of it is sent."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(100 * MIB)
    command = by_http2(
        proxy, "-F", f"file=@{large}", "-o", "/dev/null", "-w", "%{http_code} %{size_upload}",
        f"{proxy.url}/api/v1/albums/{alice.album()}/images/",
    )  # fmt: skip
    # curl breaks off when it sees the status, sometimes before it has read the rest: its exit code tells nothing.
    sent = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    status, uploaded = sent.stdout.split()
    assert status == "401"
    assert int(uploaded) < 64 * MIB


def test_no_client_can_say_that_it_has_another_address(store: Server, proxy: HttpsProxy) -> None:
    liar = Visitor(proxy, "", "127.0.77.7")
    liar.http.headers.update(
        {
            "X-Forwarded-For": "192.0.2.66, 198.51.100.1",
            "X-Real-IP": "192.0.2.66",
            "Forwarded": "for=192.0.2.66",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Host": "evil.example",
        }
    )
    name = f"{type(proxy).__name__.lower()}@example.org"
    liar.post("auth/login/", json={"email": name, "password": PASSWORD}, expect=401)
    assert liar.get("/", expect=200).headers["Strict-Transport-Security"]
    lines = [json.loads(line) for line in store.log.read_text().splitlines() if line.startswith("{")]
    assert [line["address"] for line in lines if line["event"] == "login failed"][-1] == "127.0.77.7"
    assert "evil.example" not in liar.get("/", expect=200).text


# Of its own for each answer, for each connection, or of the proxy.
OWN = {"date", "server", "connection", "x-request-id", "x-accel-expires", "alt-svc", "via", "transfer-encoding"}
ASKED: list[dict[str, str]] = [
    {},
    {"Accept-Encoding": "br"},
    {"Accept-Encoding": "gzip"},
    {"Accept-Encoding": "identity"},
    {"Range": "bytes=3-9"},
    {"Range": "bytes=9999999-"},
    {"If-None-Match": "*"},
    {"If-Match": '"other"'},
]


def told(base: str, path: str, method: str, headers: dict[str, str], **verify: Any) -> tuple[int, Any, bytes]:
    headers = {"Accept-Encoding": "identity", **headers}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(
            method, base + path, headers=headers, timeout=PATIENCE, allow_redirects=False, stream=True, **verify
        )
        content = answer.raw.read(decode_content=False)
    told = {name.lower(): value for name, value in answer.headers.items()}
    # A second may lie between two answers.
    told["cache-control"] = told.get("cache-control", "").partition("=")[0]
    return answer.status_code, {name: value for name, value in told.items() if name not in OWN}, content


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_proxy_answers_as_the_store_does(store: Server, proxy: HttpsProxy, alice: Visitor, method: str) -> None:
    shown = alice.picture(alice.album(), PHOTO)
    script = re.search(r'"(/static/js/[^"]+\.js)"', alice.get("/", expect=200).text)
    assert script is not None
    link = str(shown["variants"]["thumb"]["url"]).removeprefix(proxy.url)
    login = {"Authorization": f"Bearer {alice.token}"}
    as_proxy = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1", "Host": f"localhost:{proxy.port}"}
    for path in (link, f"/api/v1/images/{shown['id']}/file/", script[1]):
        for headers in ASKED:
            ours = told(store.url, path, method, {**login, **headers, **as_proxy})
            theirs = told(proxy.url, path, method, {**login, **headers}, verify=str(proxy.certificate))
            if ours[0] == 304:  # nginx repeats more headers, all of the same value
                theirs = theirs[0], {name: theirs[1].get(name) for name in ours[1]}, theirs[2]
            assert theirs == ours, (path, headers)


def test_metrics_are_not_for_those_who_come_through_the_proxy(proxy: HttpsProxy, alice: Visitor) -> None:
    assert alice.get("/metrics").status_code == 404


def test_slow_clients_delay_no_other(proxy: HttpsProxy, alice: Visitor) -> None:
    """More half uploads, half forms and half heads than the store has threads."""
    body = part(b"slow.jpg", PHOTO) + CLOSING
    mallory = Visitor.sign_up(proxy, "mallory")
    album, hers = mallory.album(), alice.album()
    form = b"POST /api/v1/auth/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    form += b"Content-Length: 60000\r\n\r\n"
    with ExitStack() as stack:
        for say in (upload_head(mallory, album, len(body)) + body[:1000], form, form[:20]):
            for _ in range(2 * THREADS):
                stack.enter_context(connection(proxy, "127.0.66.6")).sendall(say)
        started = time.monotonic()
        alice.get("albums/", expect=200)
        assert alice.upload(hers, PHOTO).status_code == 201
        assert time.monotonic() - started < AT_ONCE


def connections_to(port: int) -> int:
    """How many of this machine to this port of it are established (proc(5))."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_proxies_end_idle_connections_before_the_store_does(store: Server, proxies: list[HttpsProxy]) -> None:
    """Else a request might meet a connection that the store closes, and the proxy answers 502."""
    for proxy in proxies:
        assert proxy.is_ready()
    wait_for(lambda: connections_to(store.port) == 0, "the end of idle connections", PROXY_CLOSES_SECONDS)


def test_a_reload_loses_no_request(store: Server, proxies: list[HttpsProxy]) -> None:
    """SIGHUP to the store while clients with open connections send what no proxy may send twice."""
    assert store.process is not None
    master, over = store.process.pid, threading.Event()
    statuses: dict[str, list[int]] = {type(proxy).__name__: [] for proxy in proxies}

    def work(person: Visitor) -> None:
        while not over.is_set():
            answer = person.post("albums/", json={"title": "again"})
            statuses[type(person.server).__name__].append(answer.status_code)

    people = [Visitor.sign_up(proxy, "reader") for proxy in proxies]
    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            wait_for_answers(statuses)
            [old] = children_of(master)
            os.kill(master, signal.SIGHUP)
            wait_for(lambda old=old: old not in children_of(master), "the end of the old worker")
        wait_for_answers(statuses)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert {status for told in statuses.values() for status in told} == {201}


def wait_for_answers(statuses: dict[str, list[int]]) -> None:
    """Five more by each proxy."""
    before = {name: len(told) for name, told in statuses.items()}
    wait_for(lambda: all(len(told) > before[name] + 4 for name, told in statuses.items()), "answers")


def test_caddy_holds_requests_while_the_store_restarts(store: Server, proxies: list[HttpsProxy]) -> None:
    """A restart, unlike a reload, closes the port for seconds."""
    [caddy] = [proxy for proxy in proxies if isinstance(proxy, Caddy)]
    person = Visitor.sign_up(caddy, "waits")
    store.stop()
    answers: list[requests.Response] = []
    asking = threading.Thread(target=lambda: answers.append(person.post("albums/", json={"title": "x"})))
    asking.start()
    store.start()
    asking.join()
    assert [answer.status_code for answer in answers] == [201]
