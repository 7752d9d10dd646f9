"""How much was tried: summed up over the whole session, and shown at its end.

A pytest plugin (conftest.py names it): with xdist the counts of the workers travel in their reports.
"""

import threading
from collections import Counter
from collections.abc import Iterator

import pytest

ORDER = (
    "uploads tried", "uploads acknowledged", "uploads of unknown end", "deletes tried", "deletes acknowledged",
    "kills survived", "outages survived", "hostile files fed", "images converged", "images checked",
    "invariants checked", "losses",
)  # fmt: skip
_now: Counter[str] = Counter()
_session: Counter[str] = Counter()
# So that a run without any loss says so.
_session["losses"] = 0
_lock = threading.Lock()


def count(what: str, number: int = 1) -> None:
    assert what in ORDER, what
    with _lock:
        _now[what] += number


def forget() -> None:
    """What this test did was no trial of the store."""
    _now.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    yield
    if _now:
        item.user_properties.append(("faults", dict(_now)))
        _now.clear()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        for name, counted in report.user_properties:
            if name == "faults":
                _session.update(counted)  # type: ignore[arg-type]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if sum(_session.values()):
        terminalreporter.section("what the store was put through")
        for what in ORDER:
            terminalreporter.write_line(f"{_session[what]:8} {what}")
