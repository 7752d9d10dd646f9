"""Faults: what is done to a real server, and what must then hold (tests/faults/invariants.py)."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.clocks import Clock
from tests.faults.image_files import Bucket
from tests.faults.recording_user import RecordingUser
from tests.faults.store import Store
from tests.mariadb import fresh_schema

FOLDER = Path(__file__).parent
# What a test with many rounds may take on a loaded machine.
FULL_TEST_SECONDS = 3600

_running: dict[str, tuple[Store, ExitStack]] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker("slow")
        if item.get_closest_marker("faults_full"):
            item.add_marker(pytest.mark.timeout(FULL_TEST_SECONDS))


def open_store(folder: Any, knobs: dict[str, str], bucket: Bucket | None = None) -> tuple[Store, ExitStack]:
    """A running store of the kind of database under test, and what ends it."""
    stack = ExitStack()
    url = os.environ["DATABASE_URL"]
    database = stack.enter_context(fresh_schema(url)) if url.startswith("mysql") else ""
    store = Store(folder, database, bucket, **knobs)
    stack.callback(store.end)
    store.start()
    return store, stack


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A running store, shared by the tests of this process until one of them fails in it."""
    if "store" not in _running:
        _running["store"] = open_store(tmp_path_factory.mktemp("store"), {})
    shared, stack = _running["store"]
    shared.disarm()
    shared.stand_up()
    yield shared
    shared.disarm()
    if getattr(request.node, "failed", True):
        del _running["store"]
        stack.close()


@pytest.fixture
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Store]]:
    """Makes a store of this test's own, with these knobs."""
    with ExitStack() as closing:

        def make(**knobs: str) -> Store:
            made, stack = open_store(tmp_path_factory.mktemp("own-store"), knobs)
            closing.callback(stack.close)
            return made

        yield make


def twin_of(store: Store, folder: Any) -> Store:
    """Another server over the same database and the same files; not started yet."""
    storage = {key: store.env[key] for key in ["STORAGE_URL"] if key in store.env}
    return Store(folder, store.env["DATABASE_URL"], DATA_DIR=str(store.data), **storage)


@pytest.fixture
def second(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A running twin of the shared store."""
    twin = twin_of(store, tmp_path_factory.mktemp("twin"))
    try:
        yield twin.start()
    finally:
        twin.end()


@pytest.fixture(scope="session")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Clock]]:
    """A server whose clock can be set, and that clock."""
    clock = Clock(tmp_path_factory.mktemp("clock"))
    store, stack = open_store(tmp_path_factory.mktemp("clocked"), clock.knobs)
    with stack:
        yield store, clock


@pytest.fixture
def clock(clocked: tuple[Store, Clock]) -> Clock:
    return clocked[1]


@pytest.fixture
def clocked_store(clocked: tuple[Store, Clock], request: pytest.FixtureRequest) -> Iterator[Store]:
    """By a right clock at the start of each test."""
    store, clock = clocked
    clock.set(0)
    store.stand_up()
    yield store
    store.disarm()
    if getattr(request.node, "failed", True):
        store.restart()


@pytest.fixture(scope="session", autouse=True)
def _end_all_stores() -> Iterator[None]:
    yield
    for _, stack in _running.values():
        stack.close()
    _running.clear()


@pytest.fixture
def alice(store: Store) -> RecordingUser:
    return RecordingUser.sign_up(store, "alice")


@pytest.fixture
def bob(store: Store) -> RecordingUser:
    return RecordingUser.sign_up(store, "bob")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Remembers a failure for `store`, and shows the end of the server's log with it."""
    report: Any = yield
    if report.when == "call":
        item.failed = report.failed  # type: ignore[attr-defined]
    for value in getattr(item, "funcargs", {}).values():
        if report.failed and isinstance(value, Store):
            report.sections.append(("server log", value.log.read_text()[-6000:]))
    return report
