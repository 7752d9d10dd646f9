"""A hook may refuse, redirect, lie or drip: the store waits only so long, and is told."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from imagestore.kit.webhook import post_json
from tests.hooks import listening_hook
from tests.processes import free_port


def test_a_message_arrives_with_its_token() -> None:
    with listening_hook() as hook:
        assert post_json(hook.url, {"prefixes": ["/ä/"]}, "secret", 5) == 204
    assert hook.posted == [{"prefixes": ["/ä/"]}]
    [headers] = hook.headers
    assert headers["path"] == "/purge?of=store"
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Content-Type"] == "application/json"


def test_without_a_token_none_is_sent() -> None:
    with listening_hook() as hook:
        post_json(hook.url, {}, "", 5)
    assert "Authorization" not in hook.headers[0]


def test_a_redirect_is_not_followed() -> None:
    with listening_hook() as hook:
        hook.answers = [302]
        assert post_json(hook.url, {}, "secret", 5) == 302
    assert len(hook.headers) == 1


@contextmanager
def answering(answer: bytes, drip_seconds: float = 0) -> Iterator[str]:
    """A server that sends this in reply to anything: at once, or byte by byte."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            client, _ = listening.accept()
            with client:
                client.recv(65536)
                for byte in [answer[i : i + 1] for i in range(len(answer))] if drip_seconds else [answer]:
                    client.sendall(byte)
                    time.sleep(drip_seconds)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 " + b"x" * 70_000])
def test_an_answer_that_is_none_is_an_error(answer: bytes) -> None:
    with answering(answer) as url, pytest.raises(OSError):
        post_json(url, {}, "", 5)


def test_nothing_that_listens_is_an_error() -> None:
    with pytest.raises(ConnectionRefusedError):
        post_json(f"http://127.0.0.1:{free_port()}/", {}, "", 5)


@pytest.mark.parametrize("host", [f"{'a' * 64}.example.org", "hooks..example.org"])
def test_a_name_that_cannot_be_one_is_an_error(host: str) -> None:
    with pytest.raises(OSError):
        post_json(f"http://{host}/", {}, "", 5)


def test_an_answer_that_drips_ends_in_time() -> None:
    started = time.monotonic()
    with answering(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 60, 0.1) as url, pytest.raises(OSError):
        post_json(url, {}, "", 0.3)
    assert time.monotonic() - started < 3
