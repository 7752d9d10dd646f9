"""A machine whose wall clock is wrong: libfaketime (Debian's), steered through a file.

Only the wall clock jumps: the monotonic one never does. Files keep the times of this machine's kernel,
as on a disk of another machine.
"""

import os
import re
from functools import cache
from html import unescape
from pathlib import Path

import pytest
import requests

from tests.faults.recording_user import RecordingUser
from tests.faults.store import STOPS

MINUTES, HOURS, DAYS = 60, 3600, 86400
ON_MARIADB = os.environ.get("DATABASE_URL", "").startswith("mysql")


@cache
def libfaketime() -> str:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        assert not os.environ.get("CI"), "CI must run the tests of wrong clocks: apt-get install libfaketime"
        pytest.skip("NOT TESTED: a wrong clock needs libfaketime (deploy/setup.sh dev)")
    return str(found[0])


class Clock:
    """The wall clock of whoever has `knobs` in their environment: a server, and its operator."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(0)

    @property
    def knobs(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": libfaketime(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": str(STOPS),
        }

    def set(self, wrong_by: int) -> None:
        """From now on ahead of the right time by so many seconds, or behind it."""
        draft = self._file.with_name("draft")
        draft.write_text(f"{wrong_by:+d}\n")
        draft.rename(self._file)


# ---- Links, which go by the server's clock ----------------------------------------------------


def links_of(alice: RecordingUser, image: str) -> list[str]:
    state = alice.state_of(image)
    return [state["original"]["url"], *(size["url"] for size in state["variants"].values())]


def answers_to(links: list[str]) -> set[int]:
    """As a browser fetches them that nobody is signed in with."""
    return {requests.get(link, timeout=20).status_code for link in links}


def links_on_page(alice: RecordingUser, image: str) -> list[str]:
    page = alice.portal().get(f"{alice.base}/images/{image}/", timeout=20)
    assert page.status_code == 200
    return [alice.base + unescape(link) for link in re.findall(r'(?:src|href)="(/media/[^"]+)"', page.text)]
