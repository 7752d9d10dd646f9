"""REDIS_URL: where all servers of a store count attempts together."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def cache_from_url(url: str) -> dict[str, Any]:
    """An entry of CACHES; an empty URL is the memory of each server.

    Raises ImproperlyConfigured, which never repeats the URL: it may hold a password.
    """
    # Too few entries would let an attacker push the counters of attempts out.
    options = {"OPTIONS": {"MAX_ENTRIES": 100_000}}
    if not url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", **options}
    if not _names_a_redis(url):
        raise ImproperlyConfigured(
            "REDIS_URL must look like redis://user:password@host:6379/0, or rediss:// for TLS "
            "(user and password percent-encoded, or neither; 0 is the number of the database)."
        )
    return {"BACKEND": "imagestore.kit.cache.SharedCache", "LOCATION": url, **options}


def _names_a_redis(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        usable = bool(host) and parts.port != 0 and re.fullmatch(r"(/\d{0,4})?", parts.path)
    except ValueError:
        return False
    return bool(usable) and parts.scheme in ("redis", "rediss") and not re.search(r"[\s?#]", url)
