"""JSON log lines, each with the ids of its request and its user."""

import contextvars
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as _quoted
from random import getrandbits
from typing import Any, cast

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from imagestore.kit import tracing
from imagestore.kit.masking import mask_secrets
from imagestore.kit.metrics import REQUESTS_IN_PROGRESS, count_request, group_of

logger = structlog.get_logger("imagestore.requests")
_plain_logger = logging.getLogger("imagestore.requests")

# No line tells its thread or process, so `logging` need not ask for them each time.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

# Loggers of what Django refuses, as a wrong Host: no error of ours, though Django logs it as one.
REFUSALS = "django.security."
# A proxy may send the request's id in this form; an id in any other form is replaced.
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def processors() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        _as_refusal,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ]


def _as_refusal(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Its traceback tells nothing."""
    if event["logger"].startswith(REFUSALS):
        event["level"] = "warning"
        event.pop("exc_info", None)
    return event


def formatter() -> logging.Formatter:
    """One JSON object a line, for structlog's events and for plain `logging` calls alike."""
    return _Formatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            mask_secrets,
            structlog.processors.JSONRenderer(),
        ],
        foreign_pre_chain=processors()[:-1],
    )


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return record.msg if isinstance(record, _WrittenLine) else super().format(record)


class _WrittenLine(logging.LogRecord):
    """Its message is the line already. All else is the same for each: to look up its caller takes long."""

    def __init__(self, line: str) -> None:
        self.__dict__.update(_SAME_FOR_EACH, msg=line)


_SAME_FOR_EACH = vars(logging.LogRecord(_plain_logger.name, logging.INFO, "", 0, "", None, None))


class OwnContext:
    """WSGI application around Django: a line of the log bears the ids of its own request, or none.

    A thread serves one request after the other. What one binds must be gone when the server logs about the
    next, or a middleware refuses it before RequestLogMiddleware sees it.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        context = contextvars.Context()
        body = context.run(self.app, environ, start_response)
        # The server knows a file by its type, and lets the kernel send it.
        is_file = isinstance(body, environ.get("wsgi.file_wrapper", ()))
        return body if is_file else _BodyInContext(body, context)


class _BodyInContext:
    def __init__(self, body: Any, context: contextvars.Context) -> None:
        self._body, self._context = body, context

    def __iter__(self) -> Iterator[bytes]:
        chunks, end = iter(self._body), object()
        while (chunk := self._context.run(next, chunks, end)) is not end:
            yield cast(bytes, chunk)

    def close(self) -> None:
        if hasattr(self._body, "close"):
            self._context.run(self._body.close)


class RequestLogMiddleware:
    """Gives each request an id, adds id and user to all log lines of the request, logs its end and counts it.

    It logs no query, which may hold a link's signature, and no key of a mail. What others log is masked
    (imagestore.kit.masking).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        structlog.contextvars.clear_contextvars()
        request_id = bind_request_id(request.META)
        started = time.monotonic()
        with REQUESTS_IN_PROGRESS.track_inprogress():
            response = self.get_response(request)
        seconds = time.monotonic() - started
        response["X-Request-ID"] = request_id
        counted = group_of(request.resolver_match), request.method, response.status_code, seconds
        count_request(*counted)
        tracing.record_request(*counted)
        logger.info(
            "request",
            method=request.method,
            path=_path(request),
            status=response.status_code,
            ms=round(seconds * 1000),
        )
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        # A public view, a signed link for example, must not cost a look-up of the session. In the API
        # the authentication classes bind the user.
        if getattr(view, "login_required", True) and settings.SESSION_COOKIE_NAME in request.COOKIES:
            bind_user(request.user)


def bind_request_id(environ: Mapping[str, Any]) -> str:
    """The id that a proxy has given this request, or a new one. All lines of its context bear it."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    # It is no secret, so it needs no system call for random bytes, which uuid4() would make.
    request_id = given if _REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def log_answer(request_id: str, method: str, path: str, status: int, started: float) -> None:
    """The line that RequestLogMiddleware writes, for an answer without Django. `path` must hold no secret.

    structlog would take longer for it than all else for a signed link: it masks each value, and makes two records.
    json.dumps() would take a quarter of what is left.
    """
    if not _plain_logger.isEnabledFor(logging.INFO):
        return
    now, ms = datetime.now(UTC).isoformat().replace("+00:00", "Z"), round((time.monotonic() - started) * 1000)
    _plain_logger.handle(
        _WrittenLine(
            f'{{"method": {_quoted(method)}, "path": {_quoted(path)}, "status": {status}, "ms": {ms}, '
            f'"event": "request", "request_id": {_quoted(request_id)}, "logger": "{_plain_logger.name}", '
            f'"level": "info", "timestamp": "{now}"}}'
        )
    )


def _path(request: HttpRequest) -> str:
    """The path for the log; the route instead when the path has a key of a mail, which a reader could use."""
    match = request.resolver_match
    return f"/{match.route}" if match and "key" in match.kwargs else request.path


# Of the rows that one action changes, the log names so many.
MAX_LOGGED_IDS = 100


def public_ids(rows: "QuerySet[Any]") -> list[str]:
    """For `log_rows`. Read them before the action: afterwards the QuerySet may find other rows, or none."""
    return [
        str(public_id) for public_id in rows.order_by("pk").values_list("public_id", flat=True)[:MAX_LOGGED_IDS]
    ]


def log_rows(event: str, owner: Any, ids: list[str], count: int) -> None:
    """What was done to rows of this owner; nothing when it was done to none."""
    if count:
        logger.info(event, owner=str(owner.public_id), count=count, ids=ids)


def bind_user(user: Any) -> None:
    structlog.contextvars.bind_contextvars(user_id=user.pk)
