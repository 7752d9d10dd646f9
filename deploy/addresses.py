"""Tells who starts the store by hand under which addresses others reach it, and which of them it still refuses."""

import ipaddress
import socket
import subprocess

from django.conf import settings

from imagestore.kit.hosts import is_allowed, needs_only_site_url


def lines() -> list[str]:
    """What to print at the start; nothing where only this machine can connect, or a proxy stands in front."""
    if settings.SITE_URL.startswith("https:") or not (hosts := hosts_of(settings.HOST)):
        return []
    addresses = [f"http://{host}:{settings.PORT}" for host in hosts]
    return ["On your network it can be reached at", *(f"  {address}{_remark(address)}" for address in addresses)]


def hosts_of(listens: str) -> list[str]:
    """The addresses and the name by which other machines reach a server that listens there; IPv6 in brackets."""
    try:
        address = ipaddress.ip_address(listens)
    except ValueError:  # a name
        return [] if listens == "localhost" else [listens]
    if address.is_unspecified:
        own = [own for own in own_addresses() if own.version == 4 or address.version == 6]
        return [*map(_in_url, own), socket.gethostname()]
    return [] if address.is_loopback else [_in_url(address)]


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def own_addresses() -> list[Address]:
    """Those of this machine, without loopback and link-local ones; none where no program tells them."""
    try:
        told = subprocess.run(["hostname", "-I"], capture_output=True, text=True, timeout=5).stdout  # noqa: S607
        return [ipaddress.ip_address(word) for word in told.split()]
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return []


def _in_url(address: Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


def _remark(address: str) -> str:
    if is_allowed(address):
        return ""
    if needs_only_site_url():
        return f"  (refused until you set SITE_URL={address})"
    host = address.removeprefix("http://").rpartition(":")[0]
    return f"  (refused until ALLOWED_HOSTS names {host})"
