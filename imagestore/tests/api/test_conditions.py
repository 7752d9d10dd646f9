"""ETags of resources, and requests with a condition."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from images.models import Image
from images.tests.helpers import made_album, trash_all, user

CODE = "precondition_failed"


@pytest.fixture
def alice(db):
    return user()


@pytest.fixture
def api(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def holiday(alice):
    return made_album(alice)[0]


@pytest.fixture(params=["album", "image", "image in album", "user"])
def resource(request, holiday):
    image = Image.objects.first()
    album_url, image_url = f"/api/v1/albums/{holiday.public_id}/", f"images/{image.public_id}/"
    return {
        "album": (album_url, "title"),
        "image": (f"/api/v1/{image_url}", "name"),
        "image in album": (f"{album_url}{image_url}", "name"),
        "user": ("/api/v1/users/me/", "name"),
    }[request.param]


def patch(api: Client, url: str, body: dict[str, str], **headers: str) -> Any:
    return api.patch(url, body, content_type="application/json", headers=headers)


def test_an_etag_changes_with_what_is_shown(api, resource):
    url, field = resource
    before = api.get(url)["ETag"]
    assert (api.get(url)["ETag"], api.head(url)["ETag"]) == (before, before)
    changed = patch(api, url, {field: "New"})
    assert changed["ETag"] != before
    assert api.get(url)["ETag"] == changed["ETag"]


def test_what_a_client_has_is_304_without_a_length(api, resource):
    url, field = resource
    etag = api.get(url)["ETag"]
    for condition in (etag, f'"other", W/{etag}', "*"):
        answer = api.get(url, headers={"If-None-Match": condition})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)
        assert "Content-Length" not in answer
    patch(api, url, {field: "New"})
    assert api.get(url, headers={"If-None-Match": etag}).status_code == 200


def test_a_change_of_another_state_is_refused(api, resource):
    url, field = resource
    first = api.get(url)["ETag"]
    second = patch(api, url, {field: "First"}, if_match=first)
    assert second.status_code == 200
    for condition in (first, '"x"', f"W/{second['ETag']}", "", f'{first}, "y"'):
        answer = patch(api, url, {field: "Second"}, if_match=condition)
        assert (answer.status_code, answer.json()["code"]) == (412, CODE)
    assert api.get(url).json()[field] == "First"
    assert patch(api, url, {field: "Second"}, if_match=f'"x", {second["ETag"]}').status_code == 200


def test_anything_there_matches_a_star(api, resource):
    url, field = resource
    assert patch(api, url, {field: "Second"}, if_match="*").status_code == 200


def test_new_links_are_news_to_a_cache_but_not_to_a_writer(api, holiday, settings):
    url = f"/api/v1/images/{Image.objects.first().public_id}/"
    etag = api.get(url)["ETag"]
    settings.LINK_WINDOW = settings.ORIGINAL_LINK_WINDOW = timedelta(days=300)
    assert api.get(url, headers={"If-None-Match": etag}).status_code == 200
    assert patch(api, url, {"caption": "New"}, if_match=etag).status_code == 200


@pytest.mark.parametrize("what", ["album", "image"])
def test_a_deletion_of_another_state_is_refused(api, holiday, what):
    image = Image.objects.first()
    url = f"/api/v1/images/{image.public_id}/" if what == "image" else f"/api/v1/albums/{holiday.public_id}/"
    assert api.delete(url, headers={"If-Match": '"x"'}).status_code == 412
    assert api.delete(url, headers={"If-Match": api.get(url)["ETag"]}).status_code == 204


def test_what_has_no_etag_matches_none(api, alice, holiday):
    image, other = Image.objects.all()
    trash_all(image)
    for url in (
        f"/api/v1/albums/{holiday.public_id}/images/?all=true",
        "/api/v1/trash/",
        f"/api/v1/trash/{image.public_id}/",
    ):
        answer = api.delete(url, headers={"If-Match": '"x"'})
        assert (answer.status_code, answer.json()["code"]) == (412, CODE)
    assert Image.objects.in_album(holiday).get() == other
    assert Image.objects.undeleted().count() == 2


def test_a_stranger_gets_404_whatever_the_condition(client, resource):
    url, field = resource
    client.force_login(user("bob@example.org"))
    if "users" not in url:
        assert patch(client, url, {field: "His"}, if_match='"x"').status_code == 404
        assert client.delete(url, headers={"If-Match": '"x"'}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_parallel_changes_of_one_state_one_is_made(alice, holiday):
    url = f"/api/v1/albums/{holiday.public_id}/"
    clients = [Client() for _ in range(6)]
    for client in clients:
        client.force_login(alice)
    etag = clients[0].get(url)["ETag"]

    def change(number: int) -> int:
        try:
            return patch(clients[number], url, {"title": f"{number}"}, if_match=etag).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(change, range(6))) == [200, 412, 412, 412, 412, 412]
