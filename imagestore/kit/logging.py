"""JSON log lines, each with the ids of its request and its user."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

logger = structlog.get_logger("imagestore.requests")

# A proxy may send the request's id in this form; an id in any other form is replaced.
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def processors() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ]


def formatter() -> logging.Formatter:
    """One JSON object a line, for structlog's events and for plain `logging` calls alike."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(default=str),
        ],
        foreign_pre_chain=processors()[:-1],
    )


class RequestLogMiddleware:
    """Gives each request an id, adds id and user to all log lines of the request, and logs its end.

    Never log the query: it may hold a link's signature.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.monotonic()
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        logger.info(
            "request",
            method=request.method,
            path=_path(request),
            status=response.status_code,
            ms=round((time.monotonic() - started) * 1000),
        )
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        # A public view, a signed link for example, must not cost a look-up of the session. In the API
        # the authentication classes bind the user.
        if getattr(view, "login_required", True) and settings.SESSION_COOKIE_NAME in request.COOKIES:
            bind_user(request.user)


def _path(request: HttpRequest) -> str:
    """The path for the log; the route instead when the path has a key of a mail, which a reader could use."""
    match = request.resolver_match
    return f"/{match.route}" if match and "key" in match.kwargs else request.path


def bind_user(user: Any) -> None:
    structlog.contextvars.bind_contextvars(user_id=user.pk)
