"""`manage.py` beside a running server, as an operator types it."""

import subprocess
import sys

from tests.faults.store import Store


def begin(store: Store, *words: object) -> subprocess.Popen[str]:
    """Under the settings of this store, and its orders to stop (stops/sitecustomize.py)."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *map(str, words)],
        cwd=store.root,
        env={**store.env, "DJANGO_SETTINGS_MODULE": "imagestore.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def manage(store: Store, *words: object, ends: int = 0) -> str:
    """What it said; it must end with this code."""
    process = begin(store, *words)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == ends, f"manage.py {words} ended with {process.returncode}:\n{said}"
    return said
