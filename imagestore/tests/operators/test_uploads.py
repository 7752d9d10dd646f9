"""Open resumable uploads, as operators see and drop them."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import User
from images.models import Upload
from images.services import resume
from images.tests.helpers import album, user
from images.tests.pictures import jpeg_bytes
from images.tests.uploads.resumable import begun

pytestmark = pytest.mark.django_db
PHOTO = jpeg_bytes(640, 480)


@pytest.fixture
def upload():
    begun_upload = begun(album(user()), PHOTO, name="sea\u202e.jpg")
    resume(begun_upload, [PHOTO[:1000]], offset=0, size=1000)
    return begun_upload


def run(*args):
    out = StringIO()
    call_command("uploads", *args, stdout=out)
    return out.getvalue().splitlines()


def assert_dropped(parts):
    assert (Upload.objects.count(), list(parts.iterdir())) == (0, [])
    assert User.objects.get(email="alice@example.org").used_bytes == 0


@pytest.fixture
def parts(settings):
    return settings.STAGING_DIR / "parts"


def test_the_admin_lists_open_ones_and_drops_one(admin, upload, parts):
    done = begun(upload.album, PHOTO, name="done.jpg")
    resume(done, [PHOTO], offset=0, size=len(PHOTO))
    page = admin.get(reverse("admin:images_upload_changelist")).content.decode()
    assert "sea.jpg" in page
    assert "alice@example.org" in page
    assert "1 KB of 5.4 KB" in page
    assert "done.jpg" not in page
    chosen = {"action": "delete_selected", "_selected_action": [upload.pk], "post": "yes"}
    admin.post(reverse("admin:images_upload_changelist"), chosen)
    assert (list(Upload.objects.all()), list(parts.iterdir())) == ([done], [])
    assert User.objects.get(email="alice@example.org").used_bytes == len(PHOTO)


def test_the_first_page_counts_them(admin, upload):
    page = admin.get(reverse("admin:index")).content.decode()
    assert "Resumable uploads open" in page


def test_the_command_lists_them(upload):
    [line] = run()
    assert line.split("  ")[:3] == [str(upload.public_id), "alice@example.org", "1 KB of 5.4 KB"]
    assert line.endswith("sea.jpg")


def test_the_command_drops_one(upload, parts):
    assert run("--drop", str(upload.public_id)) == ["dropped: sea.jpg of alice@example.org"]
    assert_dropped(parts)
    with pytest.raises(CommandError, match=f"There is no open upload {upload.public_id}."):
        run("--drop", str(upload.public_id))


def test_the_command_ends_what_has_expired(upload, parts):
    assert run("--expired") == ["expired uploads ended: 0"]
    Upload.objects.update(expires_at=upload.created_at - timedelta(days=2))
    assert run("--expired") == ["expired uploads ended: 1"]
    assert_dropped(parts)
