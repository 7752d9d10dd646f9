"""An album for each test, and the proof that a refused request leaves nothing behind."""

from collections.abc import Iterator

import pytest

from tests.people import Person
from tests.servers import Server
from tests.state import State


@pytest.fixture(scope="module")
def alice(server: Server) -> Person:
    """One for all tests here: each has an album of its own."""
    return Person.sign_up(server, "alice")


@pytest.fixture
def album(alice: Person) -> str:
    return alice.album()


@pytest.fixture
def nothing_left(alice: Person, album: str, state: State) -> Iterator[None]:
    """No row and no file more or fewer after the test, and the album is as empty as it was."""
    with state.unchanged():
        yield
    assert alice.images(album) == []
