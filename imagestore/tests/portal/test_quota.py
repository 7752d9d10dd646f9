"""What pages and the API say when the quota runs out."""

import pytest
from django.urls import reverse

from albums.models import Album
from images import services
from images.models import Image
from images.tests.helpers import album, received, upload, user

pytestmark = pytest.mark.django_db


def test_the_api_says_limit_and_used(client):
    alice = user(quota_bytes=10)
    client.force_login(alice)
    answer = client.post(reverse("api-images", args=[album(alice).public_id]), {"file": upload()})
    body = answer.json()
    assert (answer.status_code, body["code"], body["limit"], body["used"]) == (413, "quota_exceeded", 10, 0)


def test_the_album_page_says_when_the_quota_runs_short(client):
    alice = user(quota_bytes=10_000)
    holiday, spare = album(alice), received(album(alice))
    type(alice).objects.update(used_bytes=0)
    client.force_login(alice)

    def page():
        return client.get(holiday.get_absolute_url()).content.decode()

    assert "left</span>" not in page()
    assert 'data-free-bytes="10000"' in page()
    type(alice).objects.update(used_bytes=9_500)
    assert "500\xa0bytes of your 10\xa0KB left" in page()
    assert 'data-free-bytes="500"' in page()
    assert "Empty the trash" not in page()
    services.delete_images(alice, Image.objects.filter(pk=spare.pk))
    type(alice).objects.update(used_bytes=9_500)
    tiles = client.get(reverse("album-tiles", args=[holiday.public_id])).content.decode()
    for part in (page(), tiles):
        assert 'left</span> <a href="/trash/">Empty the trash to make room</a>' in part


def test_the_page_leaves_the_judgement_to_the_store_where_bytes_may_come_back(client):
    alice = user(quota_bytes=10_000)
    holiday = album(alice)
    client.force_login(alice)
    services.delete_images(alice, Image.objects.filter(pk=received(holiday).pk))
    assert "data-free-bytes" not in client.get(holiday.get_absolute_url()).content.decode()


def test_page_and_api_say_what_to_do_at_the_limit_of_albums(client, settings):
    settings.MAX_ALBUMS = 1
    alice = user()
    album(alice)
    client.force_login(alice)
    page = client.post(reverse("album-create"), {"title": "second"})
    answer = client.post(reverse("api-albums"), {"title": "second"}, content_type="application/json")
    assert (page.status_code, answer.status_code) == (413, 413)
    assert "Delete albums for ever first" in page.content.decode()
    assert {key: answer.json()[key] for key in ("code", "limit", "used")} == {
        "code": "quota_exceeded",
        "limit": 1,
        "used": 1,
    }
    assert Album.objects.count() == 1
