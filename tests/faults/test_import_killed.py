"""An import that is killed in its midst, again and again: the next run goes on, and everything is there once."""

from pathlib import Path

from tests.faults.counts import count
from tests.faults.invariants import check
from tests.faults.manage_command import begin, manage
from tests.faults.recording_user import RecordingUser, picture
from tests.faults.stops.stop_points import RECEIVING
from tests.faults.store import Store

FOLDERS = ("Rose", "Rosé", "foto", "Foto")
PICTURES = 15
# The first two steps and the last are those of requests.
STEPS = RECEIVING[2:9]
KILLED = -9


def test_an_import_goes_on_after_each_kill(new_store, tmp_path: Path) -> None:
    store: Store = new_store()
    alice = RecordingUser.sign_up(store, "alice")
    contents = {folder: [picture() for _ in range(PICTURES)] for folder in FOLDERS}
    for folder, pictures in contents.items():
        (tmp_path / folder).mkdir()
        for number, content in enumerate(pictures):
            (tmp_path / folder / f"{number}.png").write_bytes(content)
    # Without a server: it passes some of these steps, too, when it renders.
    store.kill()
    for step in STEPS:
        store.arm(step.where, nth=step.nth + 3)
        process = begin(store, "import_folder", alice.email, tmp_path)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == KILLED, f"{step}: {said}"
        count("kills survived")
    store.disarm()
    assert "not stored: 0" in manage(store, "import_folder", alice.email, tmp_path)
    store.start()
    check(store)
    rows = store.query(
        "SELECT title, COUNT(*) AS images, COUNT(DISTINCT sha256) AS contents FROM images_image "
        "JOIN albums_album ON albums_album.id = album_id WHERE images_image.status = 'ready' "
        "GROUP BY album_id, title"
    )
    assert sorted((row["title"], row["images"], row["contents"]) for row in rows) == sorted(
        (folder, PICTURES, PICTURES) for folder in FOLDERS
    )
    assert store.scalar("SELECT COUNT(*) FROM albums_album") == len(FOLDERS)
    said = manage(store, "import_folder", alice.email, tmp_path)
    assert "stored: 0\nthere already: 60" in said
