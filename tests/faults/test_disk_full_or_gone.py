"""F7: disks that are full, read-only, or gone; small file systems of our own, so this wants root."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from images.tests.pictures import saved
from tests.faults.conftest import open_store
from tests.faults.counts import count
from tests.faults.invariants import check, images_of, settle
from tests.faults.recording_user import RecordingUser, picture
from tests.faults.store import Store, skip_unless_root, wait_for
from tests.seaweed import on_s3

pytestmark = pytest.mark.skipif(on_s3(), reason="about local disks: images are in an S3 bucket in this run")
MEGABYTE = 2**20
# Images that wait a while for the storage, and are held by nobody.
PAUSED = "SELECT COUNT(*) FROM images_image WHERE leased_until IS NOT NULL AND lease_token IS NULL"


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of this size in that folder; whatever still works in it loses it at the end."""
    skip_unless_root()
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    """Busy for as long as a removed file is still held, which Landlock does a moment longer than the child."""
    command = ["mount", "-o", f"remount,{how}", str(folder)]
    wait_for(lambda: subprocess.run(command, capture_output=True).returncode == 0, f"remount,{how}", seconds=10)


@contextmanager
def filled(folder: Path, leave: int = 0) -> Iterator[None]:
    """No more than so many bytes are left there."""
    # Landlock frees what a child was allowed to read some moments after its end.
    time.sleep(0.5)
    filler = folder / "filler"
    free = os.statvfs(folder)
    with filler.open("wb") as file:
        file.write(bytes(max(0, free.f_bavail * free.f_frsize - leave)))
    try:
        yield
    finally:
        filler.unlink()


def noise(side: int = 700) -> bytes:
    """About a megabyte and a half that nothing makes smaller."""
    dots = np.frombuffer(os.urandom(side * side * 3), np.uint8).reshape(side, side, 3)
    return saved(Image.fromarray(dots), "PNG")


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Small disks for images and for staging."""
    data = tmp_path_factory.mktemp("small-disks") / "data"
    with small_disk(data / "images", "8m") as images, small_disk(data / "staging", "6m") as staging:
        yield images, staging


@pytest.fixture(scope="module")
def one_store(disks: tuple[Path, Path]) -> Iterator[Store]:
    store, stack = open_store(disks[0].parent.parent, {})
    with stack:
        yield store


@pytest.fixture
def store(one_store: Store) -> Iterator[Store]:
    one_store.stand_up()
    yield one_store
    one_store.disarm()
    # The next test wants the room.
    one_store.operator("erase_everything")


def is_refused(user: RecordingUser, album: str, content: bytes) -> str:
    """A clear 503; nothing half visible, and the quota is as before. Returns the sentence."""
    before = user.get("users/me/", expect=200).json()["quota"], len(user.images(album))
    answer = user.send(album, content)
    assert answer is not None
    assert (answer.status_code, answer.json().get("code")) == (503, "storage_unavailable"), answer.text
    user.record.unknown.pop()
    assert (user.get("users/me/", expect=200).json()["quota"], len(user.images(album))) == before
    return str(answer.json()["detail"])


def test_a_full_disk_of_images_refuses_and_keeps_what_it_has(
    store: Store, disks: tuple[Path, Path], alice: RecordingUser
) -> None:
    album = alice.album()
    stays = alice.store_image(album, noise())
    settle(store)
    with filled(disks[0], leave=MEGABYTE):
        refused = is_refused(alice, album, noise())
        assert "The disk of the store is full" in refused
        assert "No space left on device" in store.log.read_text()
        count("outages survived")
        # Reading goes on, small ones still fit.
        assert alice.get(f"images/{stays}/file/").status_code == 200
        alice.store_image(album)
    settle(store)
    alice.store_image(album, noise())
    check(store, alice)


def test_deleting_frees_bytes_on_a_full_disk(store: Store, disks: tuple[Path, Path], alice: RecordingUser) -> None:
    album = alice.album()
    stored = []
    while True:
        content = noise()
        answer = alice.send(album, content)
        assert answer is not None
        if answer.status_code == 503:
            alice.record.unknown.pop()
            break
        stored.append(answer.json()["id"])
    count("outages survived")
    assert len(stored) >= 2
    answer = alice.erase(stored[0])
    assert answer is not None
    assert answer.status_code == 204
    answer = alice.erase(stored[1])
    assert answer is not None
    assert answer.status_code == 204
    settle(store)
    alice.store_image(album, content)
    check(store, alice)


def test_a_disk_that_fills_up_while_sizes_are_stored_fails_no_image(
    store: Store, disks: tuple[Path, Path], alice: RecordingUser
) -> None:
    """It waits for room: the picture is not to blame."""
    album = alice.album()
    store.arm("images.rendering.variants:render_in_child:after", "pause")
    image = alice.store_image(album, noise())
    store.wait_for_hit()
    with filled(disks[0]):
        store.go_on()
        wait_for(lambda: store.scalar(PAUSED), "the failure")
        assert alice.state_of(image)["status"] == "pending"
        count("outages survived")
    check(store, alice)
    assert images_of(store)[image]["attempts"] == 0


def test_a_full_staging_refuses_and_fails_no_image(
    store: Store, disks: tuple[Path, Path], alice: RecordingUser
) -> None:
    """Bytes that arrive, and sizes that are made, have no room."""
    album = alice.album()
    store.arm("images.rendering.queue:claim_next:after", "pause")
    image = alice.store_image(album, noise())
    store.wait_for_hit()
    with filled(disks[1], leave=8192):
        is_refused(alice, album, noise())
        store.go_on()
        wait_for(lambda: store.scalar(PAUSED), "the failure")
        count("outages survived")
    check(store, alice)
    row = images_of(store)[image]
    assert (row["status"], row["attempts"]) == ("ready", 0)


@pytest.mark.parametrize("which", [0, 1], ids=["images", "staging"])
def test_a_read_only_disk_refuses_uploads_and_serves_on(
    store: Store, disks: tuple[Path, Path], alice: RecordingUser, which: int
) -> None:
    album = alice.album()
    stays, goes = alice.store_image(album), alice.store_image(album)
    settle(store)
    remount(disks[which], "ro")
    is_refused(alice, album, picture())
    assert alice.get(f"images/{stays}/file/").status_code == 200
    answer = alice.erase(goes)
    assert answer is not None
    assert answer.status_code == 204
    assert alice.get(f"images/{goes}/").status_code == 404
    count("outages survived")
    remount(disks[which], "rw")
    alice.store_image(album)
    check(store, alice)


def test_an_empty_folder_where_the_disk_was_removes_nothing(
    store: Store, disks: tuple[Path, Path], alice: RecordingUser
) -> None:
    """The disk is not mounted any more: no row goes for the sake of an empty folder."""
    album = alice.album()
    stays, goes = alice.store_image(album), alice.store_image(album)
    settle(store)
    with small_disk(disks[0], "1m"):
        is_refused(alice, album, picture())
        answer = alice.erase(goes)
        assert answer is not None
        assert answer.status_code == 204
        store.operator("reconcile")
        assert store.scalar("SELECT COUNT(*) FROM images_image WHERE status = 'doomed'") >= 1
        assert list(disks[0].rglob("*")) == []
        count("outages survived")
    assert alice.get(f"images/{stays}/file/").status_code == 200
    check(store, alice)


def down(store: Store) -> list[str]:
    """What `ready` names. The process lives whatever happens to its disks."""
    assert requests.get(f"{store.url}/healthz/live", timeout=2).status_code == 200
    answer = requests.get(f"{store.url}/healthz/ready", timeout=2)
    named: list[str] = answer.json()["down"]
    assert answer.status_code == (503 if named else 200)
    return named


def test_health_names_what_is_wrong_with_a_disk(tmp_path: Path) -> None:
    with ExitStack() as stack:
        images, staging = (
            stack.enter_context(small_disk(tmp_path / "data" / of, "8m")) for of in ("images", "staging")
        )
        store, closing = open_store(tmp_path, {"MAX_UPLOAD_BYTES": "1M"})
        stack.enter_context(closing)
        found = {"well": down(store)}
        for name, disk in {"images": images, "staging": staging}.items():
            with filled(disk):
                found[f"full {name}"] = down(store)
            remount(disk, "ro")
            found[f"read-only {name}"] = down(store)
            remount(disk, "rw")
        with small_disk(images, "4m"):
            found["another disk"] = down(store)
        found["well again"] = down(store)
    count("outages survived", 5)
    assert found == {
        "well": [],
        "full images": ["space"],
        "read-only images": ["storage"],
        "full staging": ["space"],
        "read-only staging": ["space"],
        "another disk": ["storage"],
        "well again": [],
    }


@pytest.mark.faults_full
def test_no_inodes_left_is_a_full_disk_too(tmp_path: Path) -> None:
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(tmp_path / "data/images", "8m,nr_inodes=60"))
        store, closing = open_store(tmp_path, {})
        stack.enter_context(closing)
        alice = RecordingUser.sign_up(store, "alice")
        album = alice.album()
        while True:
            answer = alice.send(album)
            assert answer is not None
            if answer.status_code == 503:
                break
        count("outages survived")
        remount(disk, "nr_inodes=10000")
        check(store, alice)
