"""What anybody can do at the doors of sign-up and log-in."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.neighbour import Neighbour
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.slow

AT_ONCE = 20
# One hash takes 100 MiB. Twenty at once took 2 GB.
MORE_BYTES = 500 * 2**20
# A server that waited for its silent mail server needed 75 s for a sign-up.
SIGN_UP_SECONDS = 10


def strangers(front: Any, count: int) -> list[Person]:
    """People without an account, each with an address of their own."""
    return [
        Person(front, f"s{number}.{time.monotonic_ns()}@example.org", f"127.77.0.{number + 1}")
        for number in range(count)
    ]


def register(person: Person) -> int:
    return person.post("auth/register/", json={"email": person.email, "password": PASSWORD}).status_code


@contextmanager
def peak_memory(front: Any) -> Iterator[list[int]]:
    """The most memory (RSS, bytes) of all processes of the server, measured while the block runs."""
    group, over, peak = getattr(front, "store", front).process.pid, threading.Event(), [0]

    def watch() -> None:
        while not over.wait(0.02):
            peak[0] = max(peak[0], _memory_of(group))

    before = _memory_of(group)
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()
        peak[0] -= before


def _memory_of(group: int) -> int:
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == group:
                total += int((folder / "statm").read_text().split()[1])
        except (ProcessLookupError, FileNotFoundError):
            continue
    return total * os.sysconf("SC_PAGE_SIZE")


def test_many_passwords_at_once_take_little_memory(front: Any, neighbour: Neighbour) -> None:
    with peak_memory(front) as peak, ThreadPoolExecutor(AT_ONCE) as pool:
        started = time.monotonic()
        answers = list(pool.map(register, strangers(front, AT_ONCE)))
        longest = time.monotonic() - started
    assert set(answers) <= {201, 503}
    assert 201 in answers
    assert peak[0] < MORE_BYTES, f"{peak[0] / 2**20:.0f} MiB"
    print(f"{peak[0] / 2**20:.0f} MiB more, {longest:.1f} s")


def test_sign_ups_and_resets_while_the_mail_server_is_silent(front: Any, neighbour: Neighbour) -> None:
    """It is silent in all these tests."""
    people = strangers(front, 8)
    with ThreadPoolExecutor(4) as pool:
        started = time.monotonic()
        sent = [pool.submit(register, person) for person in people]
        with neighbour.is_served():
            pass
        assert {answer.result() for answer in sent} <= {201, 503}
        assert time.monotonic() - started < SIGN_UP_SECONDS


def test_wrong_passwords_do_not_lock_a_mailbox(front: Any, neighbour: Neighbour) -> None:
    [attacker] = strangers(front, 1)
    wrong = {"email": neighbour.person.email, "password": "not the password"}
    statuses = [attacker.post("auth/login/", json=wrong).status_code for _ in range(12)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    neighbour.person.log_in()
    with neighbour.is_served():
        pass
