"""The store as `docker compose up` starts it, without the tests at its start but where they are tried."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import MySQLdb
import pytest

from tests.docker.engine import answers, compose, docker
from tests.people import Person
from tests.processes import free_port
from tests.servers import Server
from tests.state import State


class Composed:
    """docker-compose.yml, as a project with volumes of its own. Clients use it as a `Server`, by port and url."""

    def __init__(self, backup: Path, **settings: str) -> None:
        self.name, self.port, self.backup = f"store{secrets.token_hex(4)}", free_port(), backup
        self.url = f"http://localhost:{self.port}"
        # All clients of the tests come from the gateway of Docker's network, like those of a proxy on this machine.
        # No setting of the tests themselves: compose would hand it on.
        self._env = {name: os.environ[name] for name in ("HOME", "PATH")} | {
            "PORT": str(self.port),
            "FORWARDED_ALLOW_IPS": "172.16.0.0/12,192.168.0.0/16",
            "BACKUP_FOLDER": str(backup),
            "TESTS_AT_START": "off",
            **settings,
        }

    def compose(self, *arguments: str | Path) -> str:
        return compose("--project-name", self.name, *arguments, env=self._env)

    def up(self) -> None:
        self.compose("up", "--detach", "--build")
        self.wait()

    def wait(self) -> None:
        answers(f"{self.url}/healthz/ready")

    @contextmanager
    def workers(self) -> Iterator[None]:
        """Inside the block the profile's worker makes the sizes, and the store makes none."""
        before, broker = self._env, {"CELERY_BROKER_URL": "redis://redis:6379/1"}
        self._env = before | broker
        try:
            self.compose("--profile", "workers", "up", "--detach")
            self.wait()
            yield
        finally:
            self.compose("--profile", "workers", "rm", "--stop", "--force", "worker")
            self._env = before
            self.up()

    def store(self, *command: str) -> str:
        """A command in a container of the store of its own, with /backup of this machine."""
        return self.compose("run", "--rm", "backup", *command)

    def container(self, service: str) -> str:
        return self.compose("ps", "--quiet", service).split()[0]

    def end(self) -> None:
        self.compose("down", "--volumes")

    def volume(self, name: str) -> Path:
        """The folder of a volume on this machine."""
        return Path(docker("volume", "inspect", "--format", "{{.Mountpoint}}", f"{self.name}_{name}").strip())


class StateInVolumes(State):
    def __init__(self, server: Composed) -> None:
        self.data, self._socket = server.volume("store"), server.volume("socket") / "mysqld.sock"

    def _connect(self) -> Any:
        return MySQLdb.connect(unix_socket=str(self._socket), user="store", passwd="store", db="store")


class Visitor(Person):
    """One of many behind a proxy."""

    def __init__(self, server: Server, email: str, address: str) -> None:
        super().__init__(server, email, address)
        self.http.headers["X-Forwarded-For"] = address


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    started = Composed(tmp_path_factory.mktemp("backup"))
    try:
        started.up()
        yield started
    finally:
        started.end()


@pytest.fixture
def alice(server: Server) -> Person:
    return Visitor.sign_up(server, "alice")


@pytest.fixture
def bob(server: Server) -> Person:
    return Visitor.sign_up(server, "bob")


@pytest.fixture
def state(server: Composed) -> State:
    return StateInVolumes(server)
