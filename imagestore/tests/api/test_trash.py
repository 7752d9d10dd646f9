"""The trash in the API."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from albums.models import Album
from images.deletion import trash
from images.models import Image, Status
from images.tests.helpers import album, made_album, trash_all, user

pytestmark = pytest.mark.django_db


TRASH = "/api/v1/trash/"


@pytest.fixture
def alice():
    return user()


@pytest.fixture
def api(client, alice):
    client.force_login(alice)
    return client


def listed(api, query=""):
    return api.get(TRASH + query).json()


def served(api, link):
    answer = api.get(link)
    return answer.status_code == 200 and b"".join(answer.streaming_content)


def ids(answer):
    return [row["id"] for row in answer["results"]]


def test_the_list_tells_what_restoring_brings_back_and_until_when(api, alice, settings):
    settings.TRASH_DAYS = 7
    holiday, [image, _] = made_album(alice)
    trash_all(image, holiday)
    answer = listed(api)
    assert (answer["next"], answer["previous"]) == (None, None)
    first, second = answer["results"]
    thumbs = [row.pop("thumb") for row in (first, second)]
    assert all(thumb.startswith("http://testserver/media/") and served(api, thumb) for thumb in thumbs)
    moments = {name: [row.pop(name) for row in (first, second)] for name in ("deleted_at", "purge_at")}
    assert first == {
        "id": str(holiday.public_id), "type": "album", "title": "Iceland", "album": None, "image_count": 1,
    }  # fmt: skip
    assert second == {
        "id": str(image.public_id), "type": "image", "title": "photo.jpg",
        "album": str(holiday.public_id), "image_count": 1,
    }  # fmt: skip
    assert moments["deleted_at"] == sorted(moments["deleted_at"], reverse=True)
    for deleted, purged in zip(moments["deleted_at"], moments["purge_at"], strict=True):
        assert datetime.fromisoformat(purged) - datetime.fromisoformat(deleted) == timedelta(days=7)


def test_delete_goes_to_the_trash_and_restore_answers_with_the_thing(api, alice):
    holiday, [image, _] = made_album(alice)
    urls = {image: f"/api/v1/images/{image.public_id}/", holiday: f"/api/v1/albums/{holiday.public_id}/"}
    for thing, url in urls.items():
        before = api.get(url).json()
        assert api.delete(url).status_code == 204
        assert api.get(url).status_code == 404
        assert ids(listed(api)) == [str(thing.public_id)]
        answer = api.post(f"{TRASH}{thing.public_id}/restore/")
        assert answer.status_code == 200
        assert {**answer.json(), "updated_at": ""} == {**before, "updated_at": ""}
        assert api.get(url).status_code == 200
        assert ids(listed(api)) == []


def test_permanent_asks_no_trash(api, alice):
    holiday, [image, _] = made_album(alice)
    assert api.delete(f"/api/v1/images/{image.public_id}/?permanent=true").status_code == 204
    assert api.delete(f"/api/v1/albums/{holiday.public_id}/images/?all=true&permanent=true").status_code == 204
    assert api.delete(f"/api/v1/albums/{holiday.public_id}/?permanent=true").status_code == 204
    assert ids(listed(api)) == []
    assert set(Image.objects.values_list("status", flat=True)) == {Status.DOOMED}


def test_all_images_of_an_album_go_to_the_trash_one_by_one(api, alice):
    holiday, images = made_album(alice)
    assert api.delete(f"/api/v1/albums/{holiday.public_id}/images/?all=true").status_code == 204
    assert api.get(f"/api/v1/albums/{holiday.public_id}/").json()["image_count"] == 0
    assert ids(listed(api)) == [str(image.public_id) for image in reversed(images)]


def test_an_image_of_a_trashed_album_is_a_409(api, alice):
    holiday, [image, other] = made_album(alice)
    trash_all(image, holiday)
    for one in (image, other):
        answer = api.post(f"{TRASH}{one.public_id}/restore/")
        assert (answer.status_code, answer.json()["code"]) == (409, "album_in_trash")


def test_what_is_deleted_for_ever_is_gone_also_here(api, alice):
    holiday, [image, _] = made_album(alice)
    trash_all(image, holiday)
    path = f"{TRASH}{image.public_id}/"
    assert [api.delete(path).status_code for _ in range(2)] == [204, 404]
    assert api.post(f"{path}restore/").status_code == 404
    assert api.delete(TRASH).status_code == 204
    assert ids(listed(api)) == []
    assert not Image.objects.undeleted().exists()


def test_what_lives_is_not_in_the_trash(api, alice):
    holiday, [image, _] = made_album(alice)
    for thing in (holiday, image):
        path = f"{TRASH}{thing.public_id}/"
        assert [api.delete(path).status_code, api.post(f"{path}restore/").status_code] == [404, 404]
    assert Image.objects.owned_by(alice).count() == 2


def test_what_is_trashed_is_at_no_other_endpoint(api, alice):
    holiday, [alone, other] = made_album(alice)
    norway, _ = made_album(alice, 1, "Norway")
    trash_all(alone, norway)
    left = api.get("/api/v1/albums/").json()["results"]
    assert [(row["title"], row["image_count"]) for row in left] == [("Iceland", 1)]
    path = f"/api/v1/albums/{holiday.public_id}/"
    assert [row["id"] for row in api.get(f"{path}images/").json()["results"]] == [str(other.public_id)]
    asked = {"sha256": [alone.sha256, other.sha256]}
    existing = api.post(f"{path}images/exists/", asked, content_type="application/json").json()["existing"]
    assert existing == {other.sha256: str(other.public_id)}
    cover = api.patch(path, {"cover": str(alone.public_id)}, content_type="application/json")
    assert cover.status_code == 400
    inside = Image.objects.get(album=norway)
    for image in (alone, inside):
        one = f"/api/v1/images/{image.public_id}/"
        answers = api.get(one), api.get(f"{one}file/"), api.post(f"{one}retry/"), api.delete(one)
        assert [answer.status_code for answer in answers] == [404] * 4
    assert api.get(f"/api/v1/albums/{norway.public_id}/images/").status_code == 404


def test_a_stranger_finds_nothing(api, alice):
    bob = user("bob@example.org")
    his, [image] = made_album(bob, 1)
    trash_all(his)
    assert ids(listed(api)) == []
    for thing in (his, image):
        path = f"{TRASH}{thing.public_id}/"
        assert [api.delete(path).status_code, api.post(f"{path}restore/").status_code] == [404, 404]
    assert api.delete(TRASH).status_code == 204
    assert Album.objects.trashed_by(bob).count() == 1


def test_links_handed_out_before_live_on(api, alice):
    holiday, [image, _] = made_album(alice)
    link = api.get(f"/api/v1/images/{image.public_id}/").json()["variants"]["thumb"]["url"]
    trash_all(holiday)
    assert served(api, link)


def things_of(owner):
    """Three albums and three images, all deleted at the same moment."""
    _, images = made_album(owner, 3)
    trash_all(*images, *(album(owner, str(number)) for number in range(3)))
    moment = timezone.now()
    Album.objects.trashed().update(trashed_at=moment)
    Image.objects.trashed_alone().update(trashed_at=moment)


def walk(api, page_size):
    """All ids forwards; backwards from the end they are the same."""
    page = listed(api, f"?page_size={page_size}")
    seen, last = ids(page), page
    assert page["previous"] is None
    while page["next"]:
        page = api.get(page["next"]).json()
        seen, last = seen + ids(page), page
    back = ids(last)
    while last["previous"]:
        last = api.get(last["previous"]).json()
        back = ids(last) + back
    assert back == seen
    return seen


@pytest.mark.parametrize("page_size", [1, 2, 4, 50])
def test_albums_and_images_are_one_list_also_where_their_times_tie(api, alice, page_size):
    things_of(alice)
    albums, images = trash.contents(alice)
    seen = walk(api, page_size)
    assert sorted(seen) == sorted(str(row.public_id) for row in [*albums, *images])


def test_the_newest_deleted_come_first(api, alice):
    things_of(alice)
    albums, images = trash.contents(alice)
    mixed = [thing for pair in zip(albums.order_by("pk"), images.order_by("pk"), strict=True) for thing in pair]
    for age, thing in enumerate(mixed):
        moment = timezone.now() - timedelta(hours=age)
        type(thing).objects.filter(pk=thing.pk).update(trashed_at=moment)
    assert walk(api, 2) == [str(thing.public_id) for thing in mixed]


# The second is a cursor of a ninth table.
NONSENSE = ["cursor=x", "cursor=WzAsIi1kZWxldGVkX2F0IiwiMjAyNi0wMS0wMVQwMDowMFoiLDksMV0", "ordering=title"]


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_is_refused(api, query):
    assert listed(api, f"?{query}")["code"] == "invalid"


@pytest.mark.parametrize("path", [TRASH, "/trash/"])
def test_the_list_asks_as_often_for_three_things_as_for_one(api, alice, path):
    found = []
    for number in range(3):
        _, [image, _] = made_album(alice, title=str(number))
        norway, _ = made_album(alice, title="Norway")
        trash_all(image, norway)
        with CaptureQueriesContext(connection) as queries:
            assert api.get(path).status_code == 200
        found.append(len(queries))
    # Session and user, albums, images with their albums, and the covers.
    assert found == [6, 6, 6]
