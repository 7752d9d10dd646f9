"""Other programs that tests start: one base class for MariaDB, Redis, SeaweedFS and the store itself."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Self

import pytest

POLL_SECONDS = 0.05
_FIRST_PORT, _PORTS = 10_000, 22_000


def free_port() -> int:
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Different ones, below those of outgoing connections, of which one might take the port before its server."""
    ports: set[int] = set()
    while len(ports) < count:
        port = _FIRST_PORT + secrets.randbelow(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.add(port)
    return list(ports)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="NOT TESTED: this machine has no IPv6")


class Program(ABC):
    """A program with a log in a folder. The kernel ends it when the tests' process dies.

    A subclass names the command and says when the program is ready. `start` may be called again after `kill`.
    """

    ready_within_seconds: ClassVar[float] = 60
    stops_within_seconds: ClassVar[float] = 40
    # The kernel sends this signal when the thread that started the program ends: start it from the main thread.
    signal_at_death_of_tests: ClassVar[str] = "KILL"

    def __init__(self, folder: Path, log_name: str = "log") -> None:
        self.folder, self.log = folder, folder / log_name
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def is_ready(self) -> bool: ...

    def environment(self) -> Mapping[str, str] | None:
        """None is that of the tests."""
        return None

    def working_directory(self) -> Path:
        return self.folder

    def start(self) -> Self:
        """Start it and return once it is ready. Raises RuntimeError with the end of its log when it is not."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", self.signal_at_death_of_tests, *self.command()],
                cwd=self.working_directory(),
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C for the tests is not for it
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.ready_within_seconds
        while not self.is_ready():
            if not self.is_running() or time.monotonic() > deadline:
                raise RuntimeError(f"{self.command()!r} did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(POLL_SECONDS)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """kill -9 of everything that it started; nothing when it never ran."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and SIGKILL when that takes too long; the exit code."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(self.stops_within_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.wait()

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Dead inside the block, started again after it."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside the block it accepts connections and requests, and answers none of them."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


class TemporaryProgram(Program):
    """A program in a folder that goes with it: `with SeaweedFS() as server`."""

    def __init__(self) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix=f"image-store-{type(self).__name__.lower()}-")))

    def prepare(self) -> None:
        """What the first start needs in the folder."""

    def end(self) -> None:
        self.kill()

    def __enter__(self) -> Self:
        try:
            self.prepare()
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class TemporaryServer(TemporaryProgram):
    """It listens at a port of 127.0.0.1, and asks for a password."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self.password = secrets.token_hex(16)
