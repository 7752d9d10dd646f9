"""What is on the disk, and stays there when the power goes."""

import os
from pathlib import Path


def fsync(path: Path) -> None:
    """The bytes of a file, or the names in a folder, are on the disk. Raises OSError when they are not."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename_durably(draft: Path, final: Path) -> None:
    """A name in the same folder, in place of what had it: it never stands for half a file."""
    fsync(draft)
    draft.rename(final)
