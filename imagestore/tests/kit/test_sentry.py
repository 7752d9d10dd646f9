"""What of an event may leave the machine. tests/test_sentry.py has a Sentry that takes them."""

import logging
import time
from typing import Any

import pytest

from imagestore.kit.sentry import _without_secrets


def event_of(logger: str, message: str, value: str = "") -> Any:
    """What leaves of a line with an exception whose text is `value`."""
    record = logging.LogRecord(logger, logging.ERROR, "", 0, message, None, None)
    made = {"event_id": "0", "logger": logger, "exception": {"values": [{"type": "ValueError", "value": value}]}}
    return _without_secrets(made, {"log_record": record})


@pytest.mark.parametrize("refusal", ["DisallowedHost", "TooManyFieldsSent", "csrf"])
def test_what_django_refuses_is_no_event(refusal: str) -> None:
    """Each request with a wrong Host would be one, with words of the client."""
    assert event_of(f"django.security.{refusal}", "Invalid HTTP_HOST header: 'evil.example'.") is None
    assert event_of("django.request", "Internal Server Error: %s") is not None


def test_what_a_message_quotes_stays_here() -> None:
    [message] = event_of("others", "no 'Ada in Rome.jpg' of ada@example.org").get("logentry").values()
    assert message == "no … of …"


def test_a_long_text_of_an_exception_costs_no_time() -> None:
    started = time.process_time()
    event_of("images", "failed", "a" * 100_000)
    assert time.process_time() - started < 1
