"""Requests for files."""

from typing import Any

from django.test import Client


def fetch(url: str, method: str = "GET", **headers: str) -> Any:
    """As anybody; with what was sent in `sent`."""
    answer = Client().generic(method, url, headers=headers)
    answer.sent = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer
