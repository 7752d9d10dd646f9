"""The store as its users meet it: a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.people import Person
from tests.servers import Server, running
from tests.state import State


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The store with a folder and a database of its own, on the kind of database under test."""
    with running(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture
def alice(server: Server) -> Person:
    return Person.sign_up(server, "alice")


@pytest.fixture
def bob(server: Server) -> Person:
    """A stranger to alice."""
    return Person.sign_up(server, "bob")


@pytest.fixture
def state(server: Server) -> State:
    """The rows and files of the server."""
    return State(server)


@pytest.fixture(scope="session")
def schema_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The OpenAPI schema, written without a warning."""
    file = tmp_path_factory.mktemp("schema") / "schema.json"
    call_command("spectacular", "--fail-on-warn", "--validate", "--format", "openapi-json", "--file", str(file))
    return file


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failed test that used the server shows the end of its log."""
    report = yield
    started = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(started, Server):
        report.sections.append(("server log", started.log.read_text()[-8000:]))
    return report
