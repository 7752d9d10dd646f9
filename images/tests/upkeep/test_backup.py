"""F24: a backup taken while people upload and delete is a store of its own when it is restored."""

import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone
from django.utils.module_loading import import_string

from images import locks, services
from images.deletion.removal import purge
from images.models import Image, LastRun, Runner, Status
from images.storage.base import image_storage
from images.storage.url import storage_from_url
from images.tests.helpers import album, lose, original_bytes, put, received, stored, stored_bytes, user, work_off
from images.tests.pictures import jpeg_bytes
from images.tests.uploads.resumable import begun
from images.upkeep import backup, database_dump
from tests.mariadb import fresh_schema
from tests.seaweed import new_storage_url, on_s3
from tests.servers import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


class Elsewhere:
    """Another machine: a database and a storage of its own; commands run there as an operator's."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.env = {
            **os.environ,
            "DATA_DIR": str(folder),
            "DATABASE_URL": database or f"sqlite:///{folder}/db.sqlite3",
            "STORAGE_URL": new_storage_url() if on_s3() else "",
        }

    def storage(self) -> Storage:
        chosen = storage_from_url(self.env["STORAGE_URL"], default=self.folder / "images")
        return import_string(chosen["BACKEND"])(**chosen["OPTIONS"])

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=self.env, capture_output=True, text=True
        )

    def evaluates(self, expression: str) -> Any:
        imports = "from images.models import Image, Runner, Upload; from images.storage import identity"
        told = self.run("shell", "-v", "0", "-c", f"{imports}; print({expression})")
        assert told.returncode == 0, told.stderr
        return told.stdout.strip()


@pytest.fixture
def elsewhere(tmp_path):
    with ExitStack() as stack:
        on_mysql = django_settings.DATABASES["default"]["ENGINE"].endswith("mysql")
        database = stack.enter_context(fresh_schema(os.environ["DATABASE_URL"])) if on_mysql else ""
        (tmp_path / "elsewhere").mkdir()
        yield Elsewhere(tmp_path / "elsewhere", database)


@pytest.fixture
def alice():
    return user()


def made(holiday, *numbers: int) -> list[Image]:
    for number in numbers:
        # Bytes behind the picture's end make each a file of its own.
        received(holiday, jpeg_bytes() + b"made %d" % number)
    work_off()
    return list(holiday.images.order_by("pk"))


def take(target: Path) -> str:
    said = StringIO()
    call_command("backup", target, stdout=said, stderr=said)
    return said.getvalue()


class Busy(threading.Thread):
    """Uploads, renders, deletes for ever and purges, until it is told to stop."""

    def __init__(self, holiday) -> None:
        super().__init__()
        self.holiday, self.stopping, self.rounds, self.error = holiday, threading.Event(), 0, None

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                received(self.holiday, jpeg_bytes() + b"%d" % self.rounds)
                work_off()
                oldest = self.holiday.images.filter(status=Status.READY).order_by("pk").first()
                services.delete_images(self.holiday.owner, Image.objects.filter(pk=oldest.pk), permanent=True)
                purge()
                self.rounds += 1
        except Exception as error:
            self.error = error
        finally:
            connections.close_all()

    def __enter__(self) -> "Busy":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopping.set()
        self.join()
        if self.error:
            raise self.error


@pytest.mark.slow
def test_a_backup_taken_while_people_upload_and_delete_is_whole(tmp_path, alice, elsewhere, monkeypatch):
    holiday = album(alice)
    made(holiday, *range(10, 22))
    for_each_file, doomed = backup._for_each_file, []

    def after_some_rounds(*args):
        """The database is dumped; meanwhile much of it is deleted."""
        begun = busy.rounds
        while busy.rounds < begun + 8 and busy.is_alive():
            busy.join(0.02)
        doomed.append(Image.objects.doomed().count())
        return for_each_file(*args)

    monkeypatch.setattr(backup, "_for_each_file", after_some_rounds)
    with Busy(holiday) as busy:
        said = take(tmp_path / "backup")
    assert said == f"The backup is in {tmp_path / 'backup'}.\n"
    assert doomed[0] >= 7
    # The last round may have met the hold: the keeper's next look finds it ended.
    purge()
    assert not Image.objects.doomed().exists()
    restored = elsewhere.run("restore", str(tmp_path / "backup"))
    assert restored.returncode == 0, restored.stderr
    proof = elsewhere.run("verify", "--checksums", "--older-than", "0")
    assert (proof.returncode, proof.stdout) == (0, "Everything is as it should be.\n"), proof.stderr
    assert elsewhere.evaluates("Image.objects.undeleted().count()") in ("12", "13")
    assert elsewhere.evaluates("identity.check(), Runner.objects.exclude(token=None).count()") == "None 0"


def test_the_next_backup_into_the_same_folder_copies_what_is_new(tmp_path, alice, monkeypatch):
    holiday, copied = album(alice), []
    sound_bytes = backup.sound_bytes
    monkeypatch.setattr(backup, "sound_bytes", lambda file: (copied.append(file.name), sound_bytes(file))[1])
    made(holiday, 1, 2)
    take(tmp_path / "backup")
    assert set(copied) == stored()
    copied.clear()
    *_, new = made(holiday, 3)
    take(tmp_path / "backup")
    assert set(copied) == {name for name in stored() if name.startswith(new.storage_prefix)}


@pytest.mark.slow
def test_files_that_are_lost_are_told_and_the_rest_is_copied(tmp_path, alice, elsewhere):
    lost, kept = made(album(alice), 1, 2)
    lose(lost.original_file)
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("backup", tmp_path / "backup", stdout=said, stderr=said)
    assert ended.value.code == 1
    assert f"missing in the storage: {lost.original_file}" in said.getvalue()
    assert [(run.work, run.losses) for run in LastRun.objects.all()] == [("backup", 1)]
    assert (tmp_path / "backup/files" / kept.original_file).read_bytes() == original_bytes(kept)
    restored = elsewhere.run("restore", str(tmp_path / "backup"))
    assert (restored.returncode, restored.stderr) == (1, f"missing in the backup: {lost.original_file}\n")
    proof = elsewhere.run("verify")
    assert (proof.returncode, proof.stdout) == (1, f"missing original: {lost.original_file}\n")


@pytest.mark.parametrize("kind", ["original", "thumb"])
def test_a_file_whose_bytes_have_changed_is_told_and_copied_when_it_is_well_again(tmp_path, alice, kind):
    made(album(alice), 1)
    [file] = [name for name in stored() if kind in name]
    sound, copy = stored_bytes(file), tmp_path / "backup/files" / file
    put(file, bytes([sound[0] ^ 1]) + sound[1:])
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("backup", tmp_path / "backup", stdout=said, stderr=said)
    assert ended.value.code == 1
    assert f"missing in the storage: {file} (its " in said.getvalue()
    assert {path.name for path in copy.parent.iterdir()} == {Path(name).name for name in stored() - {file}}
    put(file, sound)
    take(tmp_path / "backup")
    assert copy.read_bytes() == sound


def test_only_the_operator_can_read_a_backup(tmp_path, alice):
    made(album(alice), 1)
    take(tmp_path / "mine/backup")
    found = [tmp_path / "mine", *(tmp_path / "mine").rglob("*")]
    modes = {("folder" if path.is_dir() else "file", path.stat().st_mode & 0o777) for path in found}
    assert modes == {("folder", 0o700), ("file", 0o600)}
    (tmp_path / "other").mkdir()
    assert (tmp_path / "other").stat().st_mode & 0o077


# ---- Ended early ------------------------------------------------------------------------------


def dump_in(target: Path) -> bytes:
    [dump] = target.glob("database.*")
    return dump.read_bytes()


def during_the_copy(monkeypatch, happens) -> None:
    sound_bytes = backup.sound_bytes
    monkeypatch.setattr(backup, "sound_bytes", lambda file: (happens(), sound_bytes(file))[1])


def test_an_older_backup_stays_until_the_new_one_is_whole(tmp_path, alice, monkeypatch):
    """A killed one clears nothing up, so what is there while it copies is what counts."""
    holiday, seen = album(alice), []
    made(holiday, 1)
    take(tmp_path)
    [database] = tmp_path.glob("database.*")
    before = database.read_bytes()
    (tmp_path / "database.killed.part").touch()
    made(holiday, 2)
    during_the_copy(monkeypatch, lambda: seen.append(database.read_bytes() == before))
    take(tmp_path)
    assert set(seen) == {True}
    assert dump_in(tmp_path) != before


def test_a_backup_on_a_full_disk_leaves_the_older_one_as_it_was(tmp_path, alice, monkeypatch):
    holiday = album(alice)
    made(holiday, 1)
    take(tmp_path / "backup")
    before = dump_in(tmp_path / "backup")
    made(holiday, 2)

    def no_room(draft, final):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(backup, "rename_durably", no_room)
        with pytest.raises(CommandError, match="No space left"):
            take(tmp_path / "backup")
    assert dump_in(tmp_path / "backup") == before
    assert not list(tmp_path.rglob("*.part"))
    take(tmp_path / "backup")
    assert dump_in(tmp_path / "backup") != before


def test_bytes_are_on_the_disk_before_their_names_and_files_before_the_dump(tmp_path, alice, monkeypatch):
    made(album(alice), 1)
    steps, sync, rename = [], os.fsync, Path.rename

    def seen_sync(descriptor):
        steps.append(("fsync", Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    def seen_rename(self, target):
        assert steps.count(("fsync", self)) == 1
        steps.append(("name", target))
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", seen_sync)
    monkeypatch.setattr(Path, "rename", seen_rename)
    monkeypatch.setattr(os, "sync", lambda: steps.append(("sync", "all")))
    take(tmp_path)
    [database] = tmp_path.glob("database.*")
    draft = steps[-3][1]
    assert steps[-4:] == [("sync", "all"), ("fsync", draft), ("name", database), ("fsync", tmp_path)]
    assert {path for step, path in steps[:-4] if step == "name"} == {tmp_path / "files" / name for name in stored()}


# ---- Deletions are held back ------------------------------------------------------------------


def test_a_backup_whose_hold_ran_out_while_it_copied_is_refused(tmp_path, alice, monkeypatch):
    made(album(alice), 1)
    ended = timezone.now() - timedelta(seconds=1)
    during_the_copy(monkeypatch, lambda: (Runner.objects.update(leased_until=ended), connections.close_all()))
    with pytest.raises(CommandError, match="took too long"):
        take(tmp_path)
    assert not list(tmp_path.glob("database.*"))


@pytest.mark.parametrize(("seconds", "renewals"), [(3600, 1), (0, "each")])
def test_the_hold_is_renewed_by_time_between_any_two_files(tmp_path, alice, monkeypatch, seconds, renewals):
    made(album(alice), 1)
    files, renewed, renew = len(stored()), [], locks.Lock.extend
    monkeypatch.setattr(backup, "EXTEND_LOCK_SECONDS", seconds)
    monkeypatch.setattr(locks.Lock, "extend", lambda self: (renewed.append(1), renew(self))[1])
    take(tmp_path)
    after_the_dump = before_its_name = 1
    assert len(renewed) == after_the_dump + (files if renewals == "each" else renewals) + before_its_name


def test_two_backups_at_once_are_one_too_many(tmp_path, alice):
    with locks.hold(locks.BACKUP, backup.BACKUP_LEASE), pytest.raises(CommandError, match="being taken"):
        take(tmp_path / "backup")


def test_a_dump_that_took_longer_than_deletions_were_held_back_is_refused(tmp_path, alice, monkeypatch):
    monkeypatch.setattr(locks.Lock, "extend", lambda self: False)
    with pytest.raises(CommandError, match="took too long"):
        take(tmp_path / "backup")


def test_a_store_that_is_in_use_is_not_restored_over(tmp_path, alice):
    take(tmp_path / "backup")
    with pytest.raises(CommandError, match="The database is not empty"):
        call_command("restore", tmp_path / "backup")


@pytest.mark.slow
def test_a_storage_that_holds_files_is_not_restored_over(tmp_path, alice, elsewhere):
    take(tmp_path / "backup")
    elsewhere.storage().save("stranger", ContentFile(b"mine"))
    refused = elsewhere.run("restore", str(tmp_path / "backup"))
    assert (refused.returncode, "The storage is not empty" in refused.stderr) == (2, True)


@pytest.mark.slow
def test_a_folder_without_a_dump_restores_nothing(tmp_path, elsewhere):
    refused = elsewhere.run("restore", str(tmp_path))
    assert (refused.returncode, "is no backup that this database can take" in refused.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.skipif(
    os.environ["DATABASE_URL"].startswith("mysql"), reason="the dump of MySQL is a text, which cannot be made older"
)
def test_a_backup_of_an_older_version_is_restored_and_migrated(tmp_path, alice, elsewhere):
    image, target = received(album(alice)), tmp_path / "backup"
    take(target)
    older = Elsewhere(tmp_path, f"sqlite:///{database_dump.file_in(target)}")
    assert older.run("migrate", "images", "0007").returncode == 0
    restored = elsewhere.run("restore", str(target))
    assert (restored.returncode, restored.stderr) == (0, "")
    assert elsewhere.evaluates("Image.objects.get().public_id") == str(image.public_id)
    assert elsewhere.run("rebuild_search").returncode == 0
    assert elsewhere.run("verify", "--checksums").returncode == 0


@pytest.mark.slow
def test_open_uploads_end_with_a_restore_for_no_backup_has_their_bytes(tmp_path, alice, elsewhere):
    begun(album(alice), jpeg_bytes(64, 48))
    take(tmp_path / "backup")
    assert elsewhere.run("restore", str(tmp_path / "backup")).returncode == 0
    assert elsewhere.evaluates("Upload.objects.count()") == "0"


@pytest.mark.skipif(on_s3(), reason="about a storage that is a folder")
def test_a_backup_among_the_images_is_refused(alice):
    folder = Path(image_storage().location, "backup")
    with pytest.raises(backup.Refused):
        backup.backup(folder, lambda done, total: None)
    assert not folder.exists()
