"""The pages of an album and an image belong to one list: its search, status and ordering lead on and back."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from django.urls import reverse

from albums.models import Album
from images.models import Image, Status
from imagestore.kit.keyset import PAGE_SIZE
from imagestore.kit.params import SEARCH_LENGTH
from tests.rows import album_of, image_in, person

pytestmark = pytest.mark.django_db


BY_NAME = "?search=sea&ordering=name"


@pytest.fixture
def alice():
    return person("alice")


def turns(page):
    """The links to the previous and the next image."""
    found = dict(re.findall(r'class="neighbour neighbour--(\w+)"\s+href="([^"]+)"', page.content.decode()))
    return found.get("previous"), found.get("next")


def test_an_image_links_to_its_neighbours_in_the_list_one_came_from(pages, sea):
    def url(name, query=""):
        return sea[name].get_absolute_url() + query

    escaped = BY_NAME.replace("&", "&amp;")
    assert turns(pages.get(url("sea 2", BY_NAME))) == (url("sea 1", escaped), url("sea 3", escaped))
    assert turns(pages.get(url("sea 3", BY_NAME))) == (url("sea 2", escaped), None)
    # As the album is ordered: the oldest first.
    assert turns(pages.get(url("sea 3"))) == (url("hills"), url("sea 1"))


def test_the_links_of_an_album_keep_its_list_but_not_the_page(pages, sea):
    album = sea["hills"].album
    url = album.get_absolute_url() + BY_NAME + "&page_size=1"
    [following] = re.findall(r'rel="next"\s+href="([^"]+)"', pages.get(url).content.decode())
    page = pages.get(album.get_absolute_url() + unescape(following)).content.decode()
    assert re.findall(r'class="tile__link"\s+href="([^"]+)"', page) == [
        sea["sea 2"].get_absolute_url() + BY_NAME.replace("&", "&amp;")
    ]


@pytest.mark.parametrize("query", ["?ordering=owner", "?status=doomed", "?search=" + "x" * 201])
@pytest.mark.parametrize("endpoint", ["image-detail", "image-delete"])
def test_a_list_that_is_none_is_refused(pages, sea, endpoint, query):
    image = sea["hills"]
    url = reverse(endpoint, args=[image.public_id]) + query
    answer = pages.post(url) if endpoint == "image-delete" else pages.get(url)
    assert answer.status_code == 400
    image.refresh_from_db()
    assert image.trashed_at is None


def test_behind_a_deleted_image_comes_the_next_of_the_list_then_the_list(pages, sea):
    def delete(name):
        return pages.post(reverse("image-delete", args=[sea[name].public_id]) + BY_NAME).headers["Location"]

    assert delete("sea 2") == sea["sea 3"].get_absolute_url() + BY_NAME
    assert delete("sea 3") == sea["sea 3"].album.get_absolute_url() + BY_NAME


def test_a_retry_leads_back_to_where_it_was_asked_for(pages, sea):
    image = sea["hills"]
    retry = reverse("image-retry", args=[image.public_id]) + BY_NAME
    for place, asked in ((image, {"stay": "true"}), (image.album, {})):
        Image.objects.filter(pk=image.pk).update(status=Status.FAILED)
        page = pages.get(place.get_absolute_url() + "?ordering=name&search=sea").content.decode()
        assert ('name="stay"' in page) == bool(asked)
        assert pages.post(retry, asked).headers["Location"] == place.get_absolute_url() + BY_NAME


def test_the_field_of_a_search_takes_as_many_characters_as_a_search_may_have(pages):
    page = pages.get(reverse("album-list")).content.decode()
    assert re.findall(r'maxlength="(\d*)"', page) == [str(SEARCH_LENGTH)]


def tiles(page):
    return re.findall(r'alt="([^"]+)\.jpg"', page.content.decode())


def test_a_part_is_a_page_of_the_album_without_the_rest(pages, sea):
    part = reverse("album-part", args=[sea["hills"].album.public_id]) + "?ordering=name&page_size=3"
    first = pages.get(part)
    assert tiles(first) == ["hills", "sea 1", "sea 2"]
    assert "<h1" not in first.content.decode()
    [cursor] = re.findall(r'data-next="([^"]+)"', first.content.decode())
    second = pages.get(f"{part}&cursor={cursor}")
    assert tiles(second) == ["sea 3"]
    assert 'data-next=""' in second.content.decode()
    assert tiles(pages.get(f"{part}&around={sea['sea 3'].public_id}")) == ["sea 2", "sea 3"]


@pytest.mark.parametrize(
    ("ordering", "months"),
    [("taken_at", ["January 2020", "March 2021"]), ("-taken_at", ["March 2021", "January 2020"]), ("name", [])],
)
def test_the_dates_of_a_long_album_lead_to_its_months(pages, alice, ordering, months):
    album = album_of(alice)
    for name, taken in (
        ("old", datetime(2020, 1, 31, 23, 59, tzinfo=UTC)),
        ("new", datetime(2021, 3, 1, tzinfo=UTC)),
    ):
        image_in(album, f"{name}.jpg", sorted_at=taken, taken_at=taken)
    Album.objects.filter(pk=album.pk).update(image_count=PAGE_SIZE + 1)
    page = pages.get(f"{album.get_absolute_url()}?ordering={ordering}").content.decode()
    links = re.findall(r'href="([^"]+)"\s+data-month="[^"]+"\s+data-count="1"\s+aria-label="([^"]+)"', page)
    assert [month for _, month in links] == months
    for query, month in links:
        first = tiles(pages.get(album.get_absolute_url() + unescape(query)))[0]
        assert first == {"January 2020": "old", "March 2021": "new"}[month]
