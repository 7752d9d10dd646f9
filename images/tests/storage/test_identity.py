"""The marker, and what happens without it: an empty folder is never taken for the end of all images (F7)."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from images import engine, services
from images.deletion.removal import doom_images, purge
from images.models import Finding, Image, Status, Store
from images.rendering import queue, variants
from images.storage import identity
from images.storage.base import image_storage
from images.storage.disk import DurableFileStorage
from images.storage.identity import NotOurStorage
from images.storage.url import storage_from_url
from images.tests.helpers import (
    album,
    colours,
    in_staging,
    lose,
    put,
    received,
    staged,
    stored,
    upload,
    user,
    work_off,
)
from images.upkeep.reconcile import reconcile
from imagestore.kit.problems import Problem
from tests.processes import free_port
from tests.servers import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice():
    return user()


@pytest.fixture
def image(alice) -> Image:
    made = received(album(alice))
    work_off()
    made.refresh_from_db()
    return made


# ---- The start --------------------------------------------------------------------------------


def test_a_new_store_marks_its_storage_once():
    identity.establish()
    row = Store.objects.get()
    identity.establish()
    assert (Store.objects.get(), stored()) == (row, set())
    identity.check()


def test_a_first_start_that_died_before_the_file_was_written_is_finished():
    Store.objects.create(pk=1)
    identity.establish()
    identity.check()


def test_a_worker_does_not_mark_a_storage_even_while_there_are_no_images():
    """Its folder may be one that is not mounted; it would fail the first image."""
    Store.objects.create(pk=1)
    with pytest.raises(NotOurStorage, match="Is the disk mounted, and STORAGE_URL right"):
        identity.establish(may_write=False)
    identity.establish()
    identity.establish(may_write=False)


def test_no_server_starts_when_the_marker_is_missing_and_there_are_images(image):
    lose(identity.NAME)
    with pytest.raises(NotOurStorage, match="Is the disk mounted, and STORAGE_URL right"):
        engine.start()
    assert engine._engine is None
    assert identity.NAME not in {entry.name for entry in image_storage().listing()}


@pytest.mark.parametrize("content", ["0" * 32, "nonsense", ""])
def test_no_server_starts_on_another_stores_files(image, content):
    put(identity.NAME, content.encode())
    with pytest.raises(NotOurStorage, match="belongs to another database"):
        identity.establish()


def test_a_new_database_does_not_take_over_a_storage_that_is_anothers():
    identity.establish()
    Store.objects.all().delete()
    with pytest.raises(NotOurStorage, match="belongs to another database"):
        identity.establish()


def test_a_storage_that_does_not_answer_stops_only_the_first_start(monkeypatch):
    def fail(self, name):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(type(image_storage()), "open_stored", fail)
        with pytest.raises(OSError, match="Input/output"):
            identity.establish()
    identity.establish()
    with monkeypatch.context() as broken:
        broken.setattr(type(image_storage()), "open_stored", fail)
        identity.establish()


@pytest.mark.slow
def test_the_start_ends_with_a_sentence_and_no_way_leads_past_it(tmp_path):
    """As `make run` starts it, and as plain gunicorn does."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / identity.NAME).write_text("0" * 32)
    env = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": "", "STORAGE_URL": "", "PORT": str(free_port())}
    run = functools.partial(subprocess.run, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    ended = run([sys.executable, "-m", "deploy.serve"])
    assert ended.returncode == 1
    [sentence] = ended.stderr.splitlines()
    assert sentence.startswith(f"The image storage is not ready: The storage {tmp_path}/images belongs to another")
    ended = run([sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "imagestore.wsgi"])
    assert (ended.returncode, "belongs to another database" in ended.stderr) == (3, True)


def test_a_lost_marker_is_written_again_where_originals_are(image):
    lose(identity.NAME)
    call_command("adopt_storage")
    identity.check()
    for name in [identity.NAME, *stored()]:
        lose(name)
    with pytest.raises(CommandError, match="it is not this store's"):
        call_command("adopt_storage")
    assert not identity.is_there()


# ---- Gone while the server runs ---------------------------------------------------------------


def test_nothing_is_removed_without_the_marker(alice, image):
    doom_images(alice, Image.objects.all())
    lose(identity.NAME)
    before = stored()
    assert purge() == 0
    report = reconcile()
    assert (report.purged_images, report.scrubbed_originals) == (0, 0)
    assert (stored(), Image.objects.count()) == (before, 1)
    identity.write()
    assert (purge(), stored()) == (1, set())


def test_an_image_whose_original_alone_is_lost_fails(image):
    services.process_again(image)
    lose(image.original_file)
    work_off()
    image.refresh_from_db()
    assert (image.status, image.error_code) == (Status.FAILED, "damaged")


# ---- A disk that is not mounted ---------------------------------------------------------------


class Mount:
    """The storage's folder as a mount point: `away` is what an operator sees without the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.elsewhere = folder, folder.with_name("elsewhere")

    def leave(self) -> None:
        self.folder.rename(self.elsewhere)
        self.folder.mkdir()

    def come_back(self) -> None:
        shutil.rmtree(self.folder)
        self.elsewhere.rename(self.folder)

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
def mount(settings, tmp_path) -> Mount:
    settings.STORAGES = {**settings.STORAGES, "images": storage_from_url("", default=tmp_path / "images")}
    assert isinstance(image_storage(), DurableFileStorage)
    return Mount(tmp_path / "images")


def status(client, endpoint: str) -> int:
    answer = client.get(endpoint)
    answer.close()
    return answer.status_code


def test_reading_is_a_503_without_the_disk_and_a_404_without_the_file(mount, client, alice, image):
    client.force_login(alice)
    page = f"/api/v1/images/{image.public_id}/"
    link = client.get(page).json()["variants"]["thumb"]["url"]
    endpoints = [f"{page}file/", f"{page}file/?size=thumb", link]
    mount.leave()
    assert [status(client, endpoint) for endpoint in endpoints] == [503] * 3
    mount.come_back()
    assert [status(client, endpoint) for endpoint in endpoints] == [200] * 3
    lose(image.original_file)
    assert [status(client, endpoint) for endpoint in endpoints] == [404, 200, 200]


def test_an_upload_is_a_503_and_nothing_is_written_below_the_mount_point(mount, client, alice):
    holiday = album(alice)
    mount.leave()
    client.force_login(alice)
    url = f"/api/v1/albums/{holiday.public_id}/images/"
    refused = client.post(url, {"file": upload()})
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
    alice.refresh_from_db()
    assert (mount.files(), in_staging(), alice.used_bytes) == ([], [], 0)
    mount.come_back()
    assert client.post(url, {"file": upload()}).status_code == 201


def test_an_upload_whose_disk_goes_while_it_is_stored_is_no_success(mount, alice, monkeypatch):
    holiday, store = album(alice), DurableFileStorage.store

    def go_then_store(self, *args):
        mount.leave()
        store(self, *args)

    monkeypatch.setattr(DurableFileStorage, "store", go_then_store)
    with staged() as file, pytest.raises(Problem) as refused:
        services.receive(holiday, file)
    assert refused.value.code == "storage_unavailable"
    assert not Image.objects.living().exists()


def test_no_row_is_deleted_and_no_image_fails_while_the_disk_is_away(mount, alice):
    holiday = album(alice)
    ready, doomed, pending = (received(holiday, content) for content in colours(3))
    work_off()
    doom_images(alice, Image.objects.filter(pk=doomed.pk))
    services.process_again(pending)
    mount.leave()
    Image.objects.update(verified_at="2020-01-01T00:00:00Z")
    variants.render(queue.claim_next())
    reconcile()
    with pytest.raises(CommandError):
        call_command("verify", "--repair")
    states = dict(Image.objects.values_list("pk", "status"))
    assert states == {ready.pk: Status.READY, doomed.pk: Status.DOOMED, pending.pk: Status.PENDING}
    assert (mount.files(), Finding.objects.count()) == ([], 0)
    mount.come_back()
    Image.objects.update(leased_until=None)
    work_off()
    assert reconcile().purged_images == 1
    call_command("verify", "--checksums")


def test_health_tells_that_the_disk_is_away(mount, client, alice):
    ready = reverse("healthz-ready")
    assert client.get(ready).status_code == 200
    mount.leave()
    answer = client.get(ready).json()
    assert (answer["status"], answer["down"]) == ("down", ["storage"])


def test_the_file_systems_own_folder_is_not_ours(mount, alice):
    (mount.folder / "lost+found").mkdir()
    (mount.folder / "lost+found" / "#12345").write_bytes(b"inode")
    assert stored() == set()
