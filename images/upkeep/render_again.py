"""Renders all outdated images again, now and in this process.

The server does the same slowly, while no new image waits (images.rendering.convergence).
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.conf import settings
from django.db import connections

from images import locks
from images.rendering import convergence, variants
from images.rendering.queue import Claim, Claims, claim, first
from images.rendering.variants import MAX_ATTEMPTS

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Report:
    """How many images were rendered again, given up (they still have their old sizes), and left for later."""

    rendered: int
    given_up: int
    left: int


def render_again(progress: Progress) -> Report:
    """Safe to repeat and to kill. Images that could not be rendered again before are tried once more."""
    convergence.reset_failures()
    total, done, claims = convergence.outdated().count(), 0, Claims()
    lock = threading.Lock()
    outdated_claims = _claim_each()

    def work() -> None:
        nonlocal done
        try:
            while True:
                with lock:
                    next_claim = next(outdated_claims, None)
                if next_claim is None:
                    return
                with claims.hold(next_claim):
                    variants.render(next_claim)
                with lock:
                    done += 1
                    progress(done, max(done, total))
        finally:
            connections.close_all()

    claims.start()
    try:
        with ThreadPoolExecutor(settings.RENDER_WORKERS, "render") as pool:
            workers = [pool.submit(work) for _ in range(settings.RENDER_WORKERS)]
        for worker in workers:
            worker.result()
    finally:
        claims.end()
    given_up, left = convergence.count_given_up(), convergence.outdated().count()
    return Report(max(0, total - given_up - left), given_up, left)


def _claim_each() -> Iterator[Claim]:
    """Claim each outdated image that no worker holds, oldest first; in each round those whose attempt failed.

    Ends when a backup begins: during it no old file may be removed.
    """
    for _ in range(MAX_ATTEMPTS):
        last = 0
        while image := first(convergence.outdated().unleased().filter(pk__gt=last).order_by("pk")):
            if locks.is_held(locks.BACKUP):
                return
            last = image.pk
            if claimed := claim(image, convergence.outdated().unleased()):
                yield claimed
