"""The page of all photos: what it lists and finds, where its links lead, and which choices it offers."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.urls import reverse

from images.models import Image, Status
from tests.rows import album_of, image_in, person

pytestmark = pytest.mark.django_db

PHOTOS = "/photos/"


@pytest.fixture
def alice():
    return person("alice")


@pytest.fixture
def shown(pages):
    """The names of the photos that a page shows, in its order."""

    def shown(query=""):
        page = pages.get(PHOTOS + query)
        assert page.status_code == 200, page.content
        return re.findall(r'class="tile__name" aria-hidden="true"[^>]*>([^<]*)\.jpg', page.content.decode())

    return shown


def taken(album, day, **fields):
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return image_in(album, f"{day}.jpg", taken_at=moment, sorted_at=moment, **fields)


@pytest.fixture
def winter(alice):
    """Of two albums, each with two photos."""
    summer, winter = album_of(alice, "Summer"), album_of(alice, "Winter walks")
    for album, day in ((summer, "2024-02-29"), (winter, "2023-12-31"), (summer, "2024-03-01")):
        taken(album, day)
    taken(winter, "2024-03-31", favourite=True)
    taken(album_of(person("bob")), "2024-03-12")
    return winter


def test_the_photos_of_all_albums_stand_newest_first(winter, shown):
    assert shown() == ["2024-03-31", "2024-03-01", "2024-02-29", "2023-12-31"]
    assert shown("?ordering=-created_at")[0] == "2024-03-31"
    assert shown("?ordering=taken_at")[0] == "2023-12-31"


def test_filters_leave_others_out_and_empty_fields_of_the_form_none(winter, shown):
    empty = "?album=&taken_after=&taken_before=&favourite=&status=&search=&ordering="
    assert len(shown(empty)) == 4
    assert shown("?favourite=true") == ["2024-03-31"]
    assert shown(f"?album={winter.public_id}&taken_after=&taken_before=2024-01-01") == ["2023-12-31"]


def test_the_months_lead_to_their_first_photo(winter, pages, shown):
    page = pages.get(PHOTOS).content.decode()
    months = re.findall(r'href="\?(cursor=[^"]+)"\s+data-month="([^"]+)"\s+data-count="(\d+)"', page)
    assert [month for _, *month in months] == [["2024-03", "2"], ["2024-02", "1"], ["2023-12", "1"]]
    assert [shown("?" + unescape(cursor))[0] for cursor, *_ in months] == ["2024-03-31", "2024-02-29", "2023-12-31"]


@pytest.mark.parametrize("query", ["?search=2024", "?ordering=name", "?favourite=true"])
def test_lists_without_a_cursor_for_each_month_offer_none(winter, pages, query):
    assert "cursor=" not in pages.get(PHOTOS + query).content.decode()


def test_a_search_finds_albums_and_their_photos(winter, pages, shown):
    assert shown("?search=winter") == ["2024-03-31", "2023-12-31"]
    page = pages.get(PHOTOS + "?search=winter").content.decode()
    assert f'href="{winter.get_absolute_url()}"' in page
    for query in ("", "?search=2024-03", "?search=winter&favourite=true"):
        assert "found-albums" not in pages.get(PHOTOS + query).content.decode()


def test_a_search_shows_few_albums_and_leads_to_all_of_them(alice, pages):
    for number in range(7):
        album_of(alice, f"Walk {number}")
    page = pages.get(PHOTOS + "?search=walk").content.decode()
    assert len(re.findall("Walk [0-9]</a>", page)) == 6
    assert reverse("album-list") + "?search=walk" in page


def test_every_page_searches_everything_except_that_of_an_album(winter, pages):
    def action(path):
        return re.findall(r'role="search"\s+method="get"(?:\s+action="([^"]*)")?', pages.get(path).content.decode())

    for path in ("/albums/", "/trash/", "/profile/", PHOTOS):
        assert action(path) == [PHOTOS], path
    assert action(winter.get_absolute_url()) == [""]


def test_an_image_leads_on_in_the_list_it_was_opened_from_and_back(winter, pages):
    images = {image.name.removesuffix(".jpg"): image for image in Image.objects.all()}

    def url(day, query):
        return images[day].get_absolute_url() + query

    def neighbours(day, query):
        page = pages.get(url(day, query)).content.decode()
        links = re.findall(r'class="neighbour neighbour--\w+"\s+href="([^"]+)"', page)
        [back] = re.findall(r'stage__back"\s+href="([^"]+)"', page)
        place = f"around={images[day].public_id}#i-{images[day].public_id}"
        assert back.endswith(place)
        return [unescape(link) for link in [*links, back.removesuffix(place)[:-1].removesuffix("&amp")]]

    of_all = "?list=photos"
    assert neighbours("2024-02-29", of_all) == [url("2024-03-01", of_all), url("2023-12-31", of_all), PHOTOS]
    chosen = f"?list=photos&album={winter.public_id}&ordering=taken_at"
    assert neighbours("2023-12-31", chosen) == [
        url("2024-03-31", chosen),
        PHOTOS + chosen.replace("list=photos&", ""),
    ]
    assert neighbours("2023-12-31", "")[-1] == winter.get_absolute_url()
    first = pages.get(PHOTOS).content.decode()
    assert f'href="{url("2024-03-31", of_all)}"' in first


def test_behind_the_last_deleted_image_comes_the_list_of_all(winter, pages):
    image = Image.objects.get(name="2023-12-31.jpg")
    answer = pages.post(reverse("image-delete", args=[image.public_id]) + "?list=photos&search=winter")
    assert answer.headers["Location"] == PHOTOS + "?search=winter"


@pytest.mark.parametrize("status", [Status.PENDING, Status.FAILED])
def test_states_are_offered_where_a_photo_is_not_ready(winter, pages, shown, status):
    paths = (
        PHOTOS,
        winter.get_absolute_url(),
        reverse("photo-tiles"),
        reverse("album-tiles", args=[winter.public_id]),
    )
    for path in paths:
        assert "status-menu" not in pages.get(path).content.decode(), path
    Image.objects.filter(name="2023-12-31.jpg").update(status=status)
    for path in paths:
        assert "status-menu" in pages.get(path).content.decode(), path
    assert shown(f"?status={status}") == []  # such a tile has no picture, nor a name below it
    assert "2023-12-31.jpg" in pages.get(f"{PHOTOS}?status={status}").content.decode()


def test_tiles_are_only_of_ones_own_photos(winter, pages):
    ids = {image.name: image.public_id for image in Image.objects.all()}
    page = pages.get(reverse("photo-tiles") + f"?ids={','.join(map(str, ids.values()))}").content.decode()
    assert set(re.findall('data-image="([^"]+)"', page)) == {
        str(public_id) for name, public_id in ids.items() if name != "2024-03-12.jpg"
    }
    assert pages.get(reverse("photo-tiles") + "?ids=x").status_code == 404
