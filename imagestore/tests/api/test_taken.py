"""API, pages and lists tell what the camera's clock showed, never converted to another zone."""

import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from PIL import ExifTags, Image

from images import services
from images.models import Image as ImageRow
from images.processing import Taken
from images.tests import helpers
from images.tests.pictures import exif_bytes, jpeg_bytes
from images.uploads.known import Known
from tests.rows import bearer

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return helpers.user()


@pytest.fixture
def received(alice):
    album = helpers.album(alice)
    return lambda **exif: helpers.received(album, jpeg_bytes(exif=exif_bytes(**exif)))


@pytest.fixture
def told(client, alice):
    def fields(image):
        answer = client.get(reverse("api-image", args=[image.public_id]), headers=bearer(alice)).json()
        return answer["taken_at"], answer["taken_offset"]

    return fields


def test_the_api_tells_the_clock_and_the_zone_apart(received, told):
    assert told(received(taken="2024:02:29 23:30:05", offset="+05:30")) == ("2024-02-29T23:30:05", "+05:30")
    assert told(received(taken="2024:02:29 23:30:05.25", offset="-03:30")) == ("2024-02-29T23:30:05.250", "-03:30")
    assert told(received(taken="2024:02:29 23:30:06")) == ("2024-02-29T23:30:06", None)
    assert told(received(taken="2024:02:29 23:30:06Z")) == ("2024-02-29T23:30:06", "+00:00")
    assert told(received()) == (None, None)


def test_the_schema_promises_no_zone():
    image = SchemaGenerator().get_schema(request=None, public=True)["components"]["schemas"]["Image"]
    assert image["properties"]["taken_at"]["type"] == ["string", "null"]
    assert "format" not in image["properties"]["taken_at"]
    assert image["properties"]["taken_offset"]["type"] == ["string", "null"]


def test_lists_sort_by_the_clock_and_fall_back_to_the_upload(received, client, alice):
    later_in_utc = received(taken="2024:02:29 10:00:00", offset="-10:00")
    earlier_in_utc = received(taken="2024:02:29 12:00:00", offset="+12:00")
    undated = received()
    between = received(taken="2024:02:29 11:00:00.500")
    just_before = received(taken="2024:02:29 11:00:00.499")
    url = reverse("api-images", args=[undated.album.public_id])
    results = client.get(url, {"ordering": "taken_at"}, headers=bearer(alice)).json()["results"]
    expected = [later_in_utc, just_before, between, earlier_in_utc, undated]
    assert [result["id"] for result in results] == [str(image.public_id) for image in expected]


def taken_line(client, alice, image):
    client.force_login(alice)
    page = client.get(image.get_absolute_url()).content.decode()
    line = re.search(r"<dt>Taken</dt>(.*?)</dd>", page, re.DOTALL)
    return line and " ".join(line[1].split())


def test_the_page_shows_the_cameras_clock(received, client, alice):
    zoned = taken_line(client, alice, received(taken="2024:02:29 23:30:05", offset="+05:30"))
    assert '<time datetime="2024-02-29T23:30:05+05:30">Thursday, 29 February 2024, 23:30</time>' in zoned
    assert "UTC+05:30" in zoned
    plain = taken_line(client, alice, received(taken="2024:02:29 23:30:05"))
    assert '<time datetime="2024-02-29T23:30:05">Thursday, 29 February 2024, 23:30</time>' in plain
    assert "UTC" not in plain
    assert "Uncertain" not in plain
    assert taken_line(client, alice, received()) is None


def test_the_page_says_when_a_date_is_less_sure(received, client, alice):
    day = taken_line(client, alice, received(taken="1965:01:01"))
    assert ">Friday, 1 January 1965</time>" in day
    assert "Uncertain: the file names no time of day" in day
    changed = Image.Exif()
    changed[ExifTags.Base.DateTime] = "2015:06:07 08:09:10"
    image = helpers.received(helpers.album(alice, "Phone"), jpeg_bytes(exif=changed.tobytes()))
    assert "Uncertain: the file says only when a program wrote it." in taken_line(client, alice, image)


def test_a_row_of_an_older_version_shows_its_time_as_it_is(received, told):
    """It was in UTC where the camera told its zone; the zone itself was not stored."""
    image = received()
    old = datetime(2024, 2, 29, 12, 30, 5, tzinfo=UTC)
    ImageRow.objects.filter(pk=image.pk).update(taken_at=old, sorted_at=old)
    assert told(image) == ("2024-02-29T12:30:05", None)


def test_the_page_says_when_the_date_is_that_of_the_file(client, alice):
    with helpers.staged() as file:
        found = Taken("2012-03-04T05:06:07.000", 0, "file")
        image = services.receive(helpers.album(alice), file, known=Known(found)).image
    line = taken_line(client, alice, image)
    assert "Sunday, 4 March 2012, 05:06" in line
    assert "Uncertain: the picture names no date, so this is the file&#x27;s own." in line.replace("'", "&#x27;")
