"""A worker on another machine: it shares with the server only database, broker and storage."""

import sys
from pathlib import Path

from tests.faults.store import STOPS, Store
from tests.processes import Program
from tests.servers import ROOT

COMMAND = [
    "-m",
    "celery",
    "-A",
    "imagestore",
    "worker",
    "--without-gossip",
    "--without-mingle",
    "--loglevel=warning",
]


class Worker(Program):
    def __init__(self, folder: Path, store: Store, broker: str = "", **knobs: str) -> None:
        super().__init__(folder)
        self.stops = folder / "stops"
        self.stops.mkdir(parents=True)
        own = {"DATA_DIR": str(folder / "data"), "STOPS": str(self.stops), "PYTHONPATH": str(STOPS)}
        keys = (
            dict(line.split("=", 1) for line in (store.data / "secrets.env").read_text().splitlines())
            if (store.data / "secrets.env").exists()
            else {}
        )
        self._env = {
            **store.env, **keys, **own,
            "DJANGO_SETTINGS_MODULE": "imagestore.settings",
            "STORAGE_URL": store.env["STORAGE_URL"] or f"file://{store.data / 'images'}",
            **knobs,
        }  # fmt: skip
        if broker:
            self._env["CELERY_BROKER_URL"] = broker

    def command(self) -> list[str]:
        return [sys.executable, *COMMAND]

    def environment(self) -> dict[str, str]:
        return self._env

    def working_directory(self) -> Path:
        return ROOT

    def is_ready(self) -> bool:
        return self.log.exists() and "this worker is ready" in self.log.read_text()
