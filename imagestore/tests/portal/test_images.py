"""The pages of an album and an image: figures, downloads, the quota."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from albums.models import Album
from images.deletion.trash import trash_images
from images.delivery.links import downloads_of
from images.models import Image
from tests.rows import album_of, image_in, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return person("alice")


def test_the_profile_warns_before_the_quota_ends(pages, alice):
    holiday = album_of(alice)
    image = image_in(holiday)
    gone = image_in(holiday)
    trash_images(alice, Image.objects.filter(pk=gone.pk))

    def told(quota):
        User.objects.filter(pk=alice.pk).update(quota_bytes=quota)
        page = pages.get(reverse("profile")).content.decode()
        return ["There is no room left" in page, "Only" in page, "empty it to make room" in page]

    used = image.bytes + gone.bytes
    assert [told(used), told(used + 10), told(used * 2), told(None)] == [
        [True, False, True], [False, True, True], [False, False, False], [False, False, False],
    ]  # fmt: skip
    page = pages.get(reverse("profile")).content.decode()
    assert 'of it is in <a href="/trash/">the trash</a>.' in page
    Image.objects.filter(pk=gone.pk).update(trashed_at=None)
    assert "of it is in" not in pages.get(reverse("profile")).content.decode()


def test_the_tiles_bring_the_figures_that_a_reload_would_show(pages, alice):
    album = album_of(alice)
    tiles = reverse("album-tiles", args=[album.public_id])
    assert "No photos yet" in pages.get(tiles).content.decode()
    image = image_in(album)
    fresh = pages.get(f"{tiles}?ids={image.public_id}").content.decode()
    reload = pages.get(album.get_absolute_url()).content.decode()
    for part in ("figures", "toolbar"):
        [here], [there] = (
            re.findall(f'<div data-live-part="{part}">(.*?)</div>', text, re.DOTALL) for text in (fresh, reload)
        )
        # A token is masked anew each time.
        here, there = (re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text) for text in (here, there))
        assert here == there
    assert "1 photo</span>" in fresh


def test_long_numbers_have_separators(pages, alice):
    album = album_of(alice)
    Album.objects.filter(pk=album.pk).update(image_count=1234)
    for path in ("/albums/", album.get_absolute_url(), reverse("album-delete", args=[album.public_id])):
        assert "1,234 photos" in pages.get(path).content.decode(), path
    assert 'data-count="1234"' in pages.get(album.get_absolute_url()).content.decode()


def test_the_time_of_an_upload_names_its_zone_until_a_script_shows_the_visitors(pages, sea):
    page = pages.get(sea["hills"].get_absolute_url()).content.decode()
    assert re.search(r'<time datetime="[^"]+\+00:00"\s+data-local>[^<]+ UTC</time>', page)


def test_the_deletion_of_an_account_names_what_goes_with_it(pages, alice, sea):
    trash_images(alice, Image.objects.filter(pk=sea["hills"].pk))
    Album.objects.filter(pk=album_of(alice).pk).update(image_count=2000, trashed_at=timezone.now())
    page = pages.get(reverse("profile-delete")).content.decode()
    assert "its 2 albums and 2,004 photos (" in page


def test_the_documents_of_the_api_lead_back(pages):
    assert '<a href="/">← Image store</a>' in pages.get(reverse("docs")).content.decode()


def test_the_file_of_a_size_is_saved_under_the_name_with_that_size(pages, sea):
    url = reverse("image-file", args=[sea["hills"].public_id])
    names = []
    for query in ("?download=1", "?size=thumb&download=1"):
        answer = pages.get(url + query)
        assert b"".join(answer.streaming_content)
        names.append(answer.headers["Content-Disposition"])
    assert names == ['attachment; filename="hills.jpg"', 'attachment; filename="hills-thumb.jpg"']


def size_of(name, width, size):
    return {
        "file": f"{name}.v2.jpg",
        "width": width,
        "height": width // 2,
        "content_type": "image/jpeg",
        "bytes": size,
    }


def test_only_sizes_that_are_smaller_are_offered(alice):
    sizes = {"thumb": (200, 1), "small": (400, 30), "medium": (800, 30), "large": (1600, 90)}
    variants = {name: size_of(name, *about) for name, about in sizes.items()}
    image = image_in(album_of(alice), variants=variants, width=1600, height=800, bytes=100)
    assert [name for name, _ in downloads_of(image)] == ["medium"]
    image.width, image.height, image.bytes = 3200, 1600, 90
    assert [name for name, _ in downloads_of(image)] == ["medium"]
    image.bytes = 91
    assert [name for name, _ in downloads_of(image)] == ["large", "medium"]


def test_who_is_not_logged_in_is_not_told_of_own_albums(pages):
    page = pages.get("/nothing/").content.decode()
    assert "Your own albums" in page
    assert 'may still be in <a href="/trash/">the trash</a>' in page
    page = Client().get("/nothing/").content.decode()
    assert "our own albums" not in page
    assert "trash" not in page
