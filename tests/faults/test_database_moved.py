"""A move to another database that is killed at each of its steps: the next run goes on, and every row arrives."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.counts import count
from tests.faults.manage_command import begin, manage
from tests.faults.recording_user import RecordingUser, picture
from tests.faults.stops.stop_points import MOVING_DATABASE
from tests.faults.store import Store
from tests.mariadb import MariaDB, fresh_schema

KILLED = -9
TITLE, PHOTOS = "Überfahrt 😀", 5


@pytest.fixture
def other_kind(tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of the kind that is not under test."""
    if os.environ["DATABASE_URL"].startswith("mysql"):
        yield f"sqlite:///{tmp_path}/new.sqlite3"
        return
    with MariaDB() as server, fresh_schema(server.url) as url:
        yield url


def test_a_move_goes_on_after_each_kill_and_the_store_serves_from_the_new_database(
    new_store, other_kind: str, tmp_path: Path
) -> None:
    store: Store = new_store()
    alice = RecordingUser.sign_up(store, "alice")
    store.kill()
    (tmp_path / "photos" / TITLE).mkdir(parents=True)
    for number in range(PHOTOS):
        (tmp_path / "photos" / TITLE / f"{number}.png").write_bytes(picture())
    manage(store, "import_folder", alice.email, tmp_path / "photos")
    store.env["NEW_DATABASE_URL"] = other_kind
    for step in MOVING_DATABASE:
        store.arm(step)
        process = begin(store, "migrate_database", "--finish")
        said, _ = process.communicate(timeout=120)
        assert process.returncode == KILLED, f"{step}: {said}"
        count("kills survived")
    store.disarm()
    assert "rows copied: 0\n" in manage(store, "migrate_database", "--finish")
    assert "holds this store already" in manage(store, "migrate_database", ends=2)
    store.env["DATABASE_URL"] = store.env.pop("NEW_DATABASE_URL")
    manage(store, "verify", "--checksums", "--older-than=0")
    store.start()
    assert_it_serves(alice)


def test_a_move_is_refused_while_the_server_runs_but_copies_meanwhile(new_store, other_kind: str) -> None:
    store: Store = new_store(NEW_DATABASE_URL=other_kind)
    manage(store, "migrate_database")
    assert "is in use: stop the server" in manage(store, "migrate_database", "--finish", ends=2)
    store.kill()
    assert "all equal" in manage(store, "migrate_database", "--finish")


def assert_it_serves(alice: RecordingUser) -> None:
    """Old log-ins and new ones, the album with its images, a link to a file, and uploads."""
    [album] = alice.albums()
    assert album["title"] == TITLE
    alice.portal()
    alice.log_in()
    images = alice.finished(album["id"], [image["id"] for image in alice.images(album["id"])])
    assert len(images) == PHOTOS
    link = images[0]["variants"]["thumb"]["url"]
    assert alice.get(link, expect=200).content.startswith(b"\xff\xd8")
    alice.picture(album["id"], picture())
