"""Takes a backup each day: `python -m deploy.daily_backup FOLDER`, the service `backup` of docker-compose.yml.

A copy of the keys lies beside it. A restart takes no backup before the last one is a day old.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from imagestore.kit.env import Reader

INTERVAL_SECONDS = 24 * 60 * 60
RETRY_SECONDS = 10 * 60
# `manage.py backup`: no backup was taken.
NO_BACKUP = 2


def main(folder: Path) -> None:
    while True:
        time.sleep(seconds_until_next(folder))
        if take(folder) == NO_BACKUP:
            time.sleep(RETRY_SECONDS)


def seconds_until_next(folder: Path) -> float:
    """0 without a backup in the folder."""
    dump = folder / "database.sql"
    return max(0, dump.stat().st_mtime + INTERVAL_SECONDS - time.time()) if dump.exists() else 0


def take(folder: Path) -> int:
    """The exit code of `manage.py backup`, which says the rest."""
    keys = Path(Reader().text("DATA_DIR", "/data")) / "secrets.env"
    # Where the keys are settings of the environment there is no file.
    if keys.exists():
        shutil.copy2(keys, folder)
    command = [sys.executable, "manage.py", "backup", str(folder)]
    return subprocess.run(command).returncode  # noqa: S603 - no argument comes from outside


if __name__ == "__main__":
    main(Path(sys.argv[1]))
