"""Which peers may say for whom they speak: proxies of ours, by their address."""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Networks = Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]

EVERYBODY = "*"
# What only a proxy may say. Django and DRF read some of it; the rest must not mislead what is added later.
_SAID_BY_PROXIES = ("HTTP_X_FORWARDED_", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


def networks_of(texts: Iterable[str]) -> Networks:
    """Addresses and networks (10.0.0.0/8), or `*` for every peer. Raises ValueError for any other text."""
    every = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
    return [
        network
        for text in texts
        for network in (every if text == EVERYBODY else [ipaddress.ip_network(text.strip(), strict=False)])
    ]


def address_of(text: str) -> Address | None:
    """None when `text` is no address. ::ffff:192.0.2.1, as a socket for both versions writes it, becomes IPv4."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def forwarded_entry(header: str, proxies: int) -> str | None:
    """What the outermost of so many proxies of ours has added to X-Forwarded-For; None when it is not there.

    Each of them appends one entry. Never read an entry before those: the client may have written it.
    """
    entries = header.split(",") if header else []
    return entries[-proxies] if 0 < proxies <= len(entries) else None


class TrustedProxies:
    """WSGI application around Django: it sees X-Forwarded-* only from peers in `networks`.

    X-Forwarded-Proto of such a peer becomes the request's scheme. Each proxy may add an entry to it; the last one
    is that of the peer.
    """

    def __init__(self, app: Any, networks: Networks) -> None:
        self.app = app
        self._trusts = lru_cache(partial(_is_in, networks))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if not self._trusts(environ.get("REMOTE_ADDR", "")):
            for name in [name for name in environ if name.startswith(_SAID_BY_PROXIES)]:
                del environ[name]
        elif environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip() == "https":
            environ["wsgi.url_scheme"] = "https"
        return self.app(environ, start_response)


def _is_in(networks: Networks, peer: str) -> bool:
    address = address_of(peer)
    return address is not None and any(address in network for network in networks)
