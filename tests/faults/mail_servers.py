"""Mail servers for tests: one says nothing, one hangs up, one takes mails but refuses the addresses it shall."""

import asyncio
import email.policy
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

HOST = "127.0.0.1"


@contextmanager
def listener(port: int, *, hangs_up: bool) -> Iterator[None]:
    """Accepts every connection, and says nothing or closes it."""
    held: list[socket.socket] = []
    listening = socket.create_server((HOST, port), backlog=50)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                if hangs_up:
                    client.close()
                else:
                    held.append(client)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield
    finally:
        # Closing alone does not wake a thread that accepts.
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        for client in held:
            client.close()


class Inbox:
    """Takes mails; `refusals` holds, for each address, the codes that it gets before its mails are taken."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.refusals: dict[str, list[int]] = {}
        self.answer_seconds = self.last_answer_seconds = 0.0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd names it
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self.answer_seconds)
        if codes := self.refusals.get(address):
            return f"{codes.pop(0)} not this one"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.last_answer_seconds)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails += [(address, message) for address in envelope.rcpt_tos]
        return "250 OK"

    @property
    def counts(self) -> Counter[str]:
        """How many mails each address got."""
        return Counter(address for address, _ in self.mails)

    def link_for(self, address: str) -> str:
        """The path of the one link in the last mail to this address."""
        text = [message.get_content() for to, message in self.mails if to == address][-1]
        [path] = re.findall(r"^http://[^/]+(/\S+)\s*$", text, re.MULTILINE)
        return str(path)


@contextmanager
def inbox(port: int) -> Iterator[Inbox]:
    taking = Inbox()
    controller = Controller(taking, hostname=HOST, port=port)
    controller.start()
    try:
        yield taking
    finally:
        controller.stop()
