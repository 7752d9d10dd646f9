"""The hosts by which people ask for this server: which are allowed, and which are of a home."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]"]
# Names that no public DNS has: RFC 6762, RFC 8375, RFC 6761, and those of routers.
_OF_A_HOME = (".local", ".home.arpa", ".localhost", ".internal", ".lan", ".home", ".fritz.box", ".test")


def is_allowed(address: str) -> bool:
    """Does the server answer to the host of this address (http://nas.local:9999)?"""
    host = urlsplit(address).netloc.rpartition(":")[0]
    return validate_host(host, settings.ALLOWED_HOSTS)


def needs_only_site_url() -> bool:
    """Is a new SITE_URL enough to allow its host? Not where one of the two settings is in use already."""
    is_default = f"http://localhost:{settings.PORT}" == settings.SITE_URL
    return is_default and settings.ALLOWED_HOSTS == LOCAL_NAMES


def is_at_home(host: str) -> bool:
    """Whether this name or address is of this machine or of a private network; a bare name is, too."""
    try:
        return not ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_global
    except ValueError:
        return "." not in host or host.endswith(_OF_A_HOME)
