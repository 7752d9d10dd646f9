"""JSON log lines, each with the request's id and its user's."""

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

# What a proxy in front may hand down as the request's id; anything else is replaced.
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
    """Names the request, binds its user to every line it logs, and logs its end.

    The path goes without its query, which may hold a link's signature.
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
        # Public views (signed links among them) never look the session up; the API's
        # authentication classes bind the user themselves.
        if getattr(view, "login_required", True) and settings.SESSION_COOKIE_NAME in request.COOKIES:
            bind_user(request.user)


def _path(request: HttpRequest) -> str:
    """Without the keys that mails carry: whoever reads the log could use them."""
    match = request.resolver_match
    return f"/{match.route}" if match and "key" in match.kwargs else request.path


def bind_user(user: Any) -> None:
    structlog.contextvars.bind_contextvars(user_id=user.pk)
