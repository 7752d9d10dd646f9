"""The port at which a worker is asked what it has counted."""

import socket
import threading
from contextlib import suppress

import pytest
import requests

from imagestore.kit import metrics_port
from tests.people import PATIENCE
from tests.processes import free_port, needs_ipv6

TOKEN = "a token for tests only, known to everybody"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(params=["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def address(request: pytest.FixtureRequest, settings) -> str:
    settings.METRICS_TOKEN = TOKEN
    port = free_port()
    metrics_port.listen(request.param, port)
    host = f"[{request.param}]" if ":" in request.param else request.param
    return f"http://{host}:{port}"


def test_with_the_token_it_tells_what_this_process_counted(address: str) -> None:
    answer = requests.get(f"{address}/metrics", headers=BEARER, timeout=PATIENCE)
    assert answer.status_code == 200
    assert 'imagestore_render_failures_total{reason="crashed"}' in answer.text
    assert "process_resident_memory_bytes" in answer.text


@pytest.mark.parametrize("given", ["", f"Bearer {TOKEN}x", "Bearer é"])
def test_without_the_token_there_is_nothing(address: str, given: str) -> None:
    answer = requests.get(f"{address}/metrics", headers={"Authorization": given.encode()}, timeout=PATIENCE)
    assert (answer.status_code, answer.content) == (404, b"")


def test_nothing_else_is_answered(address: str) -> None:
    assert requests.get(f"{address}/albums/", headers=BEARER, timeout=PATIENCE).status_code == 404
    assert requests.post(f"{address}/metrics", headers=BEARER, data="x", timeout=PATIENCE).status_code == 404


@pytest.mark.parametrize("drips", [False, True])
def test_a_slow_client_holds_it_for_a_while_only(
    address: str, monkeypatch: pytest.MonkeyPatch, drips: bool
) -> None:
    monkeypatch.setattr(metrics_port, "REQUEST_SECONDS", 0.2)
    host, _, port = address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port))) as client:
        if drips:
            threading.Thread(target=drip, args=(client, ended := threading.Event()), daemon=True).start()
        answer = requests.get(f"{address}/metrics", headers=BEARER, timeout=3)
        if drips:
            ended.set()
    assert answer.status_code == 200


def drip(client: socket.socket, ended: threading.Event) -> None:
    """A head without an end, for longer than the other client waits."""
    with suppress(OSError):
        client.sendall(b"GET /metrics HTTP/1.1\r\nX-Long: ")
        while not ended.wait(0.05):
            client.sendall(b"x")


def test_a_port_that_is_taken_is_logged_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        before = threading.active_count()
        metrics_port.listen("127.0.0.1", other.getsockname()[1])
    assert "cannot be used on 127.0.0.1: Address already in use" in caplog.text
    assert threading.active_count() == before
