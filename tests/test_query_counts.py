"""A list costs the same number of queries at one row and at three: no query is made for each row."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.invitations import issue
from accounts.models import Invitation, User
from albums.models import Album
from images.tests.uploads.resumable import begun
from tests.rows import album_of, bearer, image_in, person

pytestmark = pytest.mark.django_db

# Who is it (session: 2, token: 1), then the work.
PAGES: dict[str, tuple[int, Callable[[Album], str]]] = {
    "the page of albums": (4, lambda album: reverse("album-list")),
    "the page of albums, searched and ordered": (
        5, lambda album: reverse("album-list") + "?search=s&ordering=title",
    ),
    "the page of an album": (6, lambda album: reverse("album-detail", args=[album.public_id])),
    "the page of an album, searched and ordered": (
        7, lambda album: reverse("album-detail", args=[album.public_id]) + "?search=jpg&ordering=name&status=ready",
    ),
    "the tiles": (5, lambda album: tiles(album)),
    "the page of all photos": (8, lambda album: reverse("photos")),
    "the page of all photos, searched": (10, lambda album: reverse("photos") + "?search=s"),
    "the page of all photos, narrowed and ordered": (7, lambda album: reverse("photos") + narrowed(album)),
    "the tiles of all photos": (6, lambda album: tiles(album, reverse("photo-tiles"))),
    "the page of an image opened from all photos": (
        5, lambda album: album.images.order_by("pk")[0].get_absolute_url() + "?list=photos",
    ),
    "the page of an image": (5, lambda album: album.images.order_by("pk")[0].get_absolute_url()),
    "the profile": (4, lambda album: reverse("profile")),
    "the page of shared photos": (3, lambda album: reverse("share")),
}  # fmt: skip
API: dict[str, tuple[int, Callable[[Album], str]]] = {
    "albums/": (3, lambda album: reverse("api-albums")),
    "albums/ searched and ordered": (4, lambda album: reverse("api-albums") + "?search=s&ordering=-title"),
    "albums/{album}/": (3, lambda album: reverse("api-album", args=[album.public_id])),
    "images/ of an album": (3, lambda album: reverse("api-images", args=[album.public_id])),
    "images/ searched and ordered": (
        4, lambda album: reverse("api-images", args=[album.public_id]) + "?search=jpg&ordering=-name&status=ready",
    ),
    "images/ of an album around an image": (
        5, lambda album: reverse("api-images", args=[album.public_id]) + f"?around={first_image(album)}",
    ),
    "all images": (3, lambda album: reverse("api-timeline")),
    "all images of an album around an image": (
        5, lambda album: reverse("api-timeline") + f"?album={album.public_id}&around={first_image(album)}",
    ),
    "all images searched and ordered": (
        4, lambda album: reverse("api-timeline") + narrowed(album) + "&ordering=name",
    ),
    "all images around an image": (5, lambda album: reverse("api-timeline") + f"?around={first_image(album)}"),
    "images/months/": (3, lambda album: reverse("api-months")),
    "images/months/ searched": (4, lambda album: reverse("api-months") + narrowed(album)),
}  # fmt: skip
ADMIN = {"accounts_user": 4, "accounts_invitation": 4, "albums_album": 6, "images_image": 6, "images_upload": 4}


def first_image(album: Album) -> str:
    return str(album.images.order_by("pk")[0].public_id)


def narrowed(album: Album) -> str:
    return f"?search=jpg&status=ready&favourite=false&album={album.public_id}&taken_after=2000-01-01"


def tiles(album: Album, path: str = "") -> str:
    ids = ",".join(str(image.public_id) for image in album.images.all())
    return (path or reverse("album-tiles", args=[album.public_id])) + f"?ids={ids}"


def one_more(owner: User, album: Album) -> None:
    """One row more in every list: an image in this album, and an album with a cover."""
    image_in(album, "photo.jpg", caption="A caption")
    image_in(album_of(owner, "Summer"))
    begun(album, b"x")


def counts(get: Callable[[], Any], capture: Any) -> int:
    with capture as queries:
        answer = get()
    assert answer.status_code == 200
    assert answer.content
    return len(queries)


@pytest.fixture
def capture() -> Callable[[], Any]:
    return lambda: CaptureQueriesContext(connection)


def measured(
    endpoint: Callable[[Album], str], get: Callable[[str], Any], owner: User, capture: Callable[[], Any]
) -> list[int]:
    """Queries at one row and at three."""
    album = album_of(owner, "Summer")
    one_more(owner, album)
    path = endpoint(album)
    found = [counts(lambda: get(path), capture())]
    one_more(owner, album)
    one_more(owner, album)
    path = endpoint(album)
    return [*found, counts(lambda: get(path), capture())]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_as_often_for_three_rows_as_for_one(name: str, capture: Callable[[], Any]) -> None:
    pinned, endpoint = PAGES[name]
    alice = person("alice")
    client = Client()
    client.force_login(alice)
    assert measured(endpoint, client.get, alice, capture) == [pinned, pinned]


@pytest.mark.parametrize("name", API)
def test_the_api_asks_as_often_for_three_rows_as_for_one(name: str, capture: Callable[[], Any]) -> None:
    pinned, endpoint = API[name]
    alice = person("alice")
    headers = bearer(alice)
    assert measured(endpoint, lambda path: Client().get(path, headers=headers), alice, capture) == [pinned, pinned]


def test_a_further_page_asks_as_often_as_the_first(capture: Callable[[], Any]) -> None:
    alice = person("alice")
    headers = bearer(alice)
    for _ in range(3):
        one_more(alice, album_of(alice))
    for path in (reverse("api-albums"), reverse("api-images", args=[alice.albums.order_by("pk")[0].public_id])):
        first = Client().get(f"{path}?page_size=1", headers=headers).json()
        numbers = [counts(lambda: Client().get(f"{path}?page_size=1", headers=headers), capture())]  # noqa: B023
        if first["next"]:
            numbers.append(counts(lambda: Client().get(first["next"], headers=headers), capture()))  # noqa: B023
        assert len(set(numbers)) == 1


@pytest.mark.parametrize("name", ADMIN)
def test_a_list_of_the_admin_asks_as_often_for_three_rows_as_for_one(name: str, capture: Callable[[], Any]) -> None:
    client = Client()
    client.force_login(person("root", is_staff=True, is_superuser=True))
    alice = person("alice")
    album = album_of(alice)
    issue(Invitation())
    one_more(alice, album)
    path = reverse(f"admin:{name}_changelist")
    found = [counts(lambda: client.get(path), capture())]
    for number in range(2):
        person(f"more{number}")
        issue(Invitation())
        one_more(alice, album)
    found.append(counts(lambda: client.get(path), capture()))
    assert found == [ADMIN[name]] * 2
