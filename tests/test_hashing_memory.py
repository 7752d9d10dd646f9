"""Many passwords at once do not fill the memory of a real server."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import requests

from tests.people import PASSWORD, PATIENCE
from tests.servers import AS_DELIVERED, Server, running

pytestmark = pytest.mark.slow

AT_ONCE = 20
# Two hashes of 100 MiB each, and as much again for all else.
MAX_GROWTH_MIB = 400


def peak_mib(server: Server) -> int:
    """The most memory that any process of gunicorn has ever had."""
    assert server.process
    pids = [server.process.pid]
    for pid in pids:
        pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    peaks = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) for pid in pids]
    return max(int(peak[1]) for peak in peaks if peak) // 1024


def test_twenty_registrations_at_once(tmp_path: Path) -> None:
    with running(tmp_path, **AS_DELIVERED) as server, ThreadPoolExecutor(AT_ONCE) as pool:
        requests.get(f"{server.url}/accounts/signup/", timeout=PATIENCE)
        before, start = peak_mib(server), Barrier(AT_ONCE)

        def register(number: int) -> requests.Response:
            start.wait(timeout=PATIENCE)
            body = {"email": f"user{number}@example.org", "password": PASSWORD}
            return requests.post(f"{server.url}/api/v1/auth/register/", json=body, timeout=PATIENCE)

        answers = list(pool.map(register, range(AT_ONCE)))
        assert peak_mib(server) - before < MAX_GROWTH_MIB
    refused = [answer for answer in answers if answer.status_code != 201]
    assert len(refused) <= AT_ONCE / 2
    assert {(a.status_code, a.json()["code"], a.headers["Retry-After"]) for a in refused} <= {(503, "busy", "5")}
