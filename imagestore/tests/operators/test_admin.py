"""The first page of the admin: the figures of the whole store."""

from pathlib import Path

import pytest
import structlog
from django.urls import reverse

from accounts.models import OutgoingMail
from accounts.outbox import queue
from albums.models import Album
from images.deletion.trash import sums_of, trash_images
from images.models import Image, Status
from images.services import delete_albums
from images.storage.url import storage_from_url
from images.tests.helpers import user
from imagestore.kit.filesize import filesize
from imagestore.operators.templatetags.operations import _mails
from imagestore.tests.operators.helpers import holiday_of

pytestmark = pytest.mark.django_db


def numbers_of(operator):
    return operator.get(reverse("admin:index")).context["numbers"]


def test_the_first_page_shows_the_numbers_an_operator_asks_for(admin):
    _, images = holiday_of(user())
    Image.objects.filter(pk=images[0].pk).update(status=Status.FAILED)
    shown = {number.name: number.value for number in numbers_of(admin)}
    assert shown["Users"] == "2"
    assert [shown[f"Images {state}"] for state in ("ready", "being made", "failed")] == ["0", "1", "1"]
    trashed_album, [trashed_alone, _] = holiday_of(user("bob@example.org"))
    trash_images(trashed_alone.owner, Image.objects.filter(pk=trashed_alone.pk))
    delete_albums(trashed_album.owner, Album.objects.filter(pk=trashed_album.pk))
    for number in numbers_of(admin):
        if number.name.startswith("Albums") or number.name == "Images in the trash":
            assert number.value == str(admin.get(number.url).context["cl"].result_count)
    shown = {number.name: number.value for number in numbers_of(admin)}
    assert [shown[f"{things} in the trash"] for things in ("Albums", "Images")] == ["1", "2"]
    assert shown["Originals in the trash"] == filesize(sums_of(Image.objects.trashed()).bytes)
    assert "Images being deleted" in admin.get(reverse("admin:index")).content.decode()


def test_mails_that_wait_or_were_given_up_are_counted_without_what_they_are(admin, django_assert_num_queries):
    for name in ("ada", "bea", "cleo"):
        queue.add(OutgoingMail.Kind.RESET, f"{name}@mails.example.org")
    queue.give_up(queue.claim())
    shown = {number.name: number.value for number in numbers_of(admin)}
    assert (shown["Mails waiting"], shown["Mails given up in 4 days"]) == ("2", "1")
    assert "mails.example.org" not in admin.get(reverse("admin:index")).content.decode()
    with django_assert_num_queries(1):
        _mails()


def test_the_free_space_is_told_of_a_disk_only(admin, settings):
    def told():
        return [number.value for number in numbers_of(admin) if number.name.startswith("Free")]

    assert len(told()) == 1
    bucket = "s3://KEY:SECRET@localhost:1/bucket"
    settings.STORAGES = {**settings.STORAGES, "images": storage_from_url(bucket, default=Path())}
    assert told() == []


def test_acts_of_operators_are_lines_of_the_log(admin):
    album, images = holiday_of(user())
    Image.objects.filter(pk=images[0].pk).update(status=Status.FAILED)
    changes = reverse("admin:albums_album_change", args=[album.pk])
    deletion = reverse("admin:albums_album_delete", args=[album.pk])
    with structlog.testing.capture_logs() as logs:
        admin.post(changes, {"title": "Another", "description": ""})
        admin.post(
            reverse("admin:images_image_changelist"),
            {"action": "process_again", "_selected_action": [images[0].pk]},
        )
        admin.post(deletion, {"post": "yes"})
    acts = [(log["act"], log["model"], log["ids"]) for log in logs if log["event"] == "operator's act"]
    ids = [str(album.public_id)]
    assert acts == [
        ("changed", "albums.Album", ids),
        ("processed again", "images.Image", [str(images[0].public_id)]),
        ("deleted", "albums.Album", ids),
    ]
