"""What one address may take of the server at once, so that others are served meanwhile.

An address is an IPv4 address or an IPv6 /64, which one subscriber has. It may have half of the connections,
ADDRESS_REQUESTS in the threads, because those share one processor, and a quarter of the threads for bodies
that are still coming. All addresses together have half of the threads for such bodies. An address gets another
body only while at least as many more may come as it then has, so a few addresses never take all.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from math import inf

from imagestore.kit import proxies

_FORWARDED_FOR = re.compile(rb"\r\nx-forwarded-for:([^\r\n]*)", re.IGNORECASE)


class Shares:
    """Counts for the loop of the worker, which alone calls it. The address None has no limit of its own."""

    def __init__(self, *, connections: int, threads: int, requests_each: int) -> None:
        self._connections_each = max(1, connections // 2)
        self._requests_each = requests_each
        self._bodies = max(1, threads // 2)
        self._bodies_each = max(1, threads // 4)
        self._connected: Counter[str | None] = Counter()
        self._running: Counter[str | None] = Counter()
        self._receiving: Counter[str | None] = Counter()

    def connect(self, address: str | None) -> bool:
        """Count a new connection; False when the address has its share."""
        if address is not None and self._connected[address] >= self._connections_each:
            return False
        self._connected[address] += 1
        return True

    def disconnect(self, address: str | None) -> None:
        _decrease(self._connected, address)

    def start(self, address: str | None, *, has_body: bool) -> bool:
        """Count a request that takes a thread, and may wait there for its body. False when it must wait outside."""
        counter = self._counter(has_body)
        if counter[address] >= (self._bodies_of(address) if has_body else self._requests_of(address)):
            return False
        counter[address] += 1
        return True

    def _requests_of(self, address: str | None) -> float:
        return inf if address is None else self._requests_each

    def _bodies_of(self, address: str | None) -> float:
        """How many bodies this address may have now."""
        free = self._bodies - self._receiving.total()
        if address is None or not self._receiving[address]:
            return inf if free else 0
        # One more would leave `free - 1`.
        return min(self._bodies_each, free - 1)

    def in_work(self, address: str | None, *, has_body: bool) -> int:
        return self._counter(has_body)[address]

    def finish(self, address: str | None, *, has_body: bool) -> None:
        _decrease(self._counter(has_body), address)

    def _counter(self, has_body: bool) -> Counter[str | None]:
        return self._receiving if has_body else self._running


def _decrease(counter: Counter[str | None], address: str | None) -> None:
    counter[address] -= 1
    if not counter[address]:
        del counter[address]


def address_of(peer: object, trusted: Iterable[IPv4Network | IPv6Network]) -> str | None:
    """The address of a peer as accept() returns it; None for a trusted proxy or a Unix socket."""
    if not isinstance(peer, tuple):
        return None
    address = proxies.address_of(peer[0].partition("%")[0])
    return None if any(address in network for network in trusted) else _subscriber(address)


def forwarded_address(head: bytes, count: int) -> str | None:
    """The address that our outermost of so many proxies has seen; None when the head of the request names none."""
    header = b",".join(_FORWARDED_FOR.findall(head)).decode("latin-1")
    return _subscriber(proxies.address_of(proxies.forwarded_entry(header, count) or ""))


def _subscriber(address: proxies.Address | None) -> str | None:
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address.packed, 64), strict=False))
    return str(address) if address else None
