"""How the tests speak to the API."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.outbox.sender import Sender

PASSWORD = "correct horse 9"
# One address, in several spellings.
SPELLINGS = (
    "ali@example.org",
    "ALI@example.org",
    "Ali@EXAMPLE.ORG",
    " ali@example.org ",
    "ａｌｉ@example.org",
    "ali@ｅｘａｍｐｌｅ.org",
    "ali＠example.org",
    "ali@example。org",
)
# settings.ACCOUNT_RATE_LIMITS: failed log-ins in five minutes per account and address, in one minute per address.
PER_ACCOUNT, PER_ADDRESS = 5, 10


def post(name: str, body: dict[str, Any], client: Client | None = None, **extra: Any) -> HttpResponse:
    return (client or Client()).post(reverse(name), body, content_type="application/json", **extra)


def me(access: str) -> HttpResponse:
    """What an API client gets that shows this access token."""
    return Client().get(reverse("api-me"), headers={"Authorization": f"Bearer {access}"})


def in_parallel(calls: list[Callable[[], Any]]) -> list[Any]:
    """The results of calls made at once, each on a database connection of its own."""

    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def codes_of(answers: list[HttpResponse]) -> list[int]:
    return [answer.status_code for answer in answers]


def fail_at_api(email: str = "alice@example.org", address: str = "192.0.2.1", **headers: str) -> HttpResponse:
    body = {"email": email, "password": "wrong one 99"}
    return post("api-login", body, Client(REMOTE_ADDR=address), headers=headers)


def statements(request: Callable[[], Any]) -> list[str]:
    """The SQL of a request, without its values."""
    with CaptureQueriesContext(connection) as captured:
        request()
    return [re.sub(r"'[^']*'|\b[0-9a-f]*\d[0-9a-f]*\b", "?", query["sql"]) for query in captured.captured_queries]


def delivered() -> list[EmailMessage]:
    """All mails that have left, once those that are due have left, too."""
    Sender().send_due(threading.Event())
    return mail.outbox


def is_throttled(answer: HttpResponse) -> bool:
    assert answer.status_code in (401, 429)
    return answer.status_code == 429
