"""F22: everything stops at a random moment, while many upload and delete."""

import os
import random
import signal
import time
from threading import Timer

import pytest

from tests.faults.background_load import SEED, BackgroundLoad, sign_up_users
from tests.faults.counts import count
from tests.faults.invariants import check
from tests.faults.recording_user import RecordingUser, picture
from tests.faults.store import Store

BOUNDED = range(3)
FULL = [pytest.param(number, marks=pytest.mark.faults_full) for number in range(3, 100)]


@pytest.mark.parametrize("number", [*BOUNDED, *FULL])
def test_everything_is_killed_while_many_upload_and_delete(store: Store, number: int) -> None:
    dice = random.Random(SEED + number)
    print(f"FAULT_SEED={SEED}")
    users = sign_up_users(store, people=4)
    with BackgroundLoad(users, dice.randrange(10**6)).running():
        time.sleep(dice.uniform(0.2, 1.5))
        store.die()
    check(store, *users)


@pytest.mark.parametrize("number", [0, *(pytest.param(n, marks=pytest.mark.faults_full) for n in range(1, 50))])
def test_the_worker_is_killed_again_and_again_under_load(store: Store, number: int) -> None:
    """gunicorn brings it back; nobody restarts anything."""
    dice = random.Random(SEED + number)
    print(f"FAULT_SEED={SEED}")
    users = sign_up_users(store)
    with BackgroundLoad(users, dice.randrange(10**6)).running():
        for _ in range(2):
            time.sleep(dice.uniform(0.5, 1.5))
            os.kill(store.worker(), signal.SIGKILL)
            count("kills survived")
            time.sleep(2)
    check(store, *users)


@pytest.mark.faults_full
def test_killed_during_two_hundred_parallel_uploads(store: Store) -> None:
    user = RecordingUser.sign_up(store, "alice")
    album = user.album()
    dice = random.Random(SEED)
    for _ in range(5):
        contents = [picture() for _ in range(200)]
        with BackgroundLoad(sign_up_users(store, 3), dice.randrange(10**6)).running():
            timer = Timer(dice.uniform(0.5, 3), store.die)
            timer.start()
            user.send_many(album, contents, threads=16)
            timer.join()
        check(store, user)
