"""Commands that write files stop where the server runs as another user."""

import os

import pytest
from django.core.management import CommandError, call_command

from albums.models import Album
from images.models import Image
from images.tests.helpers import in_staging, user
from images.tests.pictures import jpeg_bytes
from imagestore.operators import process_user

pytestmark = pytest.mark.django_db(transaction=True)

OTHER_UID = 54321


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """A folder to import, by a process whose user the server's files do not belong to."""
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "a.jpg").write_bytes(jpeg_bytes())
    alice = user()
    in_staging()
    monkeypatch.setattr(process_user.os, "geteuid", lambda: OTHER_UID)
    return alice.email, tmp_path / "top"


def test_an_import_by_another_user_than_the_servers_stores_nothing(pictures):
    with pytest.raises(CommandError, match=f"uid {os.getuid()}") as refused:
        call_command("import_folder", *pictures)
    assert refused.value.returncode == 2
    assert (Album.objects.count(), Image.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "command", [["render_again"], ["reconcile"], ["adopt_storage"], ["verify", "--repair"], ["restore", "nowhere"]]
)
def test_so_does_each_command_that_writes_files(pictures, command):
    with pytest.raises(CommandError, match=f"uid {OTHER_UID}") as refused:
        call_command(*command)
    assert refused.value.returncode == 2


def test_the_owner_of_staging_decides_not_that_of_the_folder_around_it(tmp_path, settings):
    """Where a volume belongs to root and to a group of the server's."""
    settings.STAGING_DIR, settings.DATA_DIR = tmp_path / "data" / "staging", tmp_path / "data"
    process_user.require_servers_user()
    settings.STAGING_DIR.mkdir(parents=True)
    if os.getuid() == 0:
        os.chown(settings.DATA_DIR, OTHER_UID, -1)
    process_user.require_servers_user()


def test_a_dry_run_writes_nothing_so_anyone_may_do_it(pictures, capsys):
    call_command("import_folder", *pictures, dry_run=True)
    assert "top: 1 files to look at" in capsys.readouterr().out
