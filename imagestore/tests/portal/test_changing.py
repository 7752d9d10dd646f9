"""Changing photos on pages, without JavaScript: order, rotation, favourite, cover, album, date."""

import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from albums.services import create
from images.models import Image
from tests.rows import album_of, image_in, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return person("alice")


def names(page: str) -> list[str]:
    return re.findall(r'class="tile__name"[^>]*>([^<]+)<', page)


def test_the_order_of_an_album_is_stored_with_it(pages, sea):
    album = sea["hills"].album
    url = album.get_absolute_url()
    order = reverse("album-order", args=[album.public_id])
    answer = pages.post(f"{order}?status=ready", {"ordering": "-name"}, follow=True)
    assert answer.redirect_chain == [(f"{url}?status=ready", 302)]
    assert names(answer.content.decode()) == ["sea 3.jpg", "sea 2.jpg", "sea 1.jpg", "hills.jpg"]
    assert names(pages.get(url).content.decode())[-1] == "hills.jpg"
    # Another one for once, by a link as before.
    assert names(pages.get(f"{url}?ordering=name").content.decode())[0] == "hills.jpg"
    assert pages.post(order, {"ordering": "bytes"}).status_code == 400
    by_hand = pages.post(order, {"ordering": "position"}, follow=True).content.decode()
    assert names(by_hand) == ["sea 2.jpg", "hills.jpg", "sea 3.jpg", "sea 1.jpg"]


def test_new_albums_show_the_oldest_taken_first_and_lead_on_so(pages, alice):
    album = create(alice, title="Summer")
    days = {name: datetime(2026, 7, day, tzinfo=UTC) for name, day in (("b", 2), ("a", 1), ("c", 3))}
    images = {name: image_in(album, name, taken_at=day, sorted_at=day) for name, day in days.items()}
    assert names(pages.get(album.get_absolute_url()).content.decode()) == ["a", "b", "c"]
    shown = pages.get(images["b"].get_absolute_url()).content.decode()
    assert re.findall(r'data-neighbour="(\w+)"', shown) == ["previous", "next"]
    assert re.findall(r"photo: (\w)<", shown) == ["a", "c"]


def test_the_buttons_of_a_photo(pages, sea):
    image = sea["hills"]
    change = reverse("image-change", args=[image.public_id])
    shown = image.get_absolute_url()
    for sent, column, value in (
        ({"by": "90"}, "rotation", 90), ({"by": "90"}, "rotation", 180), ({"by": "270"}, "rotation", 90),
        ({"favourite": "true"}, "favourite", True), ({"favourite": "false"}, "favourite", False),
    ):  # fmt: skip
        assert pages.post(f"{change}?ordering=name", sent).url == f"{shown}?ordering=name"
        image.refresh_from_db()
        assert getattr(image, column) == value
    assert (image.width, image.height) == (48, 64)
    assert "Use as cover" in pages.get(shown).content.decode()
    answer = pages.post(change, {"cover": "true"}, follow=True).content.decode()
    assert "is the album’s cover now" in answer
    assert "Use as cover" not in answer
    image.album.refresh_from_db()
    assert (image.album.cover_choice, image.album.cover_key) == (image.public_id, image.pk)
    assert pages.post(change, {"by": "45"}).status_code == 400


def test_a_photo_moves_to_another_album(pages, alice, sea):
    image, move = sea["hills"], reverse("image-move", args=[sea["hills"].public_id])
    assert "the only album that you have" in pages.get(move).content.decode()
    winter = album_of(alice, "<Winter>")
    theirs = album_of(person("bob"), "Theirs")
    offered = pages.get(move).content.decode()
    assert "&lt;Winter&gt;" in offered
    assert "Theirs" not in offered
    for album in (theirs, image.album):
        assert "Select a valid choice" in pages.post(move, {"album": str(album.public_id)}).content.decode()
    assert "Moved to" in pages.post(move, {"album": str(winter.public_id)}, follow=True).content.decode()
    image.refresh_from_db()
    assert image.album == winter


def test_the_date_is_edited_as_the_clock_showed_it(pages, sea):
    image, edit = sea["hills"], reverse("image-edit", args=[sea["hills"].public_id])
    sent = {"name": "hills.jpg", "caption": "", "taken_at": "2019-05-31T23:30:00.25", "taken_offset": "+02:00"}
    shown = pages.post(edit, sent, follow=True).content.decode()
    assert "Friday, 31 May 2019, 23:30" in shown
    assert "UTC+02:00" in shown
    form = pages.get(edit).content.decode()
    assert 'value="2019-05-31T23:30:00.250"' in form
    assert 'value="+02:00"' in form
    # What is not sent, or as it was, stays.
    Image.objects.filter(pk=image.pk).update(taken_from="camera")
    pages.post(edit, {"name": "b.jpg"})
    pages.post(edit, {**sent, "taken_at": "2019-05-31T23:30:00.250"})
    image.refresh_from_db()
    assert (image.taken_offset, image.taken_from, image.taken_at.microsecond) == ("+02:00", "camera", 250_000)
    for wrong in (
        {"taken_at": "soon"},
        {"taken_at": "0019-05-31T23:30"},
        {"taken_offset": "2"},
        {"taken_offset": "+99:00"},
    ):
        assert 'aria-invalid="true"' in pages.post(edit, {**sent, **wrong}).content.decode()
    pages.post(edit, {**sent, "taken_at": "", "taken_offset": ""})
    image.refresh_from_db()
    assert (image.taken_at, image.taken_offset_minutes) == (None, None)


@pytest.mark.parametrize(
    ("exposure", "expected"),
    [
        (
            {"focal_length_mm": 35.0, "aperture": 2.8, "seconds": 0.004, "iso": 100},
            "35\xa0mm, f/2.8, 1/250\xa0s, ISO\xa0100",
        ),
        ({"focal_length_mm": None, "aperture": None, "seconds": 2.5, "iso": None}, "2.5\xa0s"),
        ({"focal_length_mm": None, "aperture": None, "seconds": 0.01667, "iso": None}, "1/60\xa0s"),
    ],
)
def test_the_facts_tell_lens_and_exposure(pages, sea, exposure, expected):
    image = sea["hills"]
    Image.objects.filter(pk=image.pk).update(lens="EF 50", exposure=exposure)
    shown = pages.get(image.get_absolute_url()).content.decode()
    assert "<dd>EF 50</dd>" in shown
    assert f"<dd>{expected}</dd>" in shown


def test_a_tile_says_that_its_picture_is_being_turned(pages, sea):
    """So the page fetches it until it is; without JavaScript it reloads."""
    image = sea["hills"]
    url = image.album.get_absolute_url()
    assert "aria-busy" not in pages.get(url).content.decode()
    pages.post(reverse("image-change", args=[image.public_id]), {"by": "90"})
    for path in (url, "/photos/"):
        page = pages.get(path).content.decode()
        [tile] = re.findall(rf'<li class="tile tile--ready [^>]*id="i-{image.public_id}"[^>]*>', page)
        assert 'data-status="turning"' in tile
        assert 'aria-busy="true"' in tile
        assert page.count("aria-busy") == 1
        assert 'http-equiv="refresh"' in page
