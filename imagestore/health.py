"""Is the server up (`live`), and can it work (`ready`)? Containers and load balancers ask, by any Host."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import storages
from django.db import Error, connection, connections
from django.http import HttpRequest, HttpResponse, JsonResponse

from images.storage import identity, space

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Probes of containers, and Prometheus.
PATHS = ("/healthz/live", "/healthz/ready", "/metrics")
# `ready` answers within this time, also when database or storage hang.
READY_SECONDS = 1.5
RETRY_SECONDS = 5


class AnyHost:
    """Middleware before all others: who watches may ask by an address that ALLOWED_HOSTS does not name.

    The answers repeat nothing of the request, so its Host may be anything.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in PATHS:
            request.get_host = lambda: "localhost"  # type: ignore[method-assign]
        return self.get_response(request)


@login_not_required
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """200 when database and storage answer and there is free space for uploads, else 503 naming what is down."""
    down = [name for name, is_up in check_all().items() if not is_up]
    body = {"status": "down" if down else "ok", "down": down, "version": settings.VERSION}
    headers = {"Retry-After": str(RETRY_SECONDS)} if down else {}
    return JsonResponse(body, status=503 if down else 200, headers=headers)


def check_all() -> dict[str, bool]:
    """What the server needs, and whether that works, within READY_SECONDS."""
    results = {name: check.start() for name, check in _checks.items()}
    wait(results.values(), READY_SECONDS)
    return {name: result.done() and result.result() for name, result in results.items()}


class Check(Generic[T]):
    """A question that may hang, asked in a thread of its own. While it hangs, later probes start no other."""

    def __init__(self, name: str, ask: Callable[[], T]) -> None:
        self._pool = ThreadPoolExecutor(1, f"health-{name}")
        self._ask, self._lock = ask, threading.Lock()
        self._running: Future[T] | None = None

    def start(self) -> Future[T]:
        with self._lock:
            if self._running is None or self._running.done():
                self._running = self._pool.submit(self._ask)
            return self._running


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    finally:
        connections.close_all()
    return True


def _storage_answers() -> bool:
    """Whether the storage answers and has an identity file, which an empty mount point does not have."""
    storage: Any = storages["images"]
    try:
        return storage.answers() and identity.is_there()
    except OSError:
        return False


def _has_free_space() -> bool:
    try:
        full = space.full_disks()
    except OSError:
        return False
    if full:
        logger.warning("too little free disk for uploads: %s", ", ".join(full))
    return not full


_checks = {
    "database": Check("database", _database_answers),
    "storage": Check("storage", _storage_answers),
    "space": Check("space", _has_free_space),
}
