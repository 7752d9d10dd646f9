"""F24: a backup while many upload and delete, restored elsewhere; and one that is killed."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.background_load import SEED, BackgroundLoad, sign_up_users
from tests.faults.counts import count
from tests.faults.invariants import check, images_of, settle
from tests.faults.manage_command import begin, manage
from tests.faults.recording_user import Record, RecordingUser, Sent, through
from tests.faults.stops.stop_points import BACKING_UP, Step
from tests.faults.store import Store
from tests.mariadb import fresh_schema


@dataclass
class Moment:
    """What one user was told by then."""

    stored: dict[str, Sent]
    gone: set[str]

    @classmethod
    def of(cls, user: RecordingUser) -> "Moment":
        return cls(dict(user.record.stored), set(user.record.gone))

    def after_restore(self, now: Record) -> Record:
        """What was uploaded or deleted since then may be there or not; all else is as it was."""
        since = (set(now.stored) - set(self.stored)) | (now.gone - self.gone) | now.maybe_gone
        return Record(stored=now.stored | self.stored, gone=set(self.gone), maybe_gone=since)


@contextmanager
def empty_place(like: Store, folder: Path) -> Iterator[Store]:
    """Another machine: nothing of the first store's but its keys, which are in the environment here."""
    with ExitStack() as stack:
        url = like.env["DATABASE_URL"]
        database = stack.enter_context(fresh_schema(url)) if url.startswith("mysql") else ""
        place = Store(folder, database)
        stack.callback(place.end)
        place.data.mkdir(parents=True)
        yield place


def restored_and_sound(place: Store, backup: Path) -> None:
    manage(place, "restore", backup)
    manage(place, "verify", "--checksums")
    place.start()


def held_to(place: Store, users: list[RecordingUser], moments: list[Moment]) -> None:
    """The restored store keeps what was promised before its backup began."""
    restored_users = [through(user, place) for user in users]
    for user, moment in zip(restored_users, moments, strict=True):
        user.record = moment.after_restore(user.record)
    check(place, *restored_users)


@pytest.mark.parametrize("seconds", [1, pytest.param(30, marks=pytest.mark.faults_full)])
def test_a_backup_under_load_restores_what_was_acknowledged_before(
    store: Store, tmp_path: Path, seconds: int
) -> None:
    print(f"FAULT_SEED={SEED}")
    users, backup = sign_up_users(store, people=3), tmp_path / "backup"
    with BackgroundLoad(users, SEED).running():
        time.sleep(seconds)
        moments = [Moment.of(user) for user in users]
        manage(store, "backup", backup)
        time.sleep(0.5)
    # The files that the hold protected are removed now, without a command.
    check(store, *users)
    assert all(moment.stored for moment in moments)
    with empty_place(store, tmp_path / "elsewhere") as place:
        restored_and_sound(place, backup)
        held_to(place, users, moments)


@pytest.mark.faults_full
def test_nothing_leaves_the_storage_between_the_rows_and_their_files(store: Store, tmp_path: Path) -> None:
    """Deleted for ever just after the database was copied: hidden here at once, whole in the backup."""
    [alice] = sign_up_users(store, people=1)
    album = alice.albums()[0]["id"]
    images = [alice.store_image(album) for _ in range(4)]
    settle(store)
    moment = Moment.of(alice)
    store.arm(BACKING_UP[0], "pause")
    backing_up = begin(store, "backup", tmp_path / "backup")
    store.wait_for_hit()
    for image in images[:2]:
        assert alice.erase(image).status_code == 204
        assert alice.get(f"images/{image}/").status_code == 404
    store.operator("reconcile")
    late = alice.store_image(album)
    store.go_on()
    said, _ = backing_up.communicate(timeout=60)
    assert backing_up.returncode == 0, said
    check(store, alice)
    with empty_place(store, tmp_path / "elsewhere") as place:
        restored_and_sound(place, tmp_path / "backup")
        assert set(images_of(place)) & {*images, late} == set(images)
        held_to(place, [alice], [moment])


STEPS = [BACKING_UP[0], pytest.param(BACKING_UP[1], marks=pytest.mark.faults_full)]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_killed_backup_holds_deletions_back_for_its_hour_only(store: Store, tmp_path: Path, step: Step) -> None:
    """Meanwhile nobody sees what was deleted; afterwards it goes, and the next backup goes into the same folder."""
    [alice] = sign_up_users(store, people=1)
    album = alice.albums()[0]["id"]
    alice.store_image(album)
    goes = alice.store_image(album)
    settle(store)
    store.arm(step, "kill")
    killed = begin(store, "backup", tmp_path / "backup")
    said, _ = killed.communicate(timeout=60)
    assert killed.returncode == -9, said
    count("kills survived")
    alice.erase(goes)
    store.operator("reconcile")
    assert images_of(store)[goes]["status"] == "doomed"
    assert "killed less than an hour ago" in manage(store, "backup", tmp_path / "other", ends=2)
    assert 0 < store.operator("seconds_of_hold") <= 3600
    store.operator("end_backup")
    check(store, alice)
    manage(store, "backup", tmp_path / "backup")
    files = tmp_path / "backup" / "files"
    copied = {str(path.relative_to(files)) for path in files.rglob("*") if path.is_file()}
    assert store.names() <= copied


@pytest.mark.parametrize("nth", [pytest.param(number, marks=pytest.mark.faults_full) for number in (1, 2)])
def test_a_killed_restore_is_no_store_that_starts(store: Store, tmp_path: Path, nth: int) -> None:
    """And begun again, into a place that is empty again, it ends."""
    [alice] = sign_up_users(store, people=1)
    for album in alice.albums():
        alice.store_image(album["id"])
    check(store, alice)
    moment = Moment.of(alice)
    manage(store, "backup", tmp_path / "backup")
    with empty_place(store, tmp_path / "half") as place:
        place.arm(BACKING_UP[2].where, "kill", nth)
        killed = begin(place, "restore", tmp_path / "backup")
        said, _ = killed.communicate(timeout=60)
        assert killed.returncode == -9, said
        count("kills survived")
        with pytest.raises(RuntimeError, match="storage is not ready"):
            place.start()
        assert "not empty" in manage(place, "restore", tmp_path / "backup", ends=2)
    with empty_place(store, tmp_path / "whole") as place:
        restored_and_sound(place, tmp_path / "backup")
        held_to(place, [alice], [moment])
