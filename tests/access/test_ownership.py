"""What belongs to another user answers exactly as what does not exist."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from albums.models import Album
from images.models import Image
from tests.access.endpoints import API, WITH_IDS, Endpoint, signed_in, visit
from tests.people import UNUSED_ID
from tests.rows import World, album_of, bearer, image_in

pytestmark = pytest.mark.django_db


MASKED = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"')


def whole_answer(answer: Any) -> tuple[Any, ...]:
    """Status, headers and body, without what is new in every answer."""
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}
    return answer.status_code, headers, MASKED.sub(b"", answer.content)


@pytest.mark.parametrize("endpoint", WITH_IDS, ids=str)
def test_a_stranger_gets_the_same_answer_as_for_what_does_not_exist(endpoint: Endpoint, world: World) -> None:
    absent = endpoint.path(UNUSED_ID, UNUSED_ID)
    for user in (world.bob, None):
        foreign = whole_answer(visit(endpoint, endpoint.of(world), user))
        nowhere = whole_answer(visit(endpoint, absent, user))
        if user is None and not endpoint.is_api:  # the way back to this very page
            foreign[1].pop("Location"), nowhere[1].pop("Location")
        assert foreign == nowhere


@pytest.mark.parametrize(
    "endpoint", [endpoint for endpoint in API if endpoint.route.startswith("api-album-image")], ids=str
)
def test_an_image_is_not_found_through_another_album(endpoint: Endpoint, world: World) -> None:
    """Neither through another of its owner's, nor through the stranger's own."""
    image = getattr(world, endpoint.ids).public_id
    others = [
        (world.alice, album_of(world.alice)),
        (world.bob, album_of(world.bob)),
        (world.alice, album_of(world.bob)),
    ]
    found = [visit(endpoint, endpoint.path(album.public_id, image), user).status_code for user, album in others]
    assert found == [404, 404, 404]
    assert Image.objects.get(public_id=image).caption == ""


def test_an_image_moves_into_no_album_of_a_strangers(world: World) -> None:
    his = album_of(world.bob)
    client, headers = Client(), bearer(world.alice)
    path = reverse("api-image", args=[world.image.public_id])
    answers = [
        client.patch(path, {"album": str(album)}, content_type="application/json", headers=headers)
        for album in (his.public_id, UNUSED_ID)
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()
    world.image.refresh_from_db()
    assert world.image.album_id == world.album.pk


def test_a_cover_is_no_image_of_another_album(world: World) -> None:
    his, hers = image_in(album_of(world.bob)), image_in(album_of(world.alice))
    client, headers = Client(), bearer(world.alice)
    path = reverse("api-album", args=[world.album.public_id])
    answers = [
        client.patch(path, {"cover": str(cover)}, content_type="application/json", headers=headers)
        for cover in (his.public_id, hers.public_id, UNUSED_ID)
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert answers[0].json() == answers[1].json() == answers[2].json()


def test_lists_show_nothing_of_a_strangers(world: World) -> None:
    """Nor do exists/ and the tiles, asked for by hash and by id."""
    his = album_of(world.bob)
    client, headers = Client(), bearer(world.bob)
    assert [row["id"] for row in client.get("/api/v1/albums/", headers=headers).json()["results"]] == [
        str(his.public_id)
    ]
    path = reverse("api-images-exists", args=[his.public_id])
    asked = {"sha256": [world.image.sha256]}
    assert client.post(path, asked, content_type="application/json", headers=headers).json() == {"existing": {}}
    everything = client.post(reverse("api-exists"), asked, content_type="application/json", headers=headers)
    assert everything.json() == {"existing": {}}
    assert client.get(reverse("api-timeline"), headers=headers).json()["results"] == []
    assert client.get(reverse("api-months"), headers=headers).json() == {"results": []}
    tiles = reverse("album-tiles", args=[his.public_id])
    assert b"photo.jpg" not in signed_in(world.bob).get(f"{tiles}?ids={world.image.public_id}").content
    page = signed_in(world.bob).get(reverse("album-list")).content.decode()
    assert (page.count(str(his.public_id)), page.count(str(world.album.public_id))) == (1, 0)


READ_ONLY = {
    "id": UNUSED_ID, "public_id": UNUSED_ID, "pk": 99, "owner": 1, "owner_id": 1, "status": "failed", "bytes": 1,
    "sha256": "0" * 64, "living_sha256": None, "crc32": 1, "content_type": "text/html", "width": 1, "height": 1,
    "taken_offset_minutes": 60, "taken_from": "file", "lens": "x", "exposure": {"iso": 1}, "position": 1,
    "camera": "x", "placeholder": "x", "variants": {}, "attempts": 9,
    "leased_until": None, "lease_token": None, "created_at": "2001-01-01T00:00:00Z", "image_count": 99,
    "doomed_at": "2001-01-01T00:00:00Z", "error_code": "x", "sorted_at": "2001-01-01T00:00:00Z", "url": "http://x/",
    "original": {"url": "http://x/"}, "error": {"code": "x"}, "album_id": 1, "cover_choice": UNUSED_ID,
}  # fmt: skip


@pytest.mark.parametrize("route", ["api-image", "api-album-image", "api-album"])
def test_no_field_but_those_of_the_contract_can_be_written(route: str, world: World) -> None:
    endpoint = Endpoint(route, "PATCH", 200, 404, 401, READ_ONLY)
    model: type[Any] = Album if route == "api-album" else Image
    before = list(model.objects.order_by("pk").values())
    visit(endpoint, endpoint.of(world), world.alice)
    after = list(model.objects.order_by("pk").values())
    for row in (*before, *after):
        del row["updated_at"]
    assert after == before


def test_users_cannot_make_themselves_staff(world: World) -> None:
    fields = {
        "is_staff": True, "is_superuser": True, "is_active": False, "email": "root@example.org", "quota_bytes": 1,
        "used_bytes": 0, "quota": {"limit": None, "used": 0}, "token_version": 7, "password": "x", "id": UNUSED_ID,
    }  # fmt: skip
    before = User.objects.filter(pk=world.alice.pk).values().get()
    endpoint = Endpoint("api-me", "PATCH", 200, 200, 401, fields)
    assert visit(endpoint, endpoint.of(world), world.alice).status_code == 200
    assert User.objects.filter(pk=world.alice.pk).values().get() == before
