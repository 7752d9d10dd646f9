"""A store that the previous release left, killed in the middle of its work, goes on with this code."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.faults.store import Store, wait_for
from tests.mariadb import fresh_schema
from tests.people import Person
from tests.servers import AS_DELIVERED, ROOT
from tests.upgrades.make_stores import ALBUM_FACTS, IMAGE_FACTS
from tests.upgrades.previous import person, unpack

pytestmark = pytest.mark.slow

# What waits for a worker or has sizes of the release before, and what is on its way out.
_UNFINISHED = (
    "SELECT (SELECT COUNT(*) FROM images_image WHERE status NOT IN ('ready', 'failed')"
    " OR (status = 'ready' AND variants LIKE '%.v1.%'))"
    " + (SELECT COUNT(*) FROM albums_album WHERE doomed_at IS NOT NULL)"
)


@pytest.fixture(params=["in place", "from a backup"], scope="module")
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The store, and what the previous release said of it.

    A backup's folder has the same database and the same files under other names. The trash shall outlive the years
    that the store lies here.
    """
    folder, url = tmp_path_factory.mktemp("store"), os.environ["DATABASE_URL"]
    with fresh_schema(url) if url.startswith("mysql") else nullcontext("") as database:
        store = Store(folder, database, STORAGE_URL="", TRASH_DAYS="36500", **AS_DELIVERED)
        if request.param == "in place":
            said = unpack(store.data, database)
        else:
            said = restored(store, folder / "backup", database)
        try:
            yield store.start(), said
            assert store.stop() == 0
        finally:
            store.end()


def restored(store: Store, backup: Path, database: str) -> dict[str, Any]:
    if database:
        with fresh_schema(database) as other:
            said = unpack(backup, other)
    else:
        said = unpack(backup, database)
        (backup / "db.sqlite3").rename(backup / "database.sqlite3")
    (backup / "images" / "image-store").unlink()
    (backup / "images").rename(backup / "files")
    store.data.mkdir()
    manage(store, "restore", str(backup))
    return said


def manage(store: Store, *words: str) -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=store.env, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_what_was_begun_is_finished_and_every_file_is_sound(upgraded: tuple[Store, dict[str, Any]]) -> None:
    store, said = upgraded
    wait_for(lambda: store.scalar(_UNFINISHED) == 0, "all images in the sizes of today, all deletions done")
    alice = person(store, "alice").log_in()
    assert [alice.get(f"images/{image}/", expect=200).json()["status"] for image in said["unfinished"]] == [
        "ready"
    ] * 2
    for image in said["doomed"]:
        alice.get(f"images/{image}/", expect=404)
    wait_for(lambda: store.staged() == [], "the end of the upload that had no answer")
    manage(store, "reconcile")
    manage(store, "verify", "--checksums")


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_people_find_all_that_they_had(upgraded: tuple[Store, dict[str, Any]], name: str) -> None:
    store, said = upgraded
    somebody, had = person(store, name).log_in(), said[name]
    ids = [image["id"] for image in had["images"]]
    albums = {album["id"]: album for album in somebody.albums()}
    assert [{key: albums[album["id"]][key] for key in ALBUM_FACTS} for album in had["albums"]] == had["albums"]
    found = {image["id"]: image for album in albums for image in somebody.finished(album, ids_in(album, had))}
    assert found.keys() == set(ids)
    was_made = {"pending": "ready"}
    assert [{key: found[image["id"]][key] for key in IMAGE_FACTS} for image in had["images"]] == [
        {**image, "status": was_made.get(image["status"], image["status"])} for image in had["images"]
    ]
    for album, cover in zip(had["albums"], had["covers"], strict=True):
        assert cover is None or albums[album["id"]]["cover"]["id"] == cover
    assert [entry["id"] for entry in somebody.get("trash/", expect=200).json()["results"]] == had["trash"]
    read_files(somebody, list(found.values()))


def ids_in(album: str, had: dict[str, Any]) -> list[str]:
    return [image["id"] for image in had["images"] if image["album"] == album]


def read_files(somebody: Person, images: list[dict[str, Any]]) -> None:
    for image in images:
        assert len(somebody.get(image["original"]["url"], expect=200).content) == image["bytes"]
        if image["status"] == "ready":
            assert all(somebody.get(size["url"], expect=200).content for size in image["variants"].values())


def test_what_is_new_covers_what_was_there_before(upgraded: tuple[Store, dict[str, Any]]) -> None:
    """Words, months and orders are computed from the old rows."""
    store, said = upgraded
    alice = person(store, "alice").log_in()
    album = next(album["id"] for album in said["alice"]["albums"] if album["title"] == "Sommer & Meer")
    by_name = alice.get(f"albums/{album}/images/?ordering=name", expect=200).json()["results"]
    assert [image["name"] for image in by_name] == [
        "IMG_2.jpg", "IMG_10.heic", "Kaputt.png", "Logo.png", "Überfahrt.webp",
    ]  # fmt: skip
    by_word = alice.get("images/?search=leucht", expect=200).json()["results"]
    assert [image["name"] for image in by_word] == ["IMG_2.jpg"]
    months = alice.get("images/months/", expect=200).json()
    assert sum(month["count"] for month in months["results"]) == len(said["alice"]["images"])


def test_the_trash_gives_back_what_is_in_it(upgraded: tuple[Store, dict[str, Any]]) -> None:
    store, said = upgraded
    alice = person(store, "alice").log_in()
    for entry in said["alice"]["trash"]:
        alice.post(f"trash/{entry}/restore/", expect=200)
    assert alice.get("trash/", expect=200).json()["results"] == []


def test_pages_let_people_and_operators_in(upgraded: tuple[Store, dict[str, Any]]) -> None:
    store, _ = upgraded
    alice, root = person(store, "alice"), person(store, "root")
    assert "Sommer &amp; Meer" in alice.portal().get(f"{alice.base}/albums/", timeout=60).text
    assert "Findings" in root.portal().get(f"{root.base}/admin/", timeout=60).text
