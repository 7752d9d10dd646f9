"""A real RabbitMQ for tests: on ports of its own, with nothing left of it afterwards."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import amqp

from tests.processes import TemporaryProgram, free_ports

_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


class RabbitMQ(TemporaryProgram):
    """An empty RabbitMQ, for guests of this machine; its messages outlive a kill."""

    ready_within_seconds = 60

    def __init__(self) -> None:
        super().__init__()
        self.port, self._between_nodes = free_ports(2)
        self._name = f"tests{secrets.token_hex(4)}@localhost"

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def command(self) -> list[str]:
        if not _PROGRAM.exists():
            raise RuntimeError("rabbitmq-server is missing: apt-get install rabbitmq-server")
        return [str(_PROGRAM)]

    def environment(self) -> Mapping[str, str]:
        (self.folder / "plugins").write_text("[].")
        return {
            "PATH": os.environ["PATH"],
            # The cookie of Erlang.
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": self._name,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._between_nodes),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "environment"),
        }

    def is_ready(self) -> bool:
        try:
            with amqp.Connection(f"127.0.0.1:{self.port}", connect_timeout=2) as connection:
                return bool(connection.connected)
        except (OSError, amqp.exceptions.AMQPError):
            return False
