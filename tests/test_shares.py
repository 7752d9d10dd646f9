"""What one address may take at once (deploy/shares.py, deploy/parked.py)."""

import socket
from ipaddress import ip_network
from typing import Any

import pytest

from deploy.parked import Parked
from deploy.shares import Shares, address_of, forwarded_address
from deploy.worker import Connection

PROXIES = [ip_network("10.0.0.0/8"), ip_network("::1/128")]


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        (("192.0.2.1", 5), "192.0.2.1"),
        (("::ffff:192.0.2.1", 5, 0, 0), "192.0.2.1"),
        (("2001:db8:1:2:3:4:5:6", 5, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::/64"),
        (("10.1.2.3", 5), None),
        (("::ffff:10.1.2.3", 5, 0, 0), None),
        (("::1", 5, 0, 0), None),
        ("", None),
    ],
)
def test_an_address_is_what_one_subscriber_has(peer: object, address: str | None) -> None:
    assert address_of(peer, PROXIES) == address


@pytest.mark.parametrize(
    ("lines", "proxies", "address"),
    [
        (b"X-Forwarded-For: 192.0.2.1", 1, "192.0.2.1"),
        (b"X-Forwarded-For: 203.0.113.9, 192.0.2.1", 1, "192.0.2.1"),
        (b"x-forwarded-for: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.1", 1, "192.0.2.1"),
        (b"X-Forwarded-For: 192.0.2.1, 10.0.0.2", 2, "192.0.2.1"),
        (b"X-Forwarded-For: 2001:db8:1:2:3::9", 1, "2001:db8:1:2::/64"),
        (b"X-Forwarded-For: ::ffff:192.0.2.1", 1, "192.0.2.1"),
        (b"X-Forwarded-For: 192.0.2.1", 0, None),
        (b"X-Forwarded-For: 192.0.2.1", 2, None),
        (b"X-Forwarded-For: unknown", 1, None),
        (b"X-Forwarded-For: \xff", 1, None),
        (b"Accept: */*", 1, None),
    ],
)
def test_the_outermost_of_our_proxies_says_whose_request_it_is(
    lines: bytes, proxies: int, address: str | None
) -> None:
    head = b"GET / HTTP/1.1\r\nHost: store.example\r\n" + lines + b"\r\n\r\n"
    assert forwarded_address(head, proxies) == address


@pytest.mark.parametrize(
    ("lines", "requester"),
    [
        (b"X-Forwarded-For: 203.0.113.7", "203.0.113.7"),
        (b"X-Forwarded-For: unknown", "10.1.2.3"),
        (b"A: b", "10.1.2.3"),
    ],
)
def test_a_request_whose_proxy_names_no_client_has_the_share_of_the_proxy(
    settings: Any, lines: bytes, requester: str
) -> None:
    settings.NUM_PROXIES = 1
    ours, theirs = socket.socketpair()
    with ours, theirs:
        conn = Connection(None, ours, ("10.1.2.3", 5), None, address=None)
        conn.received += b"GET / HTTP/1.1\r\n" + lines + b"\r\n\r\n"
        assert conn.has_whole_request()
    assert conn.requester == requester


def started(shares: Shares, address: str | None, count: int, *, has_body: bool) -> int:
    return sum(shares.start(address, has_body=has_body) for _ in range(count))


@pytest.fixture
def shares() -> Shares:
    return Shares(connections=10, threads=16, requests_each=4)


def test_one_address_has_its_share_and_another_one_its_own(shares: Shares) -> None:
    assert started(shares, "192.0.2.1", 20, has_body=False) == 4
    assert started(shares, "192.0.2.1", 20, has_body=True) == 4
    assert started(shares, "192.0.2.2", 20, has_body=False) == 4


def test_a_finished_request_makes_way_for_the_next_one(shares: Shares) -> None:
    started(shares, "192.0.2.1", 20, has_body=False)
    shares.finish("192.0.2.1", has_body=False)
    assert started(shares, "192.0.2.1", 20, has_body=False) == 1


def test_bodies_that_are_still_coming_have_half_of_the_threads(shares: Shares) -> None:
    assert started(shares, None, 20, has_body=True) == 8
    assert started(shares, "192.0.2.1", 1, has_body=True) == 0
    assert started(shares, "192.0.2.1", 1, has_body=False) == 1


def test_one_address_has_half_of_the_connections(shares: Shares) -> None:
    assert [shares.connect("192.0.2.1") for _ in range(6)] == [True] * 5 + [False]
    shares.disconnect("192.0.2.1")
    assert shares.connect("192.0.2.1")
    assert shares.connect("192.0.2.2")
    assert all(shares.connect(None) for _ in range(20))


def test_a_few_addresses_never_take_all_bodies() -> None:
    shares = Shares(connections=10, threads=32, requests_each=4)
    taken = [started(shares, f"192.0.2.{number}", 20, has_body=True) for number in range(6)]
    assert taken == [8, 4, 2, 1, 1, 0]


class Request:
    def __init__(self, requester: str, *, has_body: bool) -> None:
        self.requester, self.has_body = requester, has_body


def test_parked_bodies_of_the_address_with_least_come_first(shares: Shares) -> None:
    for address, count in (("192.0.2.1", 4), ("192.0.2.2", 2), ("192.0.2.3", 1), ("192.0.2.4", 1)):
        assert started(shares, address, 20, has_body=True) == count
    parked: Parked[Request] = Parked(shares)
    attackers = [Request("192.0.2.1", has_body=True) for _ in range(50)]
    neighbours = [Request(f"192.0.2.{number}", has_body=True) for number in (5, 6)]
    for request in [*attackers, *neighbours]:
        parked.add(request)
    order = []
    for address in ("192.0.2.1", "192.0.2.2"):
        shares.finish(address, has_body=True)
        order += parked.start_after(address, has_body=True)
    assert order == neighbours
    assert list(parked) == attackers


def test_parked_requests_of_one_address_start_in_order_and_of_two_in_turns() -> None:
    shares = Shares(connections=10, threads=2, requests_each=1)
    parked: Parked[Request] = Parked(shares)
    first = [Request("192.0.2.1", has_body=True) for _ in range(2)]
    second = [Request("192.0.2.2", has_body=True) for _ in range(2)]
    assert shares.start("192.0.2.3", has_body=True)
    for request in [*first, *second]:
        parked.add(request)
    order: list[Request] = []
    finished = "192.0.2.3"
    while len(order) < 4:
        shares.finish(finished, has_body=True)
        order += parked.start_after(finished, has_body=True)
        finished = order[-1].requester
    assert order == [first[0], second[0], first[1], second[1]]


def test_a_finished_request_without_body_starts_one_of_its_own_address(shares: Shares) -> None:
    started(shares, "192.0.2.1", 20, has_body=False)
    started(shares, "192.0.2.2", 20, has_body=False)
    parked: Parked[Request] = Parked(shares)
    his, hers = (Request(f"192.0.2.{number}", has_body=False) for number in (2, 1))
    gone = Request("192.0.2.1", has_body=False)
    for request in (his, gone, hers):
        parked.add(request)
    parked.discard(gone)
    shares.finish("192.0.2.1", has_body=False)
    assert list(parked.start_after("192.0.2.1", has_body=False)) == [hers]
    assert list(parked) == [his]
