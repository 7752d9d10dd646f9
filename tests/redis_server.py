"""A real Redis for tests: on a port of its own, with a password, and nothing kept on disk."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis

from tests.processes import TemporaryServer


class RedisServer(TemporaryServer):
    """An empty Redis, also after it was killed and started again."""

    ready_within_seconds = 30

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def client(self) -> Any:
        """A connection that is not the store's own."""
        return redis.Redis(port=self.port, password=self.password, socket_timeout=10)

    def command(self) -> list[str]:
        return [
            self._program(), "--bind", "127.0.0.1", "--port", str(self.port), "--requirepass", self.password,
            "--dir", str(self.folder), "--save", "", "--appendonly", "no", "--enable-debug-command", "local",
        ]  # fmt: skip

    def _program(self) -> str:
        """Debian's redis-tools holds the server's binary; it serves when it is called redis-server."""
        found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if found is None:
            raise RuntimeError("redis-server is missing: apt-get install redis-tools")
        named = self.folder / "redis-server"
        if not named.exists():
            named.symlink_to(Path(found).resolve())
        return str(named)

    def is_ready(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def sleep(self, seconds: float) -> None:
        """Busy with one command for so long; returns at once."""
        client = redis.Redis(port=self.port, password=self.password, socket_timeout=0.05, retry=None)
        with suppress(redis.TimeoutError):
            client.execute_command("DEBUG", "SLEEP", seconds)
