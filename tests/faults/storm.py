"""Many customers at once: uploads and deletes without a pause, until something happens."""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.customers import Customer, picture
from tests.faults.store import Store

# Printed by each test that rolls dice; FAULT_SEED rolls them again.
SEED = int(os.environ.get("FAULT_SEED", time.time_ns() % 1_000_000))


def crowd(store: Store, people: int = 5) -> list[Customer]:
    customers = [Customer.sign_up(store, f"customer{number}") for number in range(people)]
    for customer in customers:
        customer.album("one")
        customer.album("two")
    return customers


class Storm:
    """A thread for each customer. An answer that does not come is remembered, and the next request follows."""

    def __init__(self, customers: list[Customer], seed: int) -> None:
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._rage, args=(customer, random.Random(seed + number)))
            for number, customer in enumerate(customers)
        ]

    @contextmanager
    def raging(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def _rage(self, customer: Customer, dice: random.Random) -> None:
        albums = [album["id"] for album in customer.albums()]
        while not self._over.is_set():
            album = dice.choice(albums)
            mine = sorted(customer.memory.kept)
            if len(mine) > 4 and dice.random() < 0.35:
                answer = customer.erase(dice.choice(mine))
            elif mine and dice.random() < 0.1:
                # The same bytes again are the same image.
                known = customer.memory.kept[dice.choice(mine)]
                answer = customer.send(known.album, known.content)
            else:
                big = dice.random() < 0.2
                answer = customer.send(album, picture(1200, 900) if big else picture())
            if answer is None:
                self._over.wait(0.1)
