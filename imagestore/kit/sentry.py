"""Tells Sentry, or a server that speaks like it, of each line that is logged as an error. Only with SENTRY_DSN.

The log is the one source: what is an error of ours is a line of level error, with its traceback. Sentry's
integrations with Django and Celery are off: they would send requests, whose paths and headers hold secrets, and
patch what serves them.

An event leaves by a thread of the library. When Sentry is away or slow, its queue overflows and events are lost; no
request waits.
"""

import logging
import re
from typing import Any

import structlog
from django.conf import settings

from imagestore.kit.logging import REFUSALS
from imagestore.kit.masking import HIDDEN, masked

# What others may read of an event as the library made it. All else would need a look for secrets: local variables,
# arguments of the log, the command line, the modules.
_KEPT = ("event_id", "timestamp", "level", "logger", "platform", "release", "environment", "server_name", "sdk")
# Texts of exceptions quote what people gave: names of files, addresses, the values of a unique column.
_QUOTED = re.compile(r"[\"'].*[\"']", re.DOTALL)
# It begins where a word does: else a long word without @ would be read again from each of its characters.
_MAILBOX = re.compile(r"(?<![^\s@<>])[^\s@<>]+@[^\s@<>]+")


def start() -> None:
    """Call in the process that works, after its last fork. Does and loads nothing without SENTRY_DSN."""
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        settings.SENTRY_DSN,
        release=f"image-store@{settings.VERSION}",
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration(level=None, event_level=logging.ERROR)],
        before_send=_without_secrets,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
    )


def _without_secrets(event: Any, hint: dict[str, Any]) -> Any:
    if event.get("logger", "").startswith(REFUSALS):
        # Strangers would fill Sentry with words of theirs.
        return None
    request = structlog.contextvars.get_contextvars().get("request_id")
    return {
        **{name: event[name] for name in _KEPT if name in event},
        "logentry": {"message": _message(hint.get("log_record"))},
        "exception": {"values": [_exception(value) for value in event.get("exception", {}).get("values", ())]},
        # By it the operator finds the whole line in the log.
        "tags": {"request_id": request} if request else {},
    }


def _message(record: logging.LogRecord | None) -> str:
    """The text without its arguments. structlog's is a mapping."""
    text = record.msg if record else ""
    return _without_quotes(text.get("event", "") if isinstance(text, dict) else text)


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    """Its stack holds only names and lines of the code."""
    kept = {name: value.get(name) for name in ("type", "module", "stacktrace")}
    return {**kept, "value": _without_quotes(value.get("value"))}


def _without_quotes(text: Any) -> str:
    return _MAILBOX.sub(HIDDEN, _QUOTED.sub(HIDDEN, str(masked(text))))
