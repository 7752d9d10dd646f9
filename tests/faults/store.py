"""The store under test: a real server that stops at a named place, and whose rows and files can be read."""

import hashlib
import json
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from tests.faults.counts import count
from tests.faults.image_files import Bucket, Disk, ImageFiles
from tests.faults.stops.stop_points import ON_S3, Step
from tests.mariadb import connect
from tests.seaweed import on_s3, shared
from tests.servers import ROOT, Server

STOPS = Path(__file__).parent / "stops"
# The longest that a test waits for the store to come to rest (seconds).
PATIENCE = 60


def wait_for(done: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.03)
    return found


class Store(Server):
    """A server of its own with its folder and database, with these knobs.

    Its images are in this bucket; without one, where the run has them (TEST_STORAGE).
    """

    def __init__(self, folder: Path, database_url: str = "", bucket: Bucket | None = None, **knobs: str) -> None:
        super().__init__(folder, database_url, **knobs)
        self.data = Path(self.env["DATA_DIR"])
        self.stops = folder / "stops"
        self.stops.mkdir(parents=True)
        if bucket is None and on_s3():
            bucket = Bucket(shared(), secrets.token_hex(6))
        self.files: ImageFiles = bucket or Disk(self.data / "images")
        self.env |= {"STORAGE_URL": bucket.url if bucket else "", **knobs}
        self._operator: subprocess.Popen[str] | None = None
        self._outside = dict(self.env)
        self.env |= {"PYTHONPATH": str(STOPS), "STOPS": str(self.stops)}

    # ---- Life and death ---------------------------------------------------------------------

    def start(self) -> Self:
        """The first time as `make run` does, later straight the server itself: the database is there already."""
        self._was_started = self.log.exists()
        return super().start()

    def command(self) -> list[str]:
        if not self._was_started:
            return super().command()
        return [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "imagestore.wsgi"]

    def kill(self) -> None:
        super().kill()
        self.disarm()

    def die(self) -> None:
        """kill -9 of everything, which the store has to survive."""
        self.kill()
        count("kills survived")

    def restart(self) -> None:
        """From whatever state it is in."""
        self.kill()
        self.start()

    def end(self) -> None:
        with suppress(Exception):
            self.kill()
        if self._operator is not None:
            with self._operator as operator:
                operator.kill()
        self._lines.search()

    # ---- Named stops ------------------------------------------------------------------------

    def arm(self, step: Step | str, action: str = "kill", nth: int = 1) -> None:
        """The next passage there carries out the action; see stops/sitecustomize.py."""
        where, nth = (step.where, step.nth) if isinstance(step, Step) else (step, nth)
        where = ON_S3.get(where, where) if isinstance(self.files, Bucket) else where
        order = {"where": where, "nth": nth, "action": action, "nonce": secrets.token_hex(4)}
        self.disarm()
        (self.stops / "draft").write_text(json.dumps(order))
        (self.stops / "draft").rename(self.stops / "armed")

    def disarm(self) -> None:
        """Takes the order back, and lets go whoever waits there."""
        for name in ("armed", "hit"):
            (self.stops / name).unlink(missing_ok=True)

    go_on = disarm

    def was_hit(self) -> bool:
        return (self.stops / "hit").exists()

    def wait_for_hit(self, seconds: float = 20) -> None:
        wait_for(self.was_hit, f"a passage at {self.stops}", seconds)

    @contextmanager
    def paused_at(self, where: Step | str, nth: int = 1) -> Iterator[None]:
        """Armed to wait there; whoever does goes on at the end."""
        self.arm(where, "pause", nth)
        try:
            yield
        finally:
            self.go_on()

    def is_down(self) -> bool:
        return not self.is_running()

    def stand_up(self) -> None:
        """What a supervisor does: start it again if it ended; gunicorn itself replaces its worker."""
        with suppress(subprocess.TimeoutExpired):
            if self.process is not None:
                self.process.wait(0.05)
        if self.is_down():
            self.restart()
        wait_for(self.is_ready, "an answer of the server")

    # ---- Its processes ----------------------------------------------------------------------

    def worker(self) -> int:
        assert self.process is not None
        master = self.process.pid
        return int(wait_for(lambda: children_of(master), "a worker")[0])

    def fork_server(self) -> int:
        return int(wait_for(lambda: children_of(self.worker()), "a fork server")[0])

    def children(self) -> list[int]:
        """Those at work on pictures."""
        return children_of(self.fork_server())

    def open_files(self) -> list[str]:
        """What the worker holds open below its data folder."""
        found = []
        for link in Path(f"/proc/{self.worker()}/fd").iterdir():
            with suppress(OSError):
                target = str(link.readlink())
                if target.startswith((f"{self.data}/staging", f"{self.data}/images")):
                    found.append(target)
        return found

    # ---- Its rows and files, read without its code ---------------------------------------------

    def query(self, sql: str) -> list[dict[str, Any]]:
        with closing(self._connection()) as database:
            cursor = database.cursor()
            cursor.execute(sql)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def scalar(self, sql: str) -> Any:
        return next(iter(self.query(sql)[0].values()))

    def _connection(self) -> Any:
        url = self._outside["DATABASE_URL"]
        if url.startswith("mysql"):
            return connect(url)
        path = "/" + urlsplit(url).path.lstrip("/")
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)

    def names(self) -> set[str]:
        """Every name in storage, temporary ones too."""
        return self.files.names()

    def sha256_of(self, name: str) -> str:
        return hashlib.sha256(self.files.read(name)).hexdigest()

    def staged(self) -> list[str]:
        """What is in staging, but not the bytes of resumable uploads that are open."""
        folder = self.data / "staging"
        if not folder.exists():
            return []
        parts = {path.name for path in folder.glob("parts/*")} - self._open_parts()
        return sorted({path.name for path in folder.iterdir()} - {"parts"} | parts)

    def _open_parts(self) -> set[str]:
        rows = self.query("SELECT part FROM images_upload WHERE image IS NULL AND part IS NOT NULL")
        return {UUID(str(row["part"])).hex for row in rows}

    # ---- Commands -----------------------------------------------------------------------------

    def operator(self, command: str, *arguments: Any) -> Any:
        """Run a command of tests/faults/operator_commands.py."""
        if self._operator is None or self._operator.poll() is not None:
            with self.log.open("ab") as log:
                self._operator = subprocess.Popen(
                    [sys.executable, "-m", "tests.faults.operator_commands"],
                    cwd=ROOT,
                    env={**self._outside, "DJANGO_SETTINGS_MODULE": "imagestore.settings"},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        assert self._operator.stdin is not None
        assert self._operator.stdout is not None
        self._operator.stdin.write(json.dumps([command, *arguments]) + "\n")
        self._operator.stdin.flush()
        answer = json.loads(self._operator.stdout.readline())
        assert "error" not in answer, f"{command}: {answer['error']}"
        return answer["result"]


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return sorted(found)


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def send_signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def kill_pid(pid: int) -> None:
    send_signal(pid, signal.SIGKILL)


def skip_unless_root() -> None:
    """File systems of our own want root. In CI there is no excuse."""
    if os.geteuid() != 0:
        assert not os.environ.get("CI"), "CI must run the tests of full disks as root"
        pytest.skip("NOT TESTED: a full disk needs root for `mount -t tmpfs`")
