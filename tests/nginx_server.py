"""nginx in front of a store, with the settings of deploy/nginx.conf."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from tests.processes import TemporaryProgram, free_port
from tests.servers import ROOT, Server, is_live, running

BEHIND_NGINX = {"NUM_PROXIES": "1", "FORWARDED_ALLOW_IPS": "127.0.0.1"}


class Proxy(TemporaryProgram):
    """Clients use it as a `Server`: it has a port and a url, under the store's sub-path."""

    ready_within_seconds = 10
    scheme: ClassVar[str] = "http"

    def __init__(self, store: Server) -> None:
        super().__init__()
        self.store, self.port = store, free_port()
        self.sub_path = urlsplit(store.url).path
        self.url = f"{self.scheme}://localhost:{self.port}{self.sub_path}"


class Nginx(Proxy):
    def prepare(self) -> None:
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        # The folders of tests are their user's own.
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(
            f"{user} daemon off; worker_processes 1; pid {self.folder}/pid; error_log stderr warn;\n"
            # As Debian's nginx.conf has it around deploy/nginx.conf.
            "events { worker_connections 2048; }\nhttp { access_log off; sendfile on; tcp_nopush on;\n"
            f"{temporary}{self.site()}\n}}\n"
        )

    def site(self) -> str:
        ours = (ROOT / "deploy" / "nginx.conf").read_text()
        ours = ours.replace("listen 80;", f"listen 127.0.0.1:{self.port};")
        if self.sub_path:
            ours = re.sub(r'(location (= |~ "?\^)?|return 303 )/', rf"\1{self.sub_path}/", ours)
        ours = ours.replace("/var/cache/image-store", f"{self.folder}/cache")
        return ours.replace("http://127.0.0.1:9999", f"http://127.0.0.1:{self.store.port}")

    def command(self) -> list[str]:
        return [_program(), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def is_ready(self) -> bool:
        return is_live(self.url)


@contextmanager
def under_photos(folder: Path, **knobs: str) -> Iterator[Nginx]:
    """nginx in front of a store under /photos/."""
    with (
        running(folder, SITE_URL="http://localhost/photos", **BEHIND_NGINX, **knobs) as store,
        Nginx(store) as nginx,
    ):
        yield nginx


def _program() -> str:
    unpacked = ROOT / ".venv" / "nginx" / "usr" / "sbin" / "nginx"
    return str(unpacked) if unpacked.exists() else shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
