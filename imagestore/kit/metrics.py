"""What this process counts for Prometheus: its requests here, the rest in the room where it happens.

A label has few values, which the code knows beforehand. Never take an id, a name, a path or anything else that a
client chooses: each new value costs memory for ever, and Prometheus keeps it for weeks.

Each server counts for itself; Prometheus adds them up. Child processes count nothing: their server counts what they
return.
"""

from hmac import compare_digest
from typing import Any

from django.conf import settings
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

# One more series for each counter, which no graph of ours reads.
disable_created_metrics()
# Not the library's own registry, into which any package may write.
REGISTRY = CollectorRegistry()
# Memory, CPU time, open files and start of this process.
ProcessCollector(registry=REGISTRY)

REQUESTS = Counter(
    "imagestore_requests", "Requests that were answered.", ["view", "method", "status"], registry=REGISTRY
)
REQUEST_SECONDS = Histogram(
    "imagestore_request_seconds",
    "Time until an answer began; the bytes of files go out afterwards.",
    ["view"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
    registry=REGISTRY,
)
REQUESTS_IN_PROGRESS = Gauge(
    "imagestore_requests_in_progress", "Requests in work, uploads that arrive among them.", registry=REGISTRY
)
REDIS_AWAY = Gauge("imagestore_redis_away", "1 while this server counts attempts without Redis.", registry=REGISTRY)

_METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


def count_request(view: str, method: str | None, status: int, seconds: float | None = None) -> None:
    """`view` is the group of the view (`group_of`). Without `seconds`, nobody measured them."""
    REQUESTS.labels(view, method_label(method), f"{status // 100}xx").inc()
    if seconds is not None:
        REQUEST_SECONDS.labels(view).observe(seconds)


def method_label(method: str | None) -> str:
    """A client may choose any word as its method."""
    return method if method in _METHODS else "other"


def may_read(authorization: str) -> bool:
    """Is this the header `Authorization` of who may read all this? Nobody may without METRICS_TOKEN."""
    token = settings.METRICS_TOKEN
    # As bytes, because it compares no text beyond ASCII.
    return bool(token) and compare_digest(authorization.encode(), f"Bearer {token}".encode())


def group_of(match: Any) -> str:
    """The module of a resolved view, such as `portal.albums`; of a view that others wrote, their package."""
    if match is None:
        return "none"
    package, *modules = getattr(match.func, "__module__", "other").split(".")
    if package == settings.ROOT_URLCONF.split(".")[0]:
        return ".".join(modules)
    return "admin" if modules[:2] == ["contrib", "admin"] else package
