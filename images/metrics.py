"""What this process counts of images for Prometheus (imagestore.kit.metrics, docs/monitoring.md)."""

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from prometheus_client import Counter, Gauge, Histogram

from images.models import Image
from imagestore.kit import tracing
from imagestore.kit.metrics import REGISTRY
from imagestore.kit.problems import Problem

P = ParamSpec("P")
R = TypeVar("R")

UPLOADS = Counter(
    "imagestore_uploads",
    "Files received whole: stored, known to their album already, or refused for the reason of a problem's code.",
    ["outcome"],
    registry=REGISTRY,
)
UPLOAD_BYTES = Counter("imagestore_upload_bytes", "Bytes of originals that were stored.", registry=REGISTRY)
RENDER_SECONDS = Histogram(
    "imagestore_render_seconds",
    "Time to make all sizes of one image and to store them, or to fail.",
    ["format", "size"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
    registry=REGISTRY,
)
RENDERS_IN_PROGRESS = Gauge(
    "imagestore_renders_in_progress", "Images whose sizes are being made.", registry=REGISTRY
)
RENDER_FAILURES = Counter(
    "imagestore_render_failures", "Tries to make the sizes of an image that failed.", ["reason"], registry=REGISTRY
)
LEASE_EXPIRIES = Counter(
    "imagestore_lease_expiries",
    "Images taken over because their worker did not end in time.",
    ["work"],
    registry=REGISTRY,
)

# The storage or the machine failed, not the file.
STORAGE = "storage"
RENDER, RECEPTION = "render", "reception"
# Alerts compare with a time before the first failure, so these series begin with 0.
for _reason in ("damaged", "over_limits", "crashed", STORAGE):
    RENDER_FAILURES.labels(_reason)
for _work in (RENDER, RECEPTION):
    LEASE_EXPIRIES.labels(_work)


# Why the try of this thread failed.
_failure: ContextVar[str] = ContextVar("failure", default="")


@contextmanager
def rendering(image: Image, *, is_large: bool) -> Iterator[None]:
    labels = image.format_name, "large" if is_large else "small"
    began, outcome = time.monotonic(), "error"
    _failure.set("")
    try:
        with RENDERS_IN_PROGRESS.track_inprogress(), RENDER_SECONDS.labels(*labels).time():
            yield
        outcome = _failure.get() or tracing.RENDERED
    finally:
        tracing.record_render(*labels, outcome, time.monotonic() - began)


def count_failure(reason: str) -> None:
    """Call inside `rendering`."""
    RENDER_FAILURES.labels(reason).inc()
    _failure.set(reason)


def count_upload(receive: Callable[P, R]) -> Callable[P, R]:
    """Count what comes of each file: `receive` raises a Problem, or returns whether an image was `created`."""

    @functools.wraps(receive)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            received: Any = receive(*args, **kwargs)
        except Problem as problem:
            UPLOADS.labels(problem.code).inc()
            raise
        UPLOADS.labels("stored" if received.created else "known").inc()
        UPLOAD_BYTES.inc(received.image.bytes if received.created else 0)
        return received

    return wrapper
