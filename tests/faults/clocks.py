"""A machine whose wall clock is wrong: libfaketime (Debian's), steered through a file.

Only the wall clock jumps: the monotonic one never does. Files keep the times of this machine's kernel,
as on a disk of another machine.
"""

import os
from functools import cache
from pathlib import Path

import pytest

from tests.faults.store import STOPS


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
