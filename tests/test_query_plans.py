"""A list is read along an index, and its cost depends on no row of other users."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from albums import services as albums
from albums.models import Album
from images import census, timeline
from images import services as images
from images.covers import choose_covers, with_covers
from images.deletion import trash
from images.delivery import members
from images.delivery.members import archive_of
from images.models import Image, Status
from imagestore.kit import search
from imagestore.kit.lists import ListSpec
from tests.rows import World, album_of, image_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "sqlite",
        reason="about SQLite: MySQL plans by the number of rows, and a test has too few (docs/performance.md)",
    ),
]

LISTS: dict[str, tuple[ListSpec, Callable[[World], Any]]] = {
    "albums": (albums.LIST, lambda world: Album.objects.owned_by(world.alice)),
    "images of an album": (images.LIST, lambda world: Image.objects.in_album(world.album)),
    "all images": (timeline.LIST, lambda world: Image.objects.owned_by(world.alice)),
    "all images of an album": (timeline.LIST, lambda world: Image.objects.in_album(world.album)),
    "trash": (trash.LIST, lambda world: trash.contents(world.alice)),
}
DAYS = {"taken_after": "2000-01-01", "taken_before": "2100-01-01"}
# For each list: what may narrow it so that one range of an index has its rows.
NARROWED: dict[str, list[dict[str, str]]] = {
    "albums": [{}],
    "images of an album": [{}, {"status": "failed"}],
    "all images": [
        {}, {"status": "failed"}, {"favourite": "true"}, {"favourite": "false"},
    ],
    "all images of an album": [{}, {"status": "failed"}, {"favourite": "true"}, {"favourite": "false"}],
    "trash": [{}],
}  # fmt: skip
CASES = [
    (name, {**narrowed, "ordering": sign + order})
    for name, (spec, _) in LISTS.items()
    for narrowed in NARROWED[name]
    for order in spec.orderings
    for sign in ("", "-")
] + [("all images", {**narrowed, **DAYS}) for narrowed in NARROWED["all images"]]


@pytest.fixture
def world(db: None) -> World:
    """With two pages of one row in each list."""
    world = World()
    for status in (Status.READY, Status.FAILED, Status.FAILED):
        image_in(world.album, status=status, favourite=status == Status.FAILED)
    return world


@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_a_page_is_read_along_an_index(name: str, params: dict[str, str], world: World) -> None:
    spec, rows = LISTS[name]

    def page(**more: str) -> Any:
        request, every = spec.read({"page_size": "1", **params, **more}), rows(world)
        return request.page(request.apply(every) if isinstance(every, QuerySet) else every)

    cursor = page().next_cursor
    for plan in [*plans(page), *(plans(lambda: page(cursor=cursor)) if cursor else ())]:
        assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step], plan
        [outer] = [step for step in plan if re.search(r"INDEX (album_|image_)?list_", step)]
        assert all(f"{name}=?" in outer for name in ("status", "favourite") if name in params), plan
        # Only deleted albums are listed beside: there are few, and not for long.
        assert not [step for step in plan[1:] if "doomed_at" in step and "doomed_at>" not in step], plan


def test_albums_in_the_trash_are_not_read(db: None) -> None:
    world = World()
    for ordering in albums.LIST.orderings:
        [[outer]] = plans(
            lambda name=ordering: albums.LIST.read({"ordering": name}).page(LISTS["albums"][1](world))
        )
        assert "album_list_living_" in outer
        assert "doomed_at=? AND trashed_at=?" in outer


def test_the_newest_ready_image_of_an_album_is_found_by_an_index(db: None) -> None:
    album = World().album
    [plan] = plans(lambda: choose_covers([album.pk]))
    assert [step for step in plan if "_status_age (album_id=? AND status=? AND trashed_at=?)" in step], plan
    assert not [step for step in plan if "TEMP B-TREE" in step or "SCAN images" in step], plan


def test_covers_of_a_list_are_read_by_their_keys(db: None) -> None:
    world = World()
    world.album.refresh_from_db()
    with CaptureQueriesContext(connection) as queries:
        assert with_covers([world.album])[0].cover == world.image
    [plan] = [plan_of(query["sql"]) for query in queries.captured_queries]
    assert plan == ["SEARCH images_image USING INTEGER PRIMARY KEY (rowid=?)"]


def test_images_of_an_album_that_are_in_the_trash_are_found_past_all_others(db: None) -> None:
    album = World().album
    with CaptureQueriesContext(connection) as queries:
        album.images.stored().trashed_alone().exists()
    [plan] = [plan_of(query["sql"]) for query in queries.captured_queries]
    assert re.search(r"list_album_status_\w+ \(album_id=\? AND status=\? AND trashed_at>\?\)", plan[0])


@pytest.mark.parametrize("size", ["original", "thumb"])
def test_the_images_of_an_archive_are_read_along_an_index(
    size: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "STEP_ROWS", 1)
    steps = plans(lambda: archive_of(world.album, size).close())
    assert len(steps) > 3
    for plan in steps:
        assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step], plan
        assert [step for step in plan if "INDEX list_album_age" in step], plan


SEARCHES = ["photo", "zebra", '"photo jpg"', "photo jpg"]


@pytest.mark.parametrize("rare_words", [0, 4000])
@pytest.mark.parametrize("typed", SEARCHES)
@pytest.mark.parametrize("name", ["albums", "images of an album", "all images"])
def test_a_search_reads_words_by_an_index_alone(
    name: str, typed: str, rare_words: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "RARE_WORDS", rare_words)
    world = World()
    album_of(world.alice, "photo jpg")
    spec, rows = LISTS[name]
    request = spec.read({"search": typed})
    with CaptureQueriesContext(connection) as queries:
        request.page(request.apply(rows(world)))
    steps = [step for query in queries.captured_queries for step in plan_of(query["sql"])]
    of_words = [step for step in steps if "word" in step]
    assert of_words
    # By the row, or by what is searched and the word.
    assert not [step for step in of_words if "SCAN" in step or not re.search(r"(image|album)_id=|word[>=]", step)]
    # What is looked up is sorted, at most RARE_WORDS rows; what is read in the list's order is not.
    if rare_words == 0:
        assert not [step for step in steps if "TEMP B-TREE" in step]


BY_PUBLIC_ID = "COVERING INDEX sqlite_autoindex_images_image_1 (public_id>? AND public_id<?)"
NUMBERS: dict[str, tuple[Callable[[], Any], str]] = {
    "those that wait": (lambda: census.in_status(Status.PENDING), "COVERING INDEX image_queue (status=?)"),
    "images of a month": (
        census.growth,
        "COVERING INDEX sqlite_autoindex_images_image_1 (public_id>? AND public_id<?)",
    ),
    "those in work": (census.in_work, "INDEX image_queue (status=?)"),
    "reasons of failures": (census.failures, "INDEX image_queue (status=?)"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_for_operators_are_counted_along_an_index(name: str, world: World) -> None:
    ask, index = NUMBERS[name]
    with CaptureQueriesContext(connection) as queries:
        ask()
    for query in queries.captured_queries:
        steps = [step for step in plan_of(query["sql"]) if "images_image" in step]
        assert steps
        assert all(step.endswith(index) for step in steps), steps
        assert "LIMIT" in query["sql"]


def plans(ask: Callable[[], Any]) -> list[list[str]]:
    with CaptureQueriesContext(connection) as queries:
        ask()
    asked = [query["sql"] for query in queries.captured_queries if "ORDER BY" in query["sql"]]
    assert asked
    return [plan_of(sql) for sql in asked]


def plan_of(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        return [step[3] for step in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]
