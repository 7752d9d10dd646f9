"""When a picture was taken, where its own metadata does not tell it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from images.processing import TAKEN_FROM, Taken

# Archives and cameras without a clock write 1970 or 1980, which tells nothing.
_EARLIEST_FILE_TIME = datetime(1980, 1, 3, tzinfo=UTC)


def surest(*dates: Taken | None) -> Taken | None:
    """The date whose source is the surest; among equals, the first."""
    known = [taken for taken in dates if taken]
    return min(known, key=lambda taken: TAKEN_FROM.index(taken.source), default=None)


def from_sidecar(clock: datetime | None, offset_minutes: int | None) -> Taken | None:
    """The date that a file beside the picture names; `clock` has no zone."""
    return Taken(clock.isoformat(timespec="milliseconds"), offset_minutes, "sidecar") if clock else None


def file_time(path: Path) -> Taken | None:
    """When a local file was last changed, in UTC: often the day of a scan or export, at times that of a copy.

    None for a time that cannot be meant. Raises OSError.
    """
    changed = datetime.fromtimestamp(0, UTC) + timedelta(seconds=path.stat().st_mtime)
    if not _EARLIEST_FILE_TIME <= changed <= datetime.now(UTC) + timedelta(days=1):
        return None
    return Taken(changed.replace(tzinfo=None).isoformat(timespec="milliseconds"), 0, "file")
