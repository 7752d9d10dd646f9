"""The cache that REDIS_URL names: in it, all servers of a store count attempts together."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def cache_from_url(url: str) -> dict[str, Any]:
    """An entry of CACHES; for an empty URL, the memory of each server.

    Raises ImproperlyConfigured. Its message must not repeat the URL, which may hold a password.
    """
    # Many entries, so that an attacker cannot crowd the counters of attempts out of the cache.
    options = {"OPTIONS": {"MAX_ENTRIES": 100_000}}
    if not url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", **options}
    if not _is_redis_url(url):
        raise ImproperlyConfigured(
            "REDIS_URL must look like redis://user:password@host:6379/0, or rediss:// for TLS "
            "(user and password percent-encoded, or neither; 0 is the number of the database)."
        )
    return {"BACKEND": "imagestore.kit.cache.SharedCache", "LOCATION": url, **options}


def _is_redis_url(url: str) -> bool:
    try:
        address = urlsplit(url)
        host = (address.hostname or "").encode("idna")
        usable = bool(host) and address.port != 0 and re.fullmatch(r"(/\d{0,4})?", address.path)
    except ValueError:
        return False
    return bool(usable) and address.scheme in ("redis", "rediss") and not re.search(r"[\s?#]", url)
