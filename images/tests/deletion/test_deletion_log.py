"""Each deletion is a line of the log with the public ids of what it deleted."""

import pytest
import structlog

from albums.models import Album
from images import services
from images.deletion import trash
from images.deletion.removal import purge
from images.models import Image
from images.tests.helpers import album, colours, received, user

pytestmark = pytest.mark.django_db


def events(logs):
    return [(log["event"], log["count"], log["ids"]) for log in logs if "ids" in log]


def test_trash_restore_and_deletion_of_images_are_logged():
    alice = user()
    holiday = album(alice)
    chosen = [received(holiday, content) for content in colours(2)]
    ids = [str(image.public_id) for image in chosen]
    with structlog.testing.capture_logs() as logs:
        services.delete_images(alice, Image.objects.all())
        trash.restore_images(alice, Image.objects.all())
        services.delete_images(alice, Image.objects.all(), permanent=True)
        services.delete_images(alice, Image.objects.none(), permanent=True)
    assert events(logs) == [
        ("images put into the trash", 2, ids),
        ("images restored", 2, ids),
        ("images deleted for ever", 2, ids),
    ]
    assert {log["owner"] for log in logs if "ids" in log} == {str(alice.public_id)}


def test_trash_restore_and_deletion_of_albums_and_accounts_are_logged():
    alice = user()
    holiday = album(alice)
    image = received(holiday)
    ids = [str(holiday.public_id)]
    with structlog.testing.capture_logs() as logs:
        services.delete_albums(alice, Album.objects.all())
        trash.restore(Album.objects.select_related("owner").get())
        services.delete_albums(alice, Album.objects.all(), permanent=True)
        purge()
        services.delete_account(alice)
    assert events(logs) == [
        ("albums put into the trash", 1, ids),
        ("albums restored", 1, ids),
        ("albums deleted for ever", 1, ids),
        ("images deleted for ever", 1, [str(image.public_id)]),
        ("account deleted", 1, [str(alice.public_id)]),
    ]
