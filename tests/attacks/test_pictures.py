"""Small files that cost much processor time to decode, from several accounts at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from images.tests.pictures import jpeg_bytes, many_chunks_png_bytes, many_scans_jpeg_bytes
from tests.attacks.neighbour import Neighbour
from tests.people import Person

pytestmark = pytest.mark.slow

ACCOUNTS, FILES = 4, 2
# Once it took 26 s.
THUMB_SECONDS = 5


@pytest.fixture
def accounts(front: Any) -> list[Person]:
    return [Person.sign_up(front, f"mallory{number}") for number in range(ACCOUNTS)]


def statuses(accounts: list[Person], *files: bytes) -> list[int]:
    """Each account uploads all files, all accounts at once."""

    def upload(person: Person) -> list[int]:
        album = person.album()
        return [person.upload(album, file).status_code for file in files]

    with ThreadPoolExecutor(len(accounts)) as pool:
        return [status for answers in pool.map(upload, accounts) for status in answers]


def test_scans_and_chunks_without_end_are_refused(front: Any, neighbour: Neighbour, accounts: list[Person]) -> None:
    files = many_scans_jpeg_bytes(4000, 10_000, 6000), many_chunks_png_bytes(1_000_000, behind=True)
    with neighbour.is_served():
        assert set(statuses(accounts, *files)) == {400}


def test_a_neighbours_thumb_is_made_meanwhile(front: Any, neighbour: Neighbour, accounts: list[Person]) -> None:
    """With as many scans as are allowed, and nearly as many pixels."""
    files = [many_scans_jpeg_bytes(100, 10_000, 9_900 - number) for number in range(FILES)]
    assert set(statuses(accounts, *files)) == {201}
    started = time.monotonic()
    with neighbour.is_served():
        picture = neighbour.person.picture(neighbour.person.album(), jpeg_bytes(1200, 800))
        assert picture["status"] == "ready"
        assert time.monotonic() - started < THUMB_SECONDS
