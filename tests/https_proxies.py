"""nginx, Caddy and Traefik in front of a store as deploy/ has them, with HTTPS and HTTP/2."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from tests.nginx_server import Nginx, Proxy
from tests.people import PATIENCE, Person
from tests.servers import ROOT, Server

BEHIND_HTTPS = {"SITE_URL": "https://localhost", "NUM_PROXIES": "1", "FORWARDED_ALLOW_IPS": "127.0.0.1"}
_PROGRAMS = Path(sys.executable).parent


class HttpsProxy(Proxy):
    """With a certificate of its own for localhost."""

    ready_within_seconds = 30
    scheme = "https"

    def prepare(self) -> None:
        self.certificate, self._key = self.folder / "certificate.pem", self.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
             "-keyout", self._key, "-out", self.certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        super().prepare()

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz/live", verify=str(self.certificate), timeout=2).ok
        except requests.RequestException:
            return False

    def example(self, name: str, *changes: tuple[str, str]) -> str:
        """A file of deploy/ with what an operator changes in it, and what keeps it apart from other tests."""
        return changed((ROOT / "deploy" / name).read_text(), *changes)


def changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


class HttpsNginx(HttpsProxy, Nginx):
    def site(self) -> str:
        return changed(
            super().site(),
            (f"listen 127.0.0.1:{self.port};", ""),
            ("# listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;"),
            ("# ssl_certificate /etc/ssl/certs/image-store.pem;", f"ssl_certificate {self.certificate};"),
            ("# ssl_certificate_key /etc/ssl/private/image-store.key;", f"ssl_certificate_key {self._key};"),
        )


class Caddy(HttpsProxy):
    def prepare(self) -> None:
        super().prepare()
        (self.folder / "Caddyfile").write_text(
            self.example(
                "Caddyfile",
                ("{\n\tservers", "{\n\tadmin off\n\tauto_https off\n\tservers"),
                (
                    "pictures.example.org {",
                    f"{self.url} {{\n\tbind 127.0.0.1\n\ttls {self.certificate} {self._key}",
                ),
                ("127.0.0.1:9999", f"127.0.0.1:{self.store.port}"),
                # A busy machine starts the store in more.
                ("lb_try_duration 30s", f"lb_try_duration {PATIENCE}s"),
            )
        )

    def command(self) -> list[str]:
        return [str(_PROGRAMS / "caddy"), "run", "--config", str(self.folder / "Caddyfile")]

    def environment(self) -> Mapping[str, str]:
        return {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}


class Traefik(HttpsProxy):
    def prepare(self) -> None:
        super().prepare()
        pair = f"tls:\n  certificates:\n    - certFile: {self.certificate}\n      keyFile: {self._key}\n"
        (self.folder / "store.yml").write_text(
            self.example(
                "traefik-store.yml",
                ("pictures.example.org", "localhost"),
                ("      tls:\n        certResolver: letsencrypt", "      tls: {}"),
                ("127.0.0.1:9999", f"127.0.0.1:{self.store.port}"),
            )
            + pair
        )
        (self.folder / "traefik.yml").write_text(
            self.example(
                "traefik.yml",
                ('":80"', '"127.0.0.1:0"'),
                ('":443"', f'"127.0.0.1:{self.port}"'),
                ("/etc/traefik/traefik-store.yml", str(self.folder / "store.yml")),
                ("/var/lib/traefik", str(self.folder)),
            )
        )

    def command(self) -> list[str]:
        return [str(_PROGRAMS / "traefik"), f"--configFile={self.folder}/traefik.yml"]


class Visitor(Person):
    """A person who comes by HTTPS."""

    server: HttpsProxy

    def __init__(self, server: Server, email: str, address: str) -> None:
        super().__init__(server, email, address)
        self.base = self.server.url
        self.http.mount("https://", self.http.get_adapter("http://"))
        self.http.verify = str(self.server.certificate)
        # Else a bundle that the environment names would count instead.
        self.http.trust_env = False
