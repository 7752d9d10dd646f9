"""The life of an image's row. Only this module writes `status`, `leased_until`, `lease_token`
and `may_have_orphans`.

               publish            ready
    RECEIVING ────────▶ PENDING ────────▶ READY ──┐ ready: rendered again, READY meanwhile
                         ▲    │            │  ▲───┘
                         │    │ fail       │
                 requeue │    ▼            │ requeue
                         ├── FAILED        │
                         └─────────────────┘
    each of them ──doom──▶ DOOMED: its files go, then its row

Each function changes the rows that may take its step and returns how many it changed. A row in
another state stays as it is. `publish`, `ready` and `fail` are for the worker that holds the row:
it passes the QuerySet of the row under its token (`held`).

`ready` and `requeue` change which images of an album are ready: call them within `albums_locked` (images.covers).

A lease is a time and a token in a row, by the database's clock. While it lasts, no other worker
takes the row and no deletion removes its files. A worker that has lost its lease changes nothing,
because the row no longer has its token. Rows of `Runner` have leases, too (images.locks).

A worker that will store variants sets `may_have_orphans` in the UPDATE that takes the lease. The column stays set,
also when the worker dies, until one knows that the row names all files again.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models import F, Model, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from images.models import Image, ImageQuerySet, Status, leased

# For each step: the states it starts from, and the state it leads to.
STEPS: dict[str, tuple[tuple[Status, ...], Status]] = {
    "publish": ((Status.RECEIVING,), Status.PENDING),
    "ready": ((Status.PENDING, Status.READY), Status.READY),
    "fail": ((Status.PENDING,), Status.FAILED),
    "requeue": ((Status.READY, Status.FAILED), Status.PENDING),
    "doom": ((Status.RECEIVING, Status.PENDING, Status.READY, Status.FAILED), Status.DOOMED),
}
_SETTLED = {"leased_until": None, "lease_token": None, "may_have_orphans": False}

# ---- Steps ----------------------------------------------------------------------------------


def receive(image: Image, duration: timedelta) -> None:
    """Insert the row of an upload as RECEIVING, under a lease for the process that stores its original."""
    _receiving(image, duration).save(force_insert=True)


def receive_many(images: Sequence[Image], duration: timedelta) -> None:
    """As `receive`, by one statement; each row has a token of its own. They get their keys."""
    Image.objects.bulk_create(_receiving(image, duration) for image in images)
    ids = [image.public_id for image in images]
    keys = dict(Image.objects.filter(public_id__in=ids).values_list("public_id", "pk"))
    for image in images:
        image.pk = keys[image.public_id]  # MySQL does not tell them


def _receiving(image: Image, duration: timedelta) -> Image:
    image.status = Status.RECEIVING
    image.leased_until, image.lease_token = Now() + duration, uuid4()
    return image


def publish(held: ImageQuerySet) -> int:
    """Call when the original is durable: the image then waits to be rendered.

    Raises IntegrityError when its album has an image of the same bytes.
    """
    return _step("publish", held, living_sha256=F("sha256"), **_SETTLED)


def ready(held: ImageQuerySet, *, release: bool = True, **rendered: Any) -> int:
    """Call when all sizes are stored: `rendered` has `variants`, `placeholder`, `width` and `height` (px), and
    `damage_code` and `damage_detail`, which are empty if all of the original could be read.

    Without `release` the worker still holds the image, so that it can remove old files.
    """
    no_errors = {"error_code": "", "error_detail": ""}
    return _step("ready", held, **no_errors, **rendered, **(_SETTLED if release else {}))


def fail(held: ImageQuerySet, *, code: str, detail: str, **changes: Any) -> int:
    """The image cannot be rendered; `detail` tells its owner why, in one sentence."""
    return _step("fail", held, error_code=code, error_detail=detail[:255], **changes, **_SETTLED)


def requeue(images: ImageQuerySet) -> int:
    """Back to the queue, with attempts reset. Old variants stay until the new ones are stored."""
    return _step("requeue", images, attempts=0, error_code="", error_detail="")


def doom(images: ImageQuerySet) -> int:
    """Delete for ever: no page shows these images from now on. Their files stay until a running lease ends."""
    # SQLite writes all indexes of a column that an UPDATE names, also where its value stays: `trashed_at` has 18.
    in_trash = _step("doom", images.filter(trashed_at__isnull=False), living_sha256=None, trashed_at=None)
    return in_trash + _step("doom", images.filter(trashed_at=None), living_sha256=None)


def _step(step: str, images: ImageQuerySet, **changes: Any) -> int:
    before, after = STEPS[step]
    return images.filter(status__in=before).update(status=after, updated_at=timezone.now(), **changes)


# ---- Leases ---------------------------------------------------------------------------------


def lease(
    rows: "QuerySet[Any]", duration: timedelta, *, over_pause: bool = False, to_render: bool = False
) -> UUID | None:
    """Lease those of `rows` that no worker holds. Returns their new token, or None when all are held.

    Rows that a worker has paused (`pause`) are free when the pause ends, or at once with `over_pause`.
    """
    free = rows.exclude(leased())
    if over_pause:
        free = free | rows.filter(**{_token_column(rows.model): None})
    token, changes = uuid4(), {"may_have_orphans": True} if to_render else {}
    taken = free.update(**{_token_column(rows.model): token}, leased_until=Now() + duration, **changes)
    return token if taken else None


def held(rows: "QuerySet[Any]", token: UUID | None) -> Any:
    """Those of `rows` that bear this token; none without a token."""
    return rows.filter(**{_token_column(rows.model): token}) if token else rows.none()


def extend(held: "QuerySet[Any]", duration: timedelta) -> int:
    """Let the lease of these rows end `duration` from now."""
    return held.update(leased_until=Now() + duration)


def release(held: "QuerySet[Any]", *, settled: bool = False, **changes: Any) -> int:
    """End the lease of these rows, and write `changes` in the same UPDATE.

    `settled`: the worker knows that the row of an image names all files again.
    """
    if settled:
        changes["may_have_orphans"] = False
    return held.update(**{_token_column(held.model): None}, leased_until=None, **changes)


def pause(held: "QuerySet[Any]", duration: timedelta | None = None) -> int:
    """Give these rows up, but let workers and deletions wait for `duration`, or until the lease ends.

    Call it when a storage timed out: the storage may still write later.
    """
    until = {} if duration is None else {"leased_until": Now() + duration}
    return held.update(**{_token_column(held.model): None}, **until)


def lapse(held: "QuerySet[Any]") -> int:
    """End the lease of these rows, but leave their token: the next worker sees that files may be left."""
    return held.update(leased_until=None)


def _token_column(model: type[Model]) -> str:
    return str(model.LEASE_HOLDER)  # type: ignore[attr-defined]
