"""A store whose table of sizes changes: every image gets them by itself, whatever kills the server meanwhile."""

import json
import re
import shutil
from pathlib import Path

import pytest

from images.processing.sizes import RENDER_VERSION
from tests.faults.counts import count
from tests.faults.invariants import check
from tests.faults.manage_command import begin
from tests.faults.recording_user import RecordingUser, picture
from tests.faults.stops.stop_points import CONVERGING
from tests.faults.store import Store, wait_for
from tests.servers import AS_DELIVERED, ROOT

PRODUCT = ("accounts", "albums", "images", "imagestore", "deploy", "static", "templates")
SIZES = re.compile(r"^(SIZES = \{.*)\}$", re.MULTILINE)
VERSION = f"RENDER_VERSION = {RENDER_VERSION}"
NEWER = RENDER_VERSION + 1
IMAGES = 6
NEW_SIZE = "vast"


def newer_product(folder: Path) -> Path:
    """The product of a later day: one more size, and all of them in another version."""
    for part in PRODUCT:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    for file in ("manage.py", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / file, folder / file)
    table = folder / "images" / "processing" / "sizes.py"
    today = table.read_text()
    assert VERSION in today
    more, tables = SIZES.subn(rf'\1, "{NEW_SIZE}": 4096}}', today)
    assert tables == 1
    table.write_text(more.replace(VERSION, f"RENDER_VERSION = {NEWER}"))
    return folder


def variants(store: Store) -> list[dict[str, dict[str, str]]]:
    return [json.loads(row["variants"]) for row in store.query("SELECT variants FROM images_image ORDER BY id")]


def converged(store: Store) -> int:
    return sum(
        NEW_SIZE in image and all(f".v{NEWER}." in variant["file"] for variant in image.values())
        for image in variants(store)
    )


def test_a_new_size_and_version_reach_every_image_through_kills(new_store, tmp_path: Path) -> None:
    store: Store = new_store(**AS_DELIVERED)
    alice = RecordingUser.sign_up(store, "alice")
    album = alice.album()
    images = [alice.store_image(album, picture(2400, 1600)) for _ in range(IMAGES)]
    for image in images:
        assert alice.wait_until_made(image)["status"] == "ready"
    store.kill()
    store.root = newer_product(tmp_path)
    for step in CONVERGING:
        store.arm(step)
        store.start()
        store.wait_for_hit()
        store.die()
        # The lease of the dead ends now instead of in half a minute.
        store.operator("expire_leases")
    store.start()
    shown = alice.ask("GET", f"albums/{album}/images/")
    assert shown is not None
    results = shown.json()["results"]
    assert {image["status"] for image in results} == {"ready"}
    assert all(image["variants"][NEW_SIZE] for image in results)
    wait_for(lambda: converged(store) == IMAGES, "all images with all sizes of the new version", 60)
    count("images converged", IMAGES)
    check(store, alice)
    assert not any(f".v{RENDER_VERSION}." in name for name in store.names())


@pytest.mark.faults_full
def test_the_command_converges_beside_the_server_and_through_kills(new_store, tmp_path: Path) -> None:
    store: Store = new_store(**AS_DELIVERED)
    alice = RecordingUser.sign_up(store, "alice")
    album = alice.album()
    for image in [alice.store_image(album, picture(2400, 1600)) for _ in range(2 * IMAGES)]:
        assert alice.wait_until_made(image)["status"] == "ready"
    store.kill()
    store.root = newer_product(tmp_path)
    store.start()
    first = begin(store, "render_again")
    wait_for(lambda: converged(store) > 1, "the first images", 30)
    first.kill()
    first.communicate()
    store.operator("expire_leases")
    second = begin(store, "render_again")
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 0, said
    wait_for(lambda: converged(store) == 2 * IMAGES, "all images with all sizes of the new version", 60)
    check(store, alice)
    assert not any(f".v{RENDER_VERSION}." in name for name in store.names())
