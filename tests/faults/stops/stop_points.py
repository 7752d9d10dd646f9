"""Where a test may stop the server: the numbered steps of docs/architecture.md, which paper and tests share."""

import re
from pathlib import Path
from typing import NamedTuple

PAPER = Path(__file__).resolve().parents[3] / "docs" / "architecture.md"
_HEADING = re.compile(r"### (.+)")
_ROW = re.compile(
    r"\| (?P<number>\d\d) \| (?P<what>[^|]+) \| (?P<when>before|after) `(?P<function>[\w.]+)` in "
    r"`(?P<file>[\w/]+)\.py`(, passage (?P<nth>\d+))? \|"
)


class Step(NamedTuple):
    """A passage of the product's code: `where` is module:function:before or after."""

    name: str
    where: str
    nth: int = 1
    """Which passage since it was armed."""

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def _steps() -> dict[str, tuple[Step, ...]]:
    """By heading."""
    steps: dict[str, tuple[Step, ...]] = {}
    heading = ""
    for line in PAPER.read_text().splitlines():
        if title := _HEADING.fullmatch(line):
            heading = title[1]
        if row := _ROW.fullmatch(line):
            where = f"{row['file'].replace('/', '.')}:{row['function']}:{row['when']}"
            step = Step(f"{row['number']} {row['what']}", where, int(row["nth"] or 1))
            steps[heading] = (*steps.get(heading, ()), step)
    return steps


_BY_HEADING = _steps()
RECEIVING = _BY_HEADING["Receiving"]
RENDERING = _BY_HEADING["Rendering"]
CONVERGING = _BY_HEADING["Converging"]
DELETING = _BY_HEADING["Deleting"]
DELETING_ALBUMS = _BY_HEADING["Deleting albums"]
DELETING_ACCOUNTS = _BY_HEADING["Deleting accounts"]
TRASHING = _BY_HEADING["Trashing"]
MOVING = _BY_HEADING["Moving"]
COPYING = _BY_HEADING["Copying"]
TURNING = _BY_HEADING["Turning"]
REMOVING_OBJECTS = _BY_HEADING["Removing objects"]
BACKING_UP = _BY_HEADING["Backing up"]
RESUMING = _BY_HEADING["Resumable uploads"]
MOVING_STORAGE = _BY_HEADING["Moving to another storage"]
PURGING_A_CDN = _BY_HEADING["Purging a CDN"]
MOVING_DATABASE = _BY_HEADING["Moving to another database"]
ALL = tuple(step for steps in _BY_HEADING.values() for step in steps)
# The disk's own steps have no place on object storage, where one PUT does it all.
_DISK, _S3 = "images.storage.disk", "images.storage.s3:S3ImageStorage"
ON_S3 = {
    f"{_DISK}:DurableFileStorage.copy:after": f"{_S3}.copy:after",
    f"{_DISK}:DurableFileStorage.store:after": f"{_S3}.store:after",
    f"{_DISK}:DurableFileStorage._delete_folder:after": f"{_S3}.delete_folders:after",
    f"{_DISK}:_link_or_copy:after": f"{_S3}.store:before",
}
