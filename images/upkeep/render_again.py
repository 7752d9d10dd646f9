"""All images whose sizes are not those of today's table, made again now and by this process.

The server does the same by itself, below new work and slowly (images.rendering.convergence).
"""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.conf import settings
from django.db import connections

from images.models import Image
from images.rendering import convergence, variants
from images.rendering.queue import Claim, Claims, claim

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Report:
    """How many images were worked on, and how many of them keep their old sizes because of an error."""

    worked_on: int
    given_up: int


def render_again(progress: Progress) -> Report:
    """Safe to repeat and to kill. Images that could not be made again before are tried once more."""
    convergence.reset_failures()
    total, done, claims = convergence.outdated().count(), 0, Claims()
    lock = threading.Lock()
    waiting = _claim_each()

    def work() -> None:
        nonlocal done
        try:
            while True:
                with lock:
                    claimed = next(waiting, None)
                if claimed is None:
                    return
                with claims.hold(claimed):
                    variants.render(claimed)
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
    return Report(done, convergence.count_given_up())


def _claim_each() -> Iterator[Claim]:
    """Every outdated image that no worker holds, oldest first; one that failed comes again, if it may."""
    found = True
    while found:
        found, last = False, 0
        while image := _next(last):
            found, last = True, image.pk
            if claimed := claim(image, convergence.outdated().unleased()):
                yield claimed


def _next(after: int) -> Image | None:
    images = convergence.outdated().unleased().filter(pk__gt=after).order_by("pk")
    image: Image | None = images.only("pk", "owner_id", "lease_token").first()
    return image
