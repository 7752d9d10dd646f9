"""Files that survive a power failure."""

import os
from pathlib import Path


def fsync(path: Path) -> None:
    """Force the bytes of a file, or the names in a folder, onto the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename_durably(draft: Path, final: Path) -> None:
    """Rename a file within its folder, over an older one. After a crash `final` never names half a file.

    The caller must fsync the folder, or a crash may undo the rename.
    """
    fsync(draft)
    draft.rename(final)
