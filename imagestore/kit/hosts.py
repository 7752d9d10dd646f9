"""The names by which people ask for this server, and the setting that allows one more."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]"]


def is_allowed(address: str) -> bool:
    """Does the server answer to the host of this address (http://nas.local:9999)?"""
    host = urlsplit(address).netloc.rpartition(":")[0]
    return validate_host(host, settings.ALLOWED_HOSTS)


def needs_only_site_url() -> bool:
    """Is a new SITE_URL enough to allow its host? Not where one of the two settings is in use already."""
    is_default = f"http://localhost:{settings.PORT}" == settings.SITE_URL
    return is_default and settings.ALLOWED_HOSTS == LOCAL_NAMES
