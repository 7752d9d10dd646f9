"""Reservations: before a byte of an upload is read, its announced length is reserved in staging.

A body in chunks announces no length. Its reservation grows while its bytes come.

Each server has one table of them in its memory, because each has a staging disk of its own. They bound what staging
holds. Whether a file fits the quota is decided later, in the database (`images.totals.take_bytes`).
"""

import logging
import math
import threading
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from images.storage import scratch
from imagestore.kit.filesize import lazy_filesize
from imagestore.kit.problems import Problem, storage_unavailable
from imagestore.kit.sentences import filled

logger = logging.getLogger(__name__)

# Allowed beside the files in a multipart body: boundaries, headers, captions.
OVERHEAD_BYTES = 1024 * 1024
# The reservation of a body in chunks grows by so many bytes at a time, or by what is missing if that is more.
GROWTH_BYTES = 1024 * 1024
# One user has a quarter of the threads for uploads, and at least so many. Else a few who send slowly from many
# addresses would take them all: an address has a quarter, too (deploy/shares.py).
LEAST_UPLOADS = 4
# A client should try again after this time, if its user's other uploads were in the way.
RETRY_SECONDS = 5


@dataclass(eq=False)
class Reservation:
    """Bytes of staging that one request may fill. `owner` is the primary key of its user, None for an operator."""

    owner: int | None
    size: int
    written: int = 0

    def take(self, size: int) -> bool:
        """Call before so many bytes are written. False when they do not fit: then write none of them.

        Raises Problem if the reservation had to grow, and could not for now.
        """
        fits = self.written + size <= self.size
        if fits:
            self.written += size
        return fits

    def give_back(self, size: int) -> None:
        """Call when so many bytes were removed again."""
        self.written -= size


@dataclass(eq=False)
class GrowingReservation(Reservation):
    """For a body in chunks: it takes from `table` as much as its bytes need, up to `most` bytes."""

    most: int = 0
    table: "Reservations" = field(kw_only=True, repr=False)

    def take(self, size: int) -> bool:
        wanted = self.written + size
        if self.size < wanted <= self.most:
            self.table.grow(self, min(max(wanted, self.size + GROWTH_BYTES), self.most) - self.size)
        return super().take(size)


class Reservations:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: set[Reservation] = set()

    def reserve(self, user: User, length: int) -> Reservation:
        """Reserve the length of a request's body, or less if the user may not stage as much. Raises Problem."""
        for limit, problem in body_limits(user):
            if length > limit:
                raise problem
        most = _most_bytes(user)
        return self._add(Reservation(user.pk, min(length, most)), most)

    def reserve_as_it_comes(self, user: User) -> Reservation:
        """For a body in chunks. It begins with nothing; the caller applies `body_limits`. Raises Problem."""
        most = _most_bytes(user)
        return self._add(GrowingReservation(user.pk, 0, most=most, table=self), most)

    def reserve_part(self, user: User, size: int, stored_bytes: int) -> Reservation:
        """For the next bytes of a resumable upload, which the quota counts already. Raises Problem.

        `stored_bytes` of the disk are taken by what came of this user's open uploads before.
        """
        return self._add(Reservation(user.pk, size), math.inf, stored_bytes)

    def reserve_for_operator(self, size: int) -> Reservation:
        """For a file that an operator imports, which only the disk can refuse. Raises Problem."""
        return self._add(Reservation(None, size), math.inf)

    def release(self, reservation: Reservation) -> None:
        with self._lock:
            self._active.discard(reservation)

    def grow(self, reservation: GrowingReservation, size: int) -> None:
        """Reserve so many bytes more. Raises Problem if they do not fit beside others."""
        with self._lock:
            self._require(reservation.owner, size, reservation.most)
            reservation.size += size

    def _add(self, new: Reservation, most: float, stored_bytes: int = 0) -> Reservation:
        with self._lock:
            if new.owner is not None and self._count(new.owner) >= max(LEAST_UPLOADS, settings.THREADS // 4):
                raise other_uploads_first()
            self._require(new.owner, new.size, most, stored_bytes)
            self._active.add(new)
        return new

    def _count(self, owner: int) -> int:
        return sum(one.owner == owner for one in self._active)

    def _require(self, owner: int | None, size: int, most: float, stored_bytes: int = 0) -> None:
        """Leave free for others at least as much as the owner reserves: a slow client must not hold the disk."""
        held = stored_bytes + sum(one.size for one in self._active if one.owner == owner)
        if held + size > most:
            raise other_uploads_first()
        unwritten = sum(one.size - one.written for one in self._active)
        if _free_bytes() - unwritten - size < held + size:
            raise _disk_full()


reservations = Reservations()


def body_limits(user: User) -> list[tuple[int, Problem]]:
    """How long a body of this user may be (bytes), and what refuses a longer one.

    A body may be longer than what is left of the quota, because its files may be in the album already.
    But no body is longer than the whole quota, or than what the user has stored under a higher one.
    """
    limit = settings.STAGING_USER_BYTES
    sentence = _("A request may have at most %(size)s. Nothing was stored. Send fewer files at once.")
    detail = filled(sentence, size=lazy_filesize(limit))
    limits = [(limit + OVERHEAD_BYTES, Problem("file_too_large", detail, limit=limit))]
    if user.quota is not None:
        sentence = _(
            "The bytes of this request are more than your quota of %(size)s. Nothing was stored. "
            "Send fewer or smaller files."
        )
        detail = filled(sentence, size=lazy_filesize(user.quota))
        refusal = Problem("quota_exceeded", detail, limit=user.quota, used=user.used_bytes)
        limits.append((max(user.quota, user.used_bytes) + OVERHEAD_BYTES, refusal))
    return limits


def _most_bytes(user: User) -> int:
    """How much the user's requests may stage at once: what is left of the quota, and one file more.

    Only that file's hash tells whether the album has it already.
    """
    most: int = settings.STAGING_USER_BYTES
    if user.free_bytes is not None:
        most = min(most, user.free_bytes + settings.MAX_UPLOAD_BYTES)
    return most + OVERHEAD_BYTES


def _free_bytes() -> int:
    try:
        return scratch.free_bytes()
    except OSError as error:
        logger.warning("the free space of staging cannot be read: %s", error)
        raise storage_unavailable(error) from None


def other_uploads_first() -> Problem:
    detail = _("Your other uploads are still under way. Nothing of this one was stored; send it again shortly.")
    return Problem("throttled", detail, retry_after=RETRY_SECONDS)


def _disk_full() -> Problem:
    logger.warning("an upload was refused: staging has too little free disk (STAGING_MIN_FREE_BYTES)")
    detail = _("The store has too little free disk for this upload now. Nothing was stored; try again later.")
    return Problem("storage_unavailable", detail)
