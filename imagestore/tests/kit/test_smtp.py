"""A mail server may take longer for its last answer than for any other: the mail is not sent twice for that."""

import asyncio
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import EmailMessage

from imagestore.kit.smtp import SmtpBackend
from tests.processes import free_port

TIMEOUT_SECONDS = 0.3


class SlowMailServer:
    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.delays = {"RCPT": 0.0, "DATA": 0.0}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names it
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self.delays["RCPT"])
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.delays["DATA"])
        self.taken.append(envelope.content)
        return "250 OK"


@pytest.fixture
def server() -> Iterator[tuple[SlowMailServer, SmtpBackend]]:
    handler, port = SlowMailServer(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    backend = SmtpBackend(host="127.0.0.1", port=port, timeout=TIMEOUT_SECONDS, use_ssl=False, use_tls=False)
    yield handler, backend
    backend.close()
    controller.stop()


def send(backend: SmtpBackend) -> None:
    backend.send_messages([EmailMessage("Subject", "Text", "noreply@example.org", ["alice@example.org"])])


def test_the_last_answer_may_come_late(server: tuple[SlowMailServer, SmtpBackend]) -> None:
    slow, backend = server
    slow.delays["DATA"] = 2 * TIMEOUT_SECONDS
    backend.open()
    send(backend)
    send(backend)
    assert len(slow.taken) == 2


def test_any_other_answer_may_not(server: tuple[SlowMailServer, SmtpBackend]) -> None:
    slow, backend = server
    backend.open()
    send(backend)
    slow.delays["RCPT"] = 2 * TIMEOUT_SECONDS
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(backend)
    assert len(slow.taken) == 1


@pytest.mark.parametrize("use_ssl", (False, True))
def test_with_tls_and_without_it_is_the_patient_client(use_ssl: bool) -> None:
    client = SmtpBackend(host="127.0.0.1", use_ssl=use_ssl, use_tls=False).connection_class
    assert issubclass(client, smtplib.SMTP_SSL) == use_ssl
    assert client.data is not smtplib.SMTP.data
