"""F23 and the hostile files: neither one user's flood nor poison keeps others waiting."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from images.tests.corpus import needs_corpus, samples
from tests.faults.counts import count
from tests.faults.invariants import check, images_of
from tests.faults.recording_user import RecordingUser, Sent, at_once, picture
from tests.faults.store import Store

# The first thumbnail of a user who is alone takes well under a second; threefold slack, on a busy machine.
QUICK = 6
# What the server's memory may grow by; 5,000 files were seen to take 23 MiB (KiB).
MEMORY = 3 * 23 * 1024


def rain(person: RecordingUser, album: str, contents: list[bytes], names: list[str] | None = None) -> list[dict]:
    """Many files in bulk requests; what became of each."""
    results = []
    for start in range(0, len(contents), 50):
        some = contents[start : start + 50]
        count("uploads tried", len(some))
        answer = person.bulk(
            album, [((names or ["photo.jpg"] * len(contents))[start + n], c) for n, c in enumerate(some)]
        )
        assert answer.status_code == 207, answer.text
        for content, result in zip(some, answer.json()["results"], strict=True):
            if result["status"] in (200, 201):
                count("uploads acknowledged")
                person.record.stored[result["image"]["id"]] = Sent(album, content)
            else:
                assert result["status"] < 500 or result["status"] == 503, result
                person.record.refused.append(Sent(album, content))
            results.append(result)
    return results


def memory_of(store: Store) -> int:
    """What the server has in memory, in KiB."""
    status = Path(f"/proc/{store.worker()}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


@pytest.mark.parametrize("number", [40, pytest.param(5000, marks=pytest.mark.faults_full)])
def test_a_flood_of_one_user_leaves_the_other_ones_first_picture_quick(
    new_store: Callable[..., Store], number: int
) -> None:
    """Users take turns: a long queue of one is no queue of another, and no load on memory."""
    store = new_store(RENDER_WORKERS="1")
    alice, bob = RecordingUser.sign_up(store, "alice"), RecordingUser.sign_up(store, "bob")
    album, other = alice.album(), bob.album()
    one = picture(1600, 1200)
    # Other bytes each, and one encoding: what follows the end of a JPEG is nobody's.
    contents = [one + str(n).encode() for n in range(number)]
    rain(alice, album, contents[:20])
    before = memory_of(store)
    rain(alice, album, contents[20:])
    assert memory_of(store) - before < MEMORY
    started = time.monotonic()
    image = bob.store_image(other)
    assert bob.wait_until_made(image)["status"] == "ready"
    seconds = time.monotonic() - started
    waiting = store.scalar("SELECT COUNT(*) FROM images_image WHERE status = 'pending'")
    assert waiting > number / 5, "the flood was over before it could keep anybody waiting"
    assert seconds < QUICK
    # What waits need not be made before it goes.
    alice.erase_album(album)
    check(store, alice, bob)


@needs_corpus
@pytest.mark.parametrize("share", [60, pytest.param(10_000, marks=pytest.mark.faults_full)], ids=["some", "all"])
def test_hostile_files_in_one_go_while_good_ones_keep_flowing(
    store: Store, alice: RecordingUser, share: int
) -> None:
    """Each ends refused, READY, or FAILED with a reason; good ones never wait for them, or pay for them."""
    hostile = samples("hostile")
    chosen = random.Random(1).sample(hostile, min(share, len(hostile)))
    contents = [sample.path.read_bytes() for sample in chosen]
    mallory = RecordingUser.sign_up(store, "mallory")
    mallory.record.may_fail |= {Sent("", content).sha256 for content in contents}
    album, good = mallory.album(), alice.album()
    over = []

    def poison() -> None:
        rain(mallory, album, contents, [sample.path.name for sample in chosen])
        over.append(True)

    def flow() -> list[float]:
        waits = []
        while not over:
            started = time.monotonic()
            assert alice.wait_until_made(alice.store_image(good))["status"] == "ready"
            waits.append(time.monotonic() - started)
        return waits

    waits = at_once([poison, flow])[1]
    count("hostile files fed", len(chosen))
    assert waits
    assert sorted(waits)[len(waits) // 2] < QUICK
    check(store, alice, mallory)
    rows = images_of(store)
    assert all(rows[image]["error_code"] for image in mallory.record.stored if rows[image]["status"] == "failed")
    assert all(rows[image]["attempts"] == 0 for image in alice.record.stored)
