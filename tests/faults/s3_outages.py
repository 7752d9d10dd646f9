"""Outages of object storage, and what a running store must do in each of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest
import requests

from tests.faults.counts import count
from tests.faults.invariants import check, images_of, settle
from tests.faults.recording_user import RecordingUser, at_once
from tests.faults.s3_proxy import Fault, Proxy
from tests.faults.stops.stop_points import RENDERING
from tests.faults.store import Store, wait_for
from tests.seaweed import SeaweedFS

# Three attempts of 5 s, and at most 3 s between them (images.s3.CLIENT_CONFIG); slack for a busy machine.
BOUND = 1.5 * (3 * 5 + 3)
# Images that wait a while for the storage, and are held by nobody.
WAITS = "leased_until IS NOT NULL AND lease_token IS NULL"
PAUSED = f"SELECT COUNT(*) FROM images_image WHERE status = 'pending' AND {WAITS}"
DOOMED = "SELECT COUNT(*) FROM images_image WHERE status = 'doomed'"


class Weed(SeaweedFS):
    """A server that belongs to one module of tests alone, so that it may be hurt."""

    @contextmanager
    def dead(self) -> Iterator[None]:
        with self.killed():
            count("outages survived")
            yield

    @contextmanager
    def frozen(self) -> Iterator[None]:
        with super().frozen():
            yield
        count("outages survived")


# ---- What must hold -------------------------------------------------------------------------


def is_refused(answer: requests.Response | None) -> None:
    """A clear 503, in time."""
    assert answer is not None
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable"), answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.elapsed.total_seconds() < BOUND


def is_read(person: RecordingUser, image: str) -> None:
    assert person.get(f"images/{image}/file/", expect=200).content == person.record.stored[image].content


def cannot_be_read(person: RecordingUser, image: str) -> None:
    is_refused(person.ask("GET", f"images/{image}/file/"))


def is_erased(person: RecordingUser, image: str) -> None:
    """Answered at once, whatever the storage does, and nobody sees it any more."""
    answer = person.erase(image)
    assert answer is not None
    assert (answer.status_code, person.get(f"images/{image}/").status_code) == (204, 404), answer.text


def put_through(
    store: Store,
    proxy: Proxy,
    person: RecordingUser,
    outage: AbstractContextManager[Any],
    read: Callable[[RecordingUser, str], None],
) -> None:
    """An upload, sizes, a deletion and a read meet an outage; it costs no attempt, and nothing is half done."""
    worker, album = store.worker(), person.album()
    stays, goes = person.store_image(album), person.store_image(album)
    settle(store)
    store.arm(RENDERING[1], "pause")
    made = person.store_image(album)
    store.wait_for_hit()
    with outage:
        store.go_on()
        refused, _, _ = at_once(
            [lambda: person.send(album), lambda: read(person, stays), lambda: is_erased(person, goes)]
        )
        wait_for(lambda: store.scalar(PAUSED), "the sizes to be given up")
        assert {image["id"] for image in person.images(album)} == {stays, made}
    is_refused(refused)
    assert images_of(store)[made]["attempts"] == 0
    is_well_again(store, proxy, worker, person)
    assert len(person.images(album)) == 3


def is_well_again(store: Store, proxy: Proxy, worker: int, *people: RecordingUser) -> None:
    """By itself: the very same process goes on, and no image has paid for the storage."""
    proxy.wait_until_quiet()
    check(store, *people)
    assert store.worker() == worker
    assert {row["attempts"] for row in images_of(store).values()} <= {0}


@contextmanager
def broken(proxy: Proxy, *faults: Fault) -> Iterator[None]:
    with ExitStack() as stack:
        for fault in faults:
            stack.enter_context(proxy.broken(fault))
        yield
        count("outages survived")


def full(*values: Any, name: str) -> Any:
    return pytest.param(*values, marks=pytest.mark.faults_full, id=name)
