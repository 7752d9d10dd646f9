"""F21: deployments. The server is reloaded, or two of them are restarted in turn, while many work with it."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.faults.background_load import SEED, BackgroundLoad, sign_up_users
from tests.faults.counts import count
from tests.faults.invariants import check, images_of
from tests.faults.manage_command import begin
from tests.faults.recording_user import RecordingUser, Sent, picture, through
from tests.faults.store import Store, children_of, wait_for
from tests.raw_http import BOUNDARY, CLOSING, part

# Seconds of load, and in `make test-faults` a minute.
LOADS = [3, pytest.param(60, marks=pytest.mark.faults_full)]


def nobody_was_refused(store: Store, users: list[RecordingUser]) -> None:
    """Each request had its answer, and no image paid for a restart with an attempt."""
    assert [sent for user in users for sent in user.record.unknown] == []
    assert [image for user in users for image in user.record.maybe_gone] == []
    assert all(len(user.record.stored) > 0 for user in users)
    check(store, *users)
    theirs = {image for user in users for image in user.record.stored}
    assert {row["attempts"] for image, row in images_of(store).items() if image in theirs} == {0}


def reload(store: Store) -> None:
    """SIGHUP: a new worker begins, the old one finishes what it has; the port stays open."""
    assert store.process is not None
    old = store.worker()
    os.kill(store.process.pid, signal.SIGHUP)
    master = store.process.pid
    wait_for(lambda: (now := children_of(master)) and len(now) == 1 and now != [old], "the new worker")


class Reader(threading.Thread):
    """Looks at one page again and again over a keep-alive connection; `failures` is what it did not get."""

    def __init__(self, user: RecordingUser, url: str) -> None:
        super().__init__()
        self.failures: list[str] = []
        self.answers, self.resets, self.over = 0, 0, threading.Event()
        self._url, self._headers = url, {"Authorization": f"Bearer {user.token}"}

    def run(self) -> None:
        with requests.Session() as session:
            while not self.over.wait(random.uniform(0, 0.05)):
                self._look(session, again=True)

    def _look(self, session: requests.Session, *, again: bool) -> None:
        try:
            answer = session.get(self._url, headers=self._headers, timeout=30)
        except requests.ConnectionError as error:
            # The server closed it while it was idle, and the next request crossed that on its way.
            self.resets += 1
            if not again:
                self.failures.append(str(error))
            else:
                self._look(session, again=False)
            return
        self.answers += 1
        if answer.status_code != 200:
            self.failures.append(f"{answer.status_code} {answer.text[:200]}")


@contextmanager
def read_by(user: RecordingUser) -> Iterator[Reader]:
    reader = Reader(user, f"{user.base}/api/v1/albums/")
    reader.start()
    try:
        yield reader
    finally:
        reader.over.set()
        reader.join()


@pytest.mark.parametrize("seconds", LOADS)
def test_reloads_under_load_fail_no_request(store: Store, seconds: int) -> None:
    """Not even one over a keep-alive connection, beyond a reset while it was idle."""
    print(f"FAULT_SEED={SEED}")
    users = sign_up_users(store, people=3)
    ends, reloads = time.monotonic() + seconds, 0
    with BackgroundLoad(users, SEED).running(), read_by(users[0]) as reader:
        while time.monotonic() < ends:
            time.sleep(0.5)
            reload(store)
            reloads += 1
    assert reader.failures == []
    assert reader.answers > reloads
    assert reader.resets <= reloads
    nobody_was_refused(store, users)


def test_what_is_in_work_at_a_reload_is_finished(store: Store) -> None:
    """An upload and an image that the old worker holds; the new one serves meanwhile."""
    [user] = sign_up_users(store, people=1)
    [album, other] = [found["id"] for found in user.albums()]
    answers: list = []
    store.arm("images.uploads.reception:begin:after", "pause")
    sending = threading.Thread(target=lambda: answers.append(user.send(album, picture(1200, 900))))
    sending.start()
    store.wait_for_hit()
    reloading = threading.Thread(target=reload, args=(store,))
    reloading.start()
    assert user.wait_until_made(user.store_image(other))["status"] == "ready"
    store.go_on()
    sending.join()
    reloading.join()
    assert answers[0].status_code == 201
    nobody_was_refused(store, [user])


def test_an_upload_whose_bytes_still_come_at_a_reload_is_finished(store: Store) -> None:
    [user] = sign_up_users(store, people=1)
    sent = Sent(user.albums()[0]["id"], picture(1200, 900))
    body = part(b"photo.jpg", sent.content) + CLOSING
    begun, may_end = threading.Event(), threading.Event()
    answers: list = []

    def pieces() -> Iterator[bytes]:
        yield body[:1000]
        begun.set()
        may_end.wait(30)
        yield body[1000:]

    def send() -> None:
        form = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        answers.append(user.ask("POST", f"albums/{sent.album}/images/", data=pieces(), headers=form))

    sending = threading.Thread(target=send)
    sending.start()
    assert begun.wait(30)
    assert store.process is not None
    master, old = store.process.pid, store.worker()
    os.kill(master, signal.SIGHUP)
    wait_for(lambda: len(children_of(master)) == 2, "the new worker beside the old one")
    may_end.set()
    sending.join()
    assert answers[0].status_code == 201
    user.record.stored[answers[0].json()["id"]] = sent
    wait_for(lambda: old not in children_of(master), "the end of the old worker")
    nobody_was_refused(store, [user])


def test_a_polite_end_under_load_finishes_what_was_begun(store: Store) -> None:
    """SIGTERM, as at each deployment: what was sent before has its answer."""
    [user] = sign_up_users(store, people=1)
    album = user.albums()[0]["id"]
    store.arm("images.uploads.reception:begin:after", "pause")
    with BackgroundLoad([user], SEED).running():
        store.wait_for_hit()
        assert store.process is not None
        store.process.terminate()
        time.sleep(0.3)
        store.go_on()
        assert store.process.wait(40) == 0
    store.start()
    check(store, user)
    user.store_image(album, picture())


@pytest.mark.parametrize("seconds", LOADS)
def test_two_servers_restarted_one_after_the_other_fail_no_request(
    store: Store, second: Store, seconds: int
) -> None:
    """SIGTERM to one while all talk to the other, as behind a balancer."""
    print(f"FAULT_SEED={SEED}")
    users = sign_up_users(store, people=3)
    ends, turn = time.monotonic() + seconds, 0
    while time.monotonic() < ends or turn < 2:
        leaves, stays = [(second, store), (store, second)][turn % 2]
        with BackgroundLoad([through(user, stays) for user in users], SEED + turn).running():
            time.sleep(0.3)
            assert leaves.stop() == 0
            leaves.start()
            time.sleep(0.3)
        count("outages survived")
        turn += 1
    second.stop()
    nobody_was_refused(store, users)


@pytest.fixture
def newer(store: Store) -> Iterator[Callable[[], None]]:
    """What a newer version's migration does, and has done: its end is undone after the test."""
    yield lambda: store.operator("become_newer")
    store.operator("become_older")


@pytest.mark.parametrize("seconds", LOADS)
def test_a_newer_version_migrates_while_this_one_works(
    store: Store, seconds: int, newer: Callable[[], None]
) -> None:
    """`manage.py migrate`, then columns, an index and a table that this version knows nothing of."""
    print(f"FAULT_SEED={SEED}")
    users = sign_up_users(store, people=3)
    ends = time.monotonic() + seconds
    with BackgroundLoad(users, SEED).running():
        migrating = begin(store, "migrate", "--no-input")
        newer()
        said, _ = migrating.communicate(timeout=60)
        assert migrating.returncode == 0, said
        while time.monotonic() < ends:
            time.sleep(0.5)
            store.operator("become_older")
            time.sleep(0.5)
            newer()
    nobody_was_refused(store, users)
