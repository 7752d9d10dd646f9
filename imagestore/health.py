"""Is the server up (`live`), and can it work (`ready`)?"""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import storages
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse

from images.storage import identity


@login_not_required
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """200 when database and image storage answer, else 503 naming the one that does not."""
    checks = {"database": _database_answers(), "storage": _storage_answers()}
    down = [name for name, up in checks.items() if not up]
    body = {"status": "down" if down else "ok", "down": down, "version": settings.VERSION}
    return JsonResponse(body, status=503 if down else 200)


def _storage_answers() -> bool:
    """Whether the storage answers and has an identity file, which an empty mount point does not have."""
    storage: Any = storages["images"]
    try:
        return storage.answers() and identity.is_there()
    except OSError:
        return False


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True
