"""The first page of the admin: the figures of the whole store."""

from pathlib import Path

import pytest
from django.urls import reverse

from albums.models import Album
from images.deletion.trash import sums_of, trash_images
from images.models import Image, Status
from images.services import delete_albums
from images.storage.url import storage_from_url
from images.tests.helpers import user
from imagestore.kit.filesize import filesize
from imagestore.operators.templatetags.operations import numbers
from imagestore.tests.operators.helpers import holiday_of

pytestmark = pytest.mark.django_db


def test_the_first_page_shows_the_numbers_an_operator_asks_for(admin):
    _, images = holiday_of(user())
    Image.objects.filter(pk=images[0].pk).update(status=Status.FAILED)
    shown = {number.name: number.value for number in numbers()}
    assert shown["Users"] == "2"
    assert [shown[f"Images {state}"] for state in ("ready", "being made", "failed")] == ["0", "1", "1"]
    trashed_album, [trashed_alone, _] = holiday_of(user("bob@example.org"))
    trash_images(trashed_alone.owner, Image.objects.filter(pk=trashed_alone.pk))
    delete_albums(trashed_album.owner, Album.objects.filter(pk=trashed_album.pk))
    for number in numbers():
        if number.name.startswith("Albums") or number.name == "Images in the trash":
            assert number.value == str(admin.get(number.url).context["cl"].result_count)
    shown = {number.name: number.value for number in numbers()}
    assert [shown[f"{things} in the trash"] for things in ("Albums", "Images")] == ["1", "2"]
    assert shown["Originals in the trash"] == filesize(sums_of(Image.objects.trashed()).bytes)
    assert "Images being deleted" in admin.get(reverse("admin:index")).content.decode()


def test_the_free_space_is_told_of_a_disk_only(admin, settings):
    def told():
        return [number.value for number in numbers() if number.name.startswith("Free")]

    assert len(told()) == 1
    bucket = "s3://KEY:SECRET@localhost:1/bucket"
    settings.STORAGES = {**settings.STORAGES, "images": storage_from_url(bucket, default=Path())}
    assert told() == []
