"""The life of an image's row. Only this module writes `status`, `leased_until` and `lease_token`.

               publish            ready
    RECEIVING ────────▶ PENDING ────────▶ READY ──┐ ready: it is made again, and READY meanwhile
                         ▲    │            │  ▲───┘
                         │    │ fail       │
                 requeue │    ▼            │ requeue
                         ├── FAILED        │
                         └─────────────────┘
    each of them ──doom──▶ DOOMED: its files go, then its row

Each function changes the rows that may take its step and returns how many it changed. A row in
another state stays as it is. `publish`, `ready` and `fail` take the row of a worker, who passes the
QuerySet of the row under his token (`held`).

A lease is a time and a token in a row, by the database's clock. While it lasts, no other worker
takes the row and no deletion removes its files. A worker whose lease was taken over holds the row
no more, so nothing he writes afterwards changes it. Rows of `Runner` have a lease, too (images.locks).
"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models import F, Model, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from images.models import Image, ImageQuerySet, Status, leased

# What may follow what, and by which step.
STEPS: dict[str, tuple[tuple[Status, ...], Status]] = {
    "publish": ((Status.RECEIVING,), Status.PENDING),
    "ready": ((Status.PENDING, Status.READY), Status.READY),
    "fail": ((Status.PENDING,), Status.FAILED),
    "requeue": ((Status.READY, Status.FAILED), Status.PENDING),
    "doom": ((Status.RECEIVING, Status.PENDING, Status.READY, Status.FAILED), Status.DOOMED),
}


_RELEASED = {"leased_until": None, "lease_token": None}

# ---- Steps ----------------------------------------------------------------------------------


def receive(image: Image, duration: timedelta) -> None:
    """Insert the row of an upload as RECEIVING, under a lease for the process that stores its original."""
    image.status = Status.RECEIVING
    image.leased_until, image.lease_token = Now() + duration, uuid4()
    image.save(force_insert=True)


def publish(held: ImageQuerySet) -> int:
    """The original is durable: the image waits to be made. Raises IntegrityError when its album has the bytes."""
    return _step("publish", held, living_sha256=F("sha256"), **_RELEASED)


def ready(held: ImageQuerySet, *, release: bool = True, **made: Any) -> int:
    """All sizes are stored: `made` has `variants`, `placeholder`, `width` and `height` (px).

    Without `release` the worker goes on to hold the image, to remove what the row names no more.
    """
    forgiven = {"attempts": 0, "error_code": "", "error_detail": ""}
    return _step("ready", held, **forgiven, **made, **(_RELEASED if release else {}))


def fail(held: ImageQuerySet, *, code: str, detail: str, **changes: Any) -> int:
    """The image cannot be made; `detail` says why, in a sentence for its owner."""
    return _step("fail", held, error_code=code, error_detail=detail[:255], **changes, **_RELEASED)


def requeue(images: ImageQuerySet) -> int:
    """Back to the queue with its attempts forgiven. What was made before stays until it is made anew."""
    return _step("requeue", images, attempts=0, error_code="", error_detail="")


def doom(images: ImageQuerySet) -> int:
    """Delete for ever: no page shows them any more. A running lease goes on, and their files wait for its end."""
    return _step("doom", images, living_sha256=None, trashed_at=None)


def _step(step: str, images: ImageQuerySet, **changes: Any) -> int:
    before, after = STEPS[step]
    return images.filter(status__in=before).update(status=after, updated_at=timezone.now(), **changes)


# ---- Leases ---------------------------------------------------------------------------------


def lease(rows: "QuerySet[Any]", duration: timedelta, *, over_pause: bool = False) -> UUID | None:
    """Take rows that no worker holds; the token that holds them now, or None when there was none to take.

    A pause (`release`) keeps workers away as well, unless `over_pause`.
    """
    free = rows.exclude(leased())
    if over_pause:
        free = free | rows.filter(**{_token_column(rows.model): None})
    token = uuid4()
    taken = free.update(**{_token_column(rows.model): token}, leased_until=Now() + duration)
    return token if taken else None


def held(rows: "QuerySet[Any]", token: UUID | None) -> Any:
    """Those of `rows` that this token holds."""
    return rows.filter(**{_token_column(rows.model): token}) if token else rows.none()


def extend(held: "QuerySet[Any]", duration: timedelta) -> int:
    """Hold these rows for `duration` from now."""
    return held.update(leased_until=Now() + duration)


def release(held: "QuerySet[Any]", **changes: Any) -> int:
    """Let go of these rows, and write `changes` with it."""
    return held.update(**{_token_column(held.model): None}, leased_until=None, **changes)


def pause(held: "QuerySet[Any]", duration: timedelta | None = None) -> int:
    """Let go of these rows, but keep workers and deletions away for `duration`, or until the lease's end.

    For a storage that did not answer: it may still carry out what it was asked to do.
    """
    until = {} if duration is None else {"leased_until": Now() + duration}
    return held.update(**{_token_column(held.model): None}, **until)


def _token_column(model: type[Model]) -> str:
    return str(model.LEASE_HOLDER)  # type: ignore[attr-defined]
