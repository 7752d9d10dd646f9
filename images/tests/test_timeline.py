"""All images of one owner: their list, its months, and which files are there already."""

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import User
from albums import services as albums
from albums.models import Album
from images import timeline
from images.deletion.trash import trash_images
from images.models import Image, Status
from imagestore.kit.problems import Problem
from tests.rows import album_of, image_in, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return person("alice")


@pytest.fixture
def album(alice: User) -> Album:
    return album_of(alice)


def taken(album: Album, day: str, **fields: Any) -> Image:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return image_in(album, f"{day}.jpg", taken_at=moment, sorted_at=moment, **fields)


def listed(user: User, **params: Any) -> list[str]:
    """The days of the images that a list shows."""
    list_request = timeline.LIST.read({name: str(value) for name, value in params.items()})
    page = list_request.page(list_request.apply(timeline.images_of(user, list_request)))
    return [image.name.removesuffix(".jpg") for image in page.items]


def months(user: User, **params: str) -> list[tuple[str, int]]:
    return [(each.month, each.count) for each in timeline.months(user, timeline.LIST.read(params))]


def everything(alice: User) -> Album:
    """Images of 2024-02 to 2024-04 in two albums; and one each that no list shows."""
    summer, winter = album_of(alice), album_of(alice, "Winter")
    for day in ("2024-02-29", "2024-03-31T23:59:59.999999"):
        taken(summer, day)
    for day in ("2024-03-01", "2024-04-01"):
        taken(winter, day, favourite=True)
    taken(summer, "2024-03-09", status=Status.RECEIVING)
    trash_images(alice, Image.objects.filter(pk=taken(summer, "2024-03-10").pk))
    gone = album_of(alice, "Gone")
    taken(gone, "2024-03-11")
    albums.trash(alice, Album.objects.filter(pk=gone.pk))
    taken(album_of(person("bob")), "2024-03-12")
    return winter


def test_the_list_has_the_living_images_of_all_albums_newest_first(alice: User) -> None:
    everything(alice)
    assert listed(alice) == ["2024-04-01", "2024-03-31T23:59:59.999999", "2024-03-01", "2024-02-29"]


@pytest.mark.parametrize(
    ("params", "days"),
    [
        ({"taken_after": "2024-03-01"}, ["2024-04-01", "2024-03-31T23:59:59.999999", "2024-03-01"]),
        ({"taken_before": "2024-03-01"}, ["2024-02-29"]),
        ({"taken_after": "2024-03-01", "taken_before": "2024-04-01"}, ["2024-03-31T23:59:59.999999", "2024-03-01"]),
        ({"favourite": "true"}, ["2024-04-01", "2024-03-01"]),
        ({"favourite": "false"}, ["2024-03-31T23:59:59.999999", "2024-02-29"]),
        ({"status": "failed"}, []),
        ({"search": "2024-02"}, ["2024-02-29"]),
        ({"ordering": "name"}, ["2024-02-29", "2024-03-01", "2024-03-31T23:59:59.999999", "2024-04-01"]),
    ],
    ids=str,
)
def test_filters_and_orders(alice: User, params: dict[str, str], days: list[str]) -> None:
    everything(alice)
    assert listed(alice, **params) == days


def test_an_album_of_another_does_not_exist(alice: User) -> None:
    winter = everything(alice)
    assert listed(alice, album=winter.public_id) == ["2024-04-01", "2024-03-01"]
    for ask in (listed, months):
        with pytest.raises(Problem) as caught:
            ask(person(f"carol{ask.__name__}"), album=str(winter.public_id))
        assert caught.value.code == "not_found"


def test_months_count_what_the_list_shows(alice: User) -> None:
    winter = everything(alice)
    assert months(alice) == [("2024-04", 1), ("2024-03", 2), ("2024-02", 1)]
    assert months(alice, album=str(winter.public_id)) == [("2024-04", 1), ("2024-03", 1)]
    assert months(alice, favourite="false") == [("2024-03", 1), ("2024-02", 1)]
    assert months(alice, taken_before="2024-03-02", search="2024-03") == [("2024-03", 1)]
    assert months(person("carol")) == []


def test_a_months_cursor_leads_to_its_first_image(alice: User) -> None:
    everything(alice)
    found = {
        each.month: listed(alice, cursor=each.first) for each in timeline.months(alice, timeline.LIST.read({}))
    }
    everyone = listed(alice)
    assert found == {"2024-04": everyone, "2024-03": everyone[1:], "2024-02": everyone[3:]}


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31T23:59:59.999999"])
def test_months_at_the_ends_of_time_have_cursors_too(alice: User, album: Album, day: str) -> None:
    taken(album, day)
    [month] = timeline.months(alice, timeline.LIST.read({}))
    assert (month.month, month.count) == (day[:7], 1)
    assert listed(alice, cursor=month.first) == [day]


def test_existing_files_are_found_in_all_albums_but_not_in_the_trash(alice: User, album: Album) -> None:
    here = image_in(album)
    there = image_in(album_of(alice), sha256=here.sha256, living_sha256=here.sha256)
    trashed = image_in(album)
    trash_images(alice, Image.objects.filter(pk=trashed.pk))
    his = image_in(album_of(person("bob")))
    found = timeline.existing(alice, [here.sha256, trashed.sha256, his.sha256])
    assert {sha256: sorted(ids) for sha256, ids in found.items()} == {
        here.sha256: sorted([here.public_id, there.public_id])
    }


# ---- around -----------------------------------------------------------------------------------


@pytest.mark.parametrize("ordering", ["taken_at", "-taken_at", "name", "-created_at"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 20])
def test_the_page_around_an_image_holds_it_and_leads_on_both_ways(
    alice: User, album: Album, ordering: str, size: int
) -> None:
    images = [taken(album, f"2024-01-{day:02}") for day in range(1, 8)]
    params = {"ordering": ordering, "page_size": str(size)}

    def page(**more: str) -> Any:
        return timeline.LIST.read({**params, **more}).page(Image.objects.owned_by(alice))

    everyone = listed(alice, ordering=ordering)
    for image in images:
        here = page(around=str(image.public_id))
        shown = before = after = [each.name[:10] for each in here.items]
        assert image.name[:10] in shown
        assert len(shown) <= size
        following, preceding = here.next_cursor, here.previous_cursor
        while following:
            following = (following_page := page(cursor=following)).next_cursor
            after = after + [each.name[:10] for each in following_page.items]
        while preceding:
            preceding = (preceding_page := page(cursor=preceding)).previous_cursor
            before = [each.name[:10] for each in preceding_page.items] + before
        assert before + after[len(shown) :] == everyone


def test_an_image_that_the_list_does_not_show_has_no_page(alice: User, album: Album) -> None:
    image = image_in(album)
    for params in ({"status": "failed"}, {"favourite": "true"}):
        with pytest.raises(Problem) as caught:
            listed(alice, around=image.public_id, **params)
        assert caught.value.code == "not_found"
