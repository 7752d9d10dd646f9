"""A real Redis for tests: on a port of its own, with a password, and nothing kept on disk."""

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import redis

from tests.processes import free_port, frozen, wait_until


class RedisServer:
    """A Redis in a temporary folder; it dies with its starter."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="image-store-redis-"))
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self.log = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def client(self) -> Any:
        """A way to its keys that is not the store's own."""
        return redis.Redis(port=self.port, password=self.password, socket_timeout=10)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        self.die()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> Self:
        """Start it (again, after a test has killed it), with nothing in it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    "setpriv", "--pdeathsig", "KILL", self._program(), "--bind", "127.0.0.1",
                    "--port", str(self.port), "--requirepass", self.password, "--dir", str(self.folder),
                    "--save", "", "--appendonly", "no", "--enable-debug-command", "local",
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C for the tests is not for Redis
            )  # fmt: skip
        wait_until(self._answers, self.process, self.log, seconds=10)
        return self

    def _program(self) -> str:
        """Debian's redis-tools holds the very binary, which goes by the name it is called by."""
        found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if found is None:
            raise RuntimeError("redis-server is missing: apt-get install redis-tools")
        named = self.folder / "redis-server"
        if not named.exists():
            named.symlink_to(Path(found).resolve())
        return str(named)

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def die(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Gone, and at the end back with nothing in it."""
        self.die()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        with frozen(self.process):
            yield

    def sleep(self, seconds: float) -> None:
        """Busy with one command for so long; returns at once."""
        client = redis.Redis(port=self.port, password=self.password, socket_timeout=0.05, retry=None)
        with suppress(redis.TimeoutError):
            client.execute_command("DEBUG", "SLEEP", seconds)
