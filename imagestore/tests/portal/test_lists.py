"""The pages of an album and an image belong to one list: its search, status and ordering lead on and back."""

import re
from html import unescape

import pytest
from django.urls import reverse

from images.models import Image, Status
from imagestore.kit.params import SEARCH_LENGTH
from tests.rows import person

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
