"""The upload form of browsers without JavaScript."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from images.models import Status
from images.tests.pictures import jpeg_bytes
from tests.rows import album_of, image_in, person

# The files of one form are received by several threads.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice():
    return person("alice")


def shown_after(pages, album, *files):
    uploads = [SimpleUploadedFile(name, content) for name, content in files]
    return pages.post(
        reverse("image-upload", args=[album.public_id]), {"files": uploads}, follow=True
    ).content.decode()


def test_a_page_with_refusals_does_not_reload_them_away(pages, alice):
    album = album_of(alice)
    image_in(album, status=Status.PENDING)
    page = shown_after(pages, album, ("good.jpg", jpeg_bytes(64, 48)), ("letter.jpg", b"Dear store"))
    assert "letter.jpg: " in page
    assert 'http-equiv="refresh"' not in page


def test_a_page_without_refusals_reloads_until_its_photos_are_prepared(pages, alice):
    album = album_of(alice)
    image_in(album, status=Status.PENDING)
    page = shown_after(pages, album, ("good.jpg", jpeg_bytes(64, 48)))
    assert "1 photo added." in page
    assert 'http-equiv="refresh"' in page
