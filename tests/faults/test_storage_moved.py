"""A move to another storage that is killed at each of its steps: the next run goes on, and every byte arrives."""

from pathlib import Path

from tests.faults.counts import count
from tests.faults.manage_command import begin, manage
from tests.faults.recording_user import RecordingUser, picture
from tests.faults.stops.stop_points import MOVING_STORAGE
from tests.faults.store import Store

KILLED = -9


def test_a_move_goes_on_after_each_kill(new_store, tmp_path: Path) -> None:
    store: Store = new_store()
    alice = RecordingUser.sign_up(store, "alice")
    store.kill()
    (tmp_path / "photos").mkdir()
    for number in range(5):
        (tmp_path / "photos" / f"{number}.png").write_bytes(picture())
    manage(store, "import_folder", alice.email, tmp_path / "photos")
    store.env["NEW_STORAGE_URL"] = new = f"file://{tmp_path}/new"
    for step in MOVING_STORAGE:
        store.arm(step)
        process = begin(store, "migrate_storage", "--finish")
        said, _ = process.communicate(timeout=120)
        assert process.returncode == KILLED, f"{step}: {said}"
        count("kills survived")
    store.disarm()
    assert "images copied: 0" in manage(store, "migrate_storage", "--finish")
    store.env["STORAGE_URL"] = new
    assert "this store's storage already" in manage(store, "migrate_storage", ends=2)
    manage(store, "verify", "--checksums", "--older-than=0")
    store.start()
