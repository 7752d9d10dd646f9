"""F8, F17: object storage fails, hangs, lies, dies, or does not remove what it should, under a whole store."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from tests.faults.background_load import SEED, BackgroundLoad, sign_up_users
from tests.faults.conftest import open_store
from tests.faults.counts import count
from tests.faults.image_files import Bucket
from tests.faults.invariants import check, images_of, prefix_of, settle
from tests.faults.recording_user import RecordingUser, at_once, heavy_picture
from tests.faults.s3_outages import (
    DOOMED,
    PAUSED,
    Weed,
    broken,
    cannot_be_read,
    full,
    is_erased,
    is_read,
    is_refused,
    is_well_again,
    put_through,
)
from tests.faults.s3_proxy import Fault, Proxy
from tests.faults.stops.stop_points import DELETING, REMOVING_OBJECTS, RENDERING, Step
from tests.faults.store import Store, wait_for


@pytest.fixture(scope="module")
def weed() -> Iterator[Weed]:
    with Weed() as started:
        yield started


@pytest.fixture(scope="module")
def proxy(weed: Weed) -> Iterator[Proxy]:
    with Proxy(weed) as started:
        yield started


@pytest.fixture(scope="module")
def own_store(weed: Weed, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    bucket = Bucket(weed, "store", proxy.port)
    store, closing = open_store(tmp_path_factory.mktemp("s3-store"), {}, bucket)
    with closing:
        yield store


@pytest.fixture
def store(own_store: Store) -> Iterator[Store]:
    own_store.stand_up()
    yield own_store
    own_store.disarm()


# ---- F8: writes fail ------------------------------------------------------------------------

BY_TURNS = (
    Fault("PUT", times=1, silent=True), Fault("PUT", times=3, status=503, code="SlowDown"),
    Fault("PUT", times=3, cut_request=300), Fault("PUT", times=3, headers={"x-amz-checksum-sha256": "AAAA"}),
    Fault("PUT", status=500),
)  # fmt: skip


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(BY_TURNS, id="by turns"),
        full([Fault("PUT", status=500)], name="500"),
        full([Fault("PUT", status=503, code="SlowDown")], name="slow down"),
        full([Fault("PUT", status=403, code="RequestTimeTooSkewed")], name="clock"),
        full([Fault("PUT", status=404, code="NoSuchBucket")], name="no bucket"),
        full([Fault("PUT", silent=True)], name="silent"),
        full([Fault("PUT", cut_request=300)], name="reset in mid body"),
        full([Fault("PUT", cut_answer=0, headers={"Content-Length": "9"})], name="answer without an end"),
        full([Fault("PUT", headers={"x-amz-checksum-sha256": "AAAA"})], name="another checksum"),
        full([Fault("PUT", corrupt_request=True)], name="altered on its way"),
    ],
)
def test_writes_fail_and_reads_go_on(store: Store, proxy: Proxy, alice: RecordingUser, faults: list[Fault]) -> None:
    put_through(store, proxy, alice, broken(proxy, *faults), is_read)


@pytest.mark.faults_full
@pytest.mark.parametrize(
    "fault", [Fault(silent=True), Fault(status=500), Fault(cut_request=0)], ids=["silent", "500", "reset"]
)
def test_nothing_works_any_more(store: Store, proxy: Proxy, alice: RecordingUser, fault: Fault) -> None:
    put_through(store, proxy, alice, broken(proxy, fault), cannot_be_read)


@pytest.mark.faults_full
def test_bytes_that_arrive_after_the_refusal_do_not_stay(store: Store, proxy: Proxy, alice: RecordingUser) -> None:
    """The server gave up waiting; the storage did not."""
    put_through(store, proxy, alice, broken(proxy, Fault("PUT", late=6)), is_read)


@pytest.mark.faults_full
def test_a_kilobyte_a_second_is_an_outage_for_what_is_large(
    store: Store, proxy: Proxy, alice: RecordingUser
) -> None:
    """An upload and sizes end in bounded time; what is small is served."""
    worker, album = store.worker(), alice.album()
    stays = alice.store_image(album)
    settle(store)
    store.arm(RENDERING[0], "pause")
    made = alice.store_image(album, heavy_picture())
    store.wait_for_hit()
    with broken(proxy, Fault(speed=1024)):
        store.go_on()
        refused, _ = at_once([lambda: alice.send(album, heavy_picture()), lambda: is_read(alice, stays)])
        is_refused(refused)
        wait_for(lambda: store.scalar(PAUSED), "the sizes to be given up", seconds=90)
    assert images_of(store)[made]["attempts"] == 0
    is_well_again(store, proxy, worker, alice)


# ---- F8: reads fail -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("GET", status=503, code="SlowDown"), id="slow down"),
        full(Fault("GET", silent=True), name="silent"),
        full(Fault("GET", status=403, code="RequestTimeTooSkewed"), name="clock"),
        full(Fault("GET", status=404, code="NoSuchBucket"), name="no bucket"),
    ],
)
def test_reads_fail_and_uploads_go_on(store: Store, proxy: Proxy, alice: RecordingUser, fault: Fault) -> None:
    """What waits for its sizes is not called damaged; a deletion's files go later."""
    worker, album = store.worker(), alice.album()
    stays, goes = alice.store_image(album), alice.store_image(album)
    settle(store)
    with broken(proxy, fault):
        made, _, _ = at_once([lambda: alice.store_image(album), lambda: cannot_be_read(alice, stays),
                              lambda: is_erased(alice, goes)])  # fmt: skip
        wait_for(lambda: store.scalar(PAUSED), "the sizes to be given up")
        assert alice.state_of(made)["status"] == "pending"
    is_well_again(store, proxy, worker, alice)


@pytest.mark.faults_full
@pytest.mark.parametrize(
    "fault", [Fault("/original", cut_answer=100), Fault("/original", corrupt_answer=True)], ids=["cut", "altered"]
)
def test_bytes_that_do_not_arrive_whole_make_no_sizes(
    store: Store, proxy: Proxy, alice: RecordingUser, fault: Fault
) -> None:
    worker, album = store.worker(), alice.album()
    store.arm(RENDERING[0], "pause")
    made = alice.store_image(album, heavy_picture())
    store.wait_for_hit()
    with broken(proxy, fault):
        store.go_on()
        wait_for(lambda: store.scalar(PAUSED), "the sizes to be given up")
    assert alice.state_of(made)["status"] == "pending"
    is_well_again(store, proxy, worker, alice)


# ---- F8: the server itself ------------------------------------------------------------------


def test_the_storage_is_killed_in_the_middle_of_uploads(
    store: Store, proxy: Proxy, weed: Weed, alice: RecordingUser
) -> None:
    put_through(store, proxy, alice, weed.dead(), cannot_be_read)


@pytest.mark.faults_full
def test_the_storage_is_frozen_in_the_middle_of_uploads(
    store: Store, proxy: Proxy, weed: Weed, alice: RecordingUser
) -> None:
    put_through(store, proxy, alice, weed.frozen(), cannot_be_read)


@pytest.mark.faults_full
@pytest.mark.parametrize("how", [Weed.dead, Weed.frozen], ids=["killed", "frozen"])
def test_the_storage_goes_and_comes_back_under_load(
    store: Store, proxy: Proxy, weed: Weed, how: Callable[[Weed], AbstractContextManager[None]]
) -> None:
    worker, users = store.worker(), sign_up_users(store)
    with BackgroundLoad(users, SEED).running():
        for _ in range(3):
            time.sleep(2)
            with how(weed):
                time.sleep(3)
    is_well_again(store, proxy, worker, *users)


# ---- F17: deletions -------------------------------------------------------------------------


def test_what_the_storage_refuses_to_remove_keeps_its_row_and_goes_later(
    store: Store, proxy: Proxy, alice: RecordingUser
) -> None:
    """A 200 with an error for some of the keys."""
    worker, album = store.worker(), alice.album()
    images = [alice.store_image(album) for _ in range(3)]
    folders = {prefix_of(image) for image in images}
    settle(store)
    with broken(proxy, Fault("?delete", keep=prefix_of(images[1]))):
        alice.erase_album(album)
        wait_for(lambda: store.scalar(DOOMED) == 1, "the removal of the others")
        assert {name.rpartition("/")[0] for name in store.names()} & folders == {prefix_of(images[1])}
        assert images[1] in images_of(store)
    is_well_again(store, proxy, worker, alice)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("?delete", cut_answer=0), id="answer"),
        full(Fault("?delete", cut_request=0), name="request"),
        full(Fault("?delete", silent=True), name="silence"),
    ],
)
def test_a_deletion_that_is_lost_is_made_again(
    store: Store, proxy: Proxy, alice: RecordingUser, fault: Fault
) -> None:
    worker, album = store.worker(), alice.album()
    images = [alice.store_image(album) for _ in range(2)]
    settle(store)
    proxy.requests.clear()
    with broken(proxy, fault):
        is_erased(alice, images[0])
        wait_for(lambda: sum("?delete" in line for line in proxy.requests) >= 3, "three attempts")
        assert images[0] in images_of(store)
        is_read(alice, images[1])
    is_well_again(store, proxy, worker, alice)


def large_album(store: Store, person: RecordingUser) -> str:
    """More files than one DeleteObjects takes, of 210 images that nobody has uploaded."""
    album = person.album()
    names = store.operator("make_rows", album, 210)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: store.files.write(name, b"x"), names))
    return album


@pytest.mark.parametrize(
    "step",
    [REMOVING_OBJECTS[0], pytest.param(DELETING[2], marks=pytest.mark.faults_full),
     pytest.param(DELETING[4], marks=pytest.mark.faults_full)],
    ids=str,
)  # fmt: skip
def test_killed_in_the_middle_of_more_deletions_than_one_batch(
    store: Store, alice: RecordingUser, step: Step
) -> None:
    """The next process finishes what the dead one has begun."""
    stays = alice.store_image(alice.album())
    album = large_album(store, alice)
    store.arm(step)
    answer = alice.erase_album(album)
    store.wait_for_hit()
    count("kills survived")
    assert answer is None or answer.status_code == 204
    check(store, alice)
    is_read(alice, stays)
