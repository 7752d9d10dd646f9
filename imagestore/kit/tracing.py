"""Sends a span of each request and rendering to an OpenTelemetry collector. Only with OTEL_EXPORTER_OTLP_ENDPOINT.

The library's instrumentations are not used: they would send paths and headers, which hold secrets. A span of ours
has what the labels of the metrics have, and the ids by which its line is found in the log. Never add what a client
has chosen, nor the text of an exception.

Spans leave by a thread of the library. When the collector is away or slow, its queue overflows and spans are lost;
no request waits.
"""

import logging
import os
import socket
import threading
import time
from typing import Any

import structlog
from django.conf import settings

from imagestore.kit.metrics import method_label

logger = logging.getLogger(__name__)

# The end of the process waits so long for the last spans, but at most a tenth of GRACEFUL_TIMEOUT.
STOP_SECONDS = 3
RENDERED = "rendered"

_spans: "_Spans | None" = None


def start() -> None:
    """Call in the process that works, after its last fork. Does and loads nothing without the setting."""
    global _spans
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        _spans = _Spans()


def stop() -> None:
    """Send the spans that wait. What the collector does not take in time is lost."""
    if _spans:
        sending = threading.Thread(target=_spans.send_last, daemon=True)
        sending.start()
        sending.join(min(STOP_SECONDS, settings.GRACEFUL_TIMEOUT / 10))


def record_request(view: str, method: str | None, status: int, seconds: float) -> None:
    """The arguments are those of `imagestore.kit.metrics.count_request`. Call it in the request's context."""
    if _spans:
        label, bound = method_label(method), structlog.contextvars.get_contextvars()
        attributes = {name: bound[name] for name in ("request_id", "user_id") if bound.get(name) is not None}
        attributes |= {"http.request.method": label, "http.response.status_code": status}
        _spans.record(f"{label} {view}", "SERVER", seconds, attributes, is_error=status >= 500)


def record_render(form: str, size: str, outcome: str, seconds: float) -> None:
    """`outcome` is RENDERED, or the reason why not, one of few."""
    if _spans:
        attributes = {"format": form, "size": size, "outcome": outcome}
        _spans.record("render", "INTERNAL", seconds, attributes, is_error=outcome != RENDERED)


class _Spans:
    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import SpanKind, StatusCode

        # The library reads its variables itself; this one may have come from a file.
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = settings.OTEL_EXPORTER_OTLP_ENDPOINT
        ours = {"service.name": "image-store", "service.version": settings.VERSION}
        given = OTELResourceDetector().detect().attributes
        resource = Resource.create({**ours, "host.name": socket.gethostname(), **given})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter: Any = _Exporter(OTLPSpanExporter())
        provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer, self.send_last = provider.get_tracer("imagestore"), provider.shutdown
        self._kinds, self._error = SpanKind, StatusCode.ERROR
        # The log has what the library says of its variables. From now on it would have a line for each try to send.
        library = logging.getLogger("opentelemetry")
        library.propagate = False
        library.addHandler(exporter)

    def record(self, name: str, kind: str, seconds: float, attributes: Any, *, is_error: bool) -> None:
        end = time.time_ns()
        begin = end - int(seconds * 1e9)
        span = self._tracer.start_span(name, kind=self._kinds[kind], attributes=attributes, start_time=begin)
        if is_error:
            span.set_status(self._error)
        span.end(end)


class _Exporter(logging.Handler):
    """The library's exporter. It takes what the library logs, and logs one line for each outage."""

    def __init__(self, exporter: Any) -> None:
        super().__init__()
        self._exporter, self._reason, self._is_away = exporter, "", False
        self.shutdown = exporter.shutdown

    def emit(self, record: logging.LogRecord) -> None:
        if not self._reason and record.name.startswith("opentelemetry.exporter"):
            self._reason = record.getMessage()

    def export(self, spans: Any) -> Any:
        self._reason = ""
        result = self._exporter.export(spans)
        is_away = result.name != "SUCCESS"
        if is_away and not self._is_away:
            logger.warning("traces are lost while the collector does not take them: %s", self._reason)
        elif self._is_away and not is_away:
            logger.info("the collector takes traces again")
        self._is_away = is_away
        return result
