"""nginx as a CDN in front of a store (deploy/nginx-cdn.conf), and the hook that removes files from it."""

import os
import secrets
import socket
import sys
from pathlib import Path

from tests.nginx_server import Nginx
from tests.processes import TemporaryProgram, free_port
from tests.servers import ROOT, Server


class Cdn(Nginx):
    """Its port is chosen before, because the store must know it."""

    def __init__(self, store: Server, port: int) -> None:
        super().__init__(store)
        self.port, self.url = port, f"http://127.0.0.1:{port}"

    def site(self) -> str:
        ours = (ROOT / "deploy" / "nginx-cdn.conf").read_text()
        ours = ours.replace("listen 80;", f"listen 127.0.0.1:{self.port};")
        ours = ours.replace("/var/cache/image-store-cdn", str(self.cache))
        return ours.replace("https://pictures.example.org", f"http://127.0.0.1:{self.store.port}")

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def is_ready(self) -> bool:
        return _listens(self.port)


class PurgeHook(TemporaryProgram):
    def __init__(self) -> None:
        super().__init__()
        self.port, self.token = free_port(), secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{self.port}/"
        self.cache = Path()

    def command(self) -> list[str]:
        program = str(ROOT / "deploy" / "purge_nginx.py")
        return [sys.executable, program, str(self.cache), "127.0.0.1", str(self.port)]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PURGE_TOKEN": self.token}

    def is_ready(self) -> bool:
        return _listens(self.port)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
