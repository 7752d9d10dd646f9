"""A network namespace: what runs in it is as on another machine, and reaches of this one only what is forwarded.

Needs root and `ip` (iproute2).
"""

import secrets
import subprocess
from contextlib import ExitStack
from typing import Self
from urllib.parse import urlsplit

from tests.forwarder import Forwarder


class Namespace:
    """One at a time for each number (0 to 63)."""

    def __init__(self, number: int) -> None:
        # 198.18.0.0/15 is reserved for benchmarks (RFC 2544).
        self._ours, self._theirs = f"198.18.{number}.1", f"198.18.{number}.2"
        self._name = f"bench{secrets.token_hex(3)}"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        near, far = self._name, f"{self._name}-far"
        _ip("netns", "add", self._name)
        self._stack.callback(_ip, "netns", "delete", self._name)
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self._name)
        _ip("address", "add", f"{self._ours}/30", "dev", near)
        _ip("link", "set", near, "up")
        inside = (
            ("address", "add", f"{self._theirs}/30", "dev", far),
            ("link", "set", far, "up"),
            ("link", "set", "lo", "up"),
        )
        for arguments in inside:
            _ip("-netns", self._name, *arguments)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def prefix(self) -> list[str]:
        """Stands before a command that is to run in it."""
        return ["ip", "netns", "exec", self._name]

    def url(self, url: str) -> str:
        """The URL of a server of 127.0.0.1, as it is reached from inside."""
        parts = urlsplit(url)
        assert parts.port is not None
        port = self._stack.enter_context(Forwarder(parts.port, self._ours)).port
        return url.replace(f"127.0.0.1:{parts.port}", f"{self._ours}:{port}")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
