"""A picture of which a part is missing is shown, and says so on every page and in the API."""

import pytest
from django.test import Client
from django.urls import reverse

from images.models import Image
from images.rendering import convergence
from images.tests.helpers import album, original_bytes, received, user, work_off
from images.tests.pictures import jpeg_bytes

pytestmark = pytest.mark.django_db

MARK = "Part of this picture is missing: 93 % of it can be read."


@pytest.fixture
def holiday():
    return album(user())


@pytest.fixture
def client(holiday):
    client = Client()
    client.force_login(holiday.owner)
    return client


def json_of(client, image):
    return client.get(reverse("api-image", args=[image.public_id])).json()


def test_a_cut_picture_is_ready_and_bears_its_damage(holiday, client):
    content = jpeg_bytes(64, 48)[:-2]
    image = received(holiday, content)
    work_off()
    answer = json_of(client, image)
    assert (answer["status"], answer["error"], answer["damage"]["code"]) == ("ready", None, "truncated")
    assert answer["damage"]["detail"].startswith("The end of this file is missing")
    assert original_bytes(image) == content


def test_a_whole_picture_has_no_damage(holiday, client):
    image = received(holiday)
    work_off()
    assert json_of(client, image)["damage"] is None


@pytest.mark.parametrize("damaged", [True, False])
def test_the_pages_show_the_mark(holiday, client, damaged):
    image = received(holiday)
    work_off()
    code, detail = ("truncated", MARK) if damaged else ("", "")
    Image.objects.filter(pk=image.pk).update(damage_code=code, damage_detail=detail)
    pages = [client.get(thing.get_absolute_url()).content.decode() for thing in (image, holiday)]
    assert [MARK in page for page in pages] == [damaged, damaged]
    assert ("The original is kept as it came." in pages[0]) is damaged


def test_the_mark_stays_when_the_sizes_are_made_again(holiday, client):
    image = received(holiday, jpeg_bytes(64, 48)[:-2])
    work_off()
    Image.objects.filter(pk=image.pk).update(variants={}, damage_code="", damage_detail="")
    assert convergence.outdated().count() == 1
    Image.objects.filter(pk=image.pk).update(status="pending")
    work_off()
    assert json_of(client, image)["damage"]["code"] == "truncated"
