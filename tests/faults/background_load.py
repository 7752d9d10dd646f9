"""Many users at once: they upload and delete without a pause while a test breaks something."""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.recording_user import RecordingUser, picture
from tests.faults.store import Store

# Printed by each test that rolls dice; FAULT_SEED rolls them again.
SEED = int(os.environ.get("FAULT_SEED", time.time_ns() % 1_000_000))


def sign_up_users(store: Store, people: int = 5) -> list[RecordingUser]:
    users = [RecordingUser.sign_up(store, f"user{number}") for number in range(people)]
    for user in users:
        user.album("one")
        user.album("two")
    return users


class BackgroundLoad:
    """One thread for each user. A thread records a missing answer and sends the next request."""

    def __init__(self, users: list[RecordingUser], seed: int) -> None:
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(user, random.Random(seed + number)))
            for number, user in enumerate(users)
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def _work(self, user: RecordingUser, dice: random.Random) -> None:
        albums = [album["id"] for album in user.albums()]
        while not self._over.is_set():
            album = dice.choice(albums)
            mine = sorted(user.record.stored)
            if len(mine) > 4 and dice.random() < 0.35:
                answer = user.erase(dice.choice(mine))
            elif mine and dice.random() < 0.1:
                # The same bytes again are the same image.
                known = user.record.stored[dice.choice(mine)]
                answer = user.send(known.album, known.content)
            else:
                big = dice.random() < 0.2
                answer = user.send(album, picture(1200, 900) if big else picture())
            if answer is None:
                self._over.wait(0.1)
