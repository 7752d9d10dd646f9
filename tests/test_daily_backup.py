"""When `python -m deploy.daily_backup` takes the next one. tests/docker/test_compose.py restores what it takes."""

import os
import time
from pathlib import Path

import pytest

from deploy.daily_backup import INTERVAL_SECONDS, seconds_until_next


@pytest.mark.parametrize(("age", "wait"), [(0, INTERVAL_SECONDS), (INTERVAL_SECONDS / 2, INTERVAL_SECONDS / 2)])
def test_the_next_backup_is_due_a_day_after_the_last(tmp_path: Path, age: float, wait: float) -> None:
    dump = tmp_path / "database.sql"
    dump.touch()
    os.utime(dump, (time.time() - age,) * 2)
    assert seconds_until_next(tmp_path) == pytest.approx(wait, abs=INTERVAL_SECONDS / 10)


def test_a_backup_that_is_overdue_or_the_first_is_taken_now(tmp_path: Path) -> None:
    assert seconds_until_next(tmp_path) == 0
    (tmp_path / "database.sql").touch()
    os.utime(tmp_path / "database.sql", (0, 0))
    assert seconds_until_next(tmp_path) == 0
