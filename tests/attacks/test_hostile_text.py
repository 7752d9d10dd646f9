"""Requests without an account that once held the server for a minute each: text, codecs, lists."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from tests.attacks.neighbour import Neighbour
from tests.people import Person

pytestmark = pytest.mark.slow

ATTACKERS = 3
MARKS = "a" + "\u0301\u0327" * 130_000
SHORTER_MARKS = "a" + "\u0301\u0327" * 15_000
CJK = "a@" + "漢" * 8_000


@contextmanager
def repeated(send: Callable[[], Any]) -> Iterator[None]:
    """Some threads that send it again and again."""
    over = threading.Event()

    def attack() -> None:
        while not over.is_set():
            send()

    threads = [threading.Thread(target=attack) for _ in range(ATTACKERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def login(front: Any, email: str, content_type: str = "application/json") -> Callable[[], Any]:
    body = json.dumps({"email": email, "password": "wrong"}, ensure_ascii=False).encode()

    def send() -> Any:
        return requests.post(
            f"http://127.0.0.1:{front.port}/api/v1/auth/login/",
            data=body,
            headers={"Content-Type": content_type},
            timeout=60,
        )

    return send


@pytest.mark.parametrize("email", [MARKS, SHORTER_MARKS, CJK], ids=["marks", "fewer marks", "cjk"])
def test_addresses_that_are_slow_to_normalise(front: Any, neighbour: Neighbour, email: str) -> None:
    with repeated(login(front, email)), neighbour.is_served():
        pass


def test_a_codec_that_is_slow(front: Any, neighbour: Neighbour) -> None:
    with repeated(login(front, "a" * 60_000, "application/json; charset=punycode")), neighbour.is_served():
        pass


@pytest.mark.parametrize("count", [300_000, 30_000])
def test_lists_without_end(front: Any, neighbour: Neighbour, mallory: Person, count: int) -> None:
    path = f"albums/{mallory.album()}/images/exists/"
    body, headers = json.dumps({"sha256": [1] * count}).encode(), {"Content-Type": "application/json"}
    with repeated(lambda: mallory.post(path, data=body, headers=headers)), neighbour.is_served():
        pass
