"""Imports a folder tree: each folder with pictures fills the album of its name.

One bad file stops nothing. A storage or a database that is gone stops the run. A run may be repeated, and may be
killed at any moment: what an album has already is found by its bytes (`images.services.receive`).
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections

from accounts.models import User
from albums.models import Album
from albums.services import find_or_create
from images.importing import takeout
from images.importing.plan import PlannedAlbum, PlannedFile, plan
from images.importing.report import LeftOut, Report
from images.importing.sidecars import Sidecar, Unreadable
from images.models import Image
from images.processing import UnsupportedFormat
from images.services import receive
from images.storage import identity
from images.uploads.known import NOTHING, Known
from images.uploads.probing import begins_as_picture
from images.uploads.staging import file_too_large, stage_copy
from images.uploads.taken import file_time
from imagestore.kit.problems import Problem, database_unavailable

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

IN_TRASH = "in Google's trash"
# The store is out of order, not the file.
_OUTAGES = {"storage_unavailable", "database_unavailable", "busy", "throttled"}
# A file that met an outage is tried again after so long each.
RETRY_PAUSES_SECONDS: tuple[float, ...] = (2, 8)
# So many files in a row that meet an outage in spite of that end the run.
MAX_OUTAGES_IN_A_ROW = 10


@dataclass(frozen=True)
class Outcome:
    """What became of one file: `stored`, `known`, or else left out or skipped."""

    result: str = ""
    sidecars: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    is_outage: bool = False


def import_folder(owner: User, top: Path, progress: Progress, *, is_takeout: bool = False) -> Report:
    """Raises OSError, DatabaseError when the store is out of order before the first file."""
    identity.check()
    report = Report()
    albums = plan(str(top), report, is_takeout=is_takeout)
    _Import(owner, report, progress, sum(len(album.files) for album in albums)).run(albums)
    return report


class _Import:
    """One run. Only its own thread writes the report's counts; the threads of the pool hand back outcomes."""

    def __init__(self, owner: User, report: Report, progress: Progress, total: int) -> None:
        self._owner, self._report, self._progress, self._total = owner, report, progress, total
        self._tried = self._outages_in_a_row = 0
        self._homes: dict[str, Album] = {}
        self._stopped, self._lock = threading.Event(), threading.Lock()

    def run(self, albums: list[PlannedAlbum]) -> None:
        try:
            for planned in albums:
                if not self._stopped.is_set():
                    self._fill(planned)
        except KeyboardInterrupt:
            self._stop("It was interrupted.")
        except (DatabaseError, InterfaceError) as error:
            self._stop(f"The store is out of order: {error}")
        self._report.untried = self._total - self._tried

    def _fill(self, planned: PlannedAlbum) -> None:
        if planned.is_year and not self._homes:
            self._homes = _albums_by_hash(self._owner)
        album = _LazyAlbum(self._owner, planned.title)
        homes = self._homes if planned.is_year else {}
        with ThreadPoolExecutor(settings.STORAGE_WORKERS, "import") as pool:
            try:
                for outcome in pool.map(lambda file: self._try(album, file, homes), planned.files):
                    if outcome:
                        self._note(outcome)
            except KeyboardInterrupt:
                self._stopped.set()
                raise

    def _try(self, album: "_LazyAlbum", file: PlannedFile, homes: dict[str, Album]) -> Outcome | None:
        """None when the run was stopped before this file's turn."""
        for pause in (*RETRY_PAUSES_SECONDS, None):
            if self._stopped.is_set():
                return None
            outcome = _import_file(album, file, homes)
            if pause is None or not outcome.is_outage:
                break
            time.sleep(pause)
        self._mind_outages(outcome)
        return outcome

    def _note(self, outcome: Outcome) -> None:
        self._tried += 1
        self._report.stored += outcome.result == "stored"
        self._report.known += outcome.result == "known"
        if outcome.result == "in trash":
            self._report.skipped[IN_TRASH] += 1
        self._report.sidecars += outcome.sidecars
        self._report.left_out += outcome.left_out
        self._progress(self._tried, self._total)

    def _mind_outages(self, outcome: Outcome) -> None:
        with self._lock:
            self._outages_in_a_row = self._outages_in_a_row + 1 if outcome.is_outage else 0
            if outcome.is_outage and not self._stopped.is_set():
                self._stop_if_out_of_order()

    def _stop_if_out_of_order(self) -> None:
        try:
            identity.check()
        except (OSError, DatabaseError, InterfaceError) as error:
            self._stop(f"The store is out of order: {error}")
        finally:
            connections.close_all()
        if self._outages_in_a_row >= MAX_OUTAGES_IN_A_ROW:
            self._stop(f"The store was out of order for {MAX_OUTAGES_IN_A_ROW} files in a row.")

    def _stop(self, reason: str) -> None:
        self._stopped.set()
        self._report.stopped = self._report.stopped or reason


class _LazyAlbum:
    """The album of a title, found or made when its first picture comes: a folder of texts makes no album."""

    def __init__(self, owner: User, title: str) -> None:
        self._owner, self._title = owner, title
        self._album: Album | None = None
        self._lock = threading.Lock()

    def get(self) -> Album:
        """Raises the Problems of `find_or_create`, and DatabaseError."""
        with self._lock:
            self._album = self._album or find_or_create(self._owner, self._title)
            return self._album


def _albums_by_hash(owner: User) -> dict[str, Album]:
    """SHA-256 -> the album that has such an image."""
    albums = {album.pk: album for album in Album.objects.owned_by(owner).select_related("owner")}
    images = Image.objects.owned_by(owner).values_list("sha256", "album_id").order_by("-pk")
    return {sha256: albums[album] for sha256, album in images.iterator(10_000) if album in albums}


# ---- One file --------------------------------------------------------------------------------


def _import_file(album: _LazyAlbum, file: PlannedFile, homes: dict[str, Album]) -> Outcome:
    """Whatever is wrong with this file is an outcome, so that the next files are still imported."""
    try:
        known, unreadable = _read_all(file.sidecars)
        outcome = _store(album, file.path, homes, known)
    except takeout.InTrash:
        return Outcome("in trash")
    except Exception:
        logger.exception("a file of an import met an error of ours")
        return _left_out(file.path, "an error of ours", "The log has it.")
    finally:
        connections.close_all()
    read = len(file.sidecars) - len(unreadable) if outcome.result == "stored" else 0
    return replace(outcome, sidecars=read, left_out=[*outcome.left_out, *unreadable])


def _read_all(sidecars: list[Sidecar]) -> tuple[Known, list[LeftOut]]:
    """What the sidecars know together, and those that could not be read. Raises InTrash."""
    known, unreadable = NOTHING, []
    for sidecar in sidecars:
        try:
            known = known.completed_by(sidecar.read())
        except (Unreadable, OSError) as error:
            unreadable.append(LeftOut(str(sidecar.path), "sidecar cannot be read", str(error)))
    return known, unreadable


def _store(album: _LazyAlbum, path: Path, homes: dict[str, Album], known: Known) -> Outcome:
    try:
        _refuse_early(path)
        with stage_copy(path) as staged:
            known = known.completed_by(Known(taken=file_time(path)))
            received = receive(homes.get(staged.sha256) or album.get(), staged, known=known)
    except Problem as problem:
        return _refused(path, problem)
    except (DatabaseError, InterfaceError):
        logger.exception("a file of an import met a database error")
        return _refused(path, database_unavailable())
    except OSError as error:
        return _left_out(path, "file cannot be read", error.strerror or "")
    return Outcome("stored" if received.created else "known")


def _refuse_early(path: Path) -> None:
    """Without copying a film into staging. Raises Problem, and OSError."""
    if path.stat().st_size > settings.MAX_UPLOAD_BYTES:
        raise file_too_large()
    if not begins_as_picture(path):
        raise Problem(UnsupportedFormat.code, UnsupportedFormat.detail)


def _refused(path: Path, problem: Problem) -> Outcome:
    outcome = _left_out(path, problem.title[0].lower() + problem.title[1:], problem.detail)
    return replace(outcome, is_outage=problem.code in _OUTAGES)


def _left_out(path: Path, reason: str, sentence: str) -> Outcome:
    return Outcome(left_out=[LeftOut(str(path), reason, sentence)])
