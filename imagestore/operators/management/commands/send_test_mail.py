"""`manage.py send_test_mail ADDRESS`: does the mail server take mails of the store?"""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts.models import OutgoingMail, normalise_email
from accounts.outbox import queue
from imagestore.operators.first_page import mails_go

# The server's sender looks every two seconds, and waits for the answers of the mail server.
WAIT_SECONDS = 30
POLL_SECONDS = 0.5


class Command(BaseCommand):
    help = "Send a mail to this address as the store sends all mails: through its server. Says what became of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        address = normalise_email(address)
        try:
            validate_email(address)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        mail = queue.add(OutgoingMail.Kind.TEST, address)
        self.stdout.write(f"A mail to {address} waits for the server to send it.{mails_go()}")
        if not _has_left(mail):
            raise CommandError(
                "It still waits. Either no server of the store is running, or the mail server takes no mails: then "
                "the server's log says why, and it tries again by itself."
            )
        self.stdout.write("It has left.")


def _has_left(mail: OutgoingMail) -> bool:
    """Wait for it. Raises CommandError when the mail server refuses this mail for ever."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        row = OutgoingMail.objects.filter(pk=mail.pk).first()
        if row is None:
            return True
        if row.due_at is None:
            raise CommandError("The mail server refuses it for ever. The server's log has the code of its answer.")
        time.sleep(POLL_SECONDS)
    return False
