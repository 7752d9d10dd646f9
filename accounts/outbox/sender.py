"""Sends the mails of the queue, one after another over one connection, in a thread of the engine."""

import smtplib
import threading
from contextlib import suppress
from typing import Any, NoReturn

import structlog
from allauth.core.internal.ratelimit import consume
from django.core.mail import EmailMessage, get_connection
from django.db import close_old_connections

from accounts.models import OutgoingMail
from accounts.outbox import queue
from accounts.outbox.messages import compose
from imagestore.kit.intervals import Backoff

logger = structlog.get_logger(__name__)

# How often the sender asks for due mails without a wake-up.
POLL_SECONDS = 2
# With this answer the mail server closes the connection (RFC 5321, 3.8).
SERVICE_CLOSING = 421


class MailRefused(Exception):
    """The mail server refused this one mail, and may take others."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    @property
    def is_for_ever(self) -> bool:
        return self.code >= 500


class Sender:
    """Logs neither addresses nor texts of errors, which may hold addresses and keys: only types and SMTP codes."""

    def __init__(self) -> None:
        self._backoff = Backoff()

    def run(self, stopping: threading.Event) -> None:
        """Send until `stopping` is set; set `queue.mail_waits`, too, to end a pause."""
        while not stopping.is_set():
            try:
                close_old_connections()
                self.send_due(stopping)
            except Exception as error:
                logger.warning("the outbox cannot be read, it is tried again", error=type(error).__name__)
            if pause := self._backoff.seconds:
                stopping.wait(pause)
            else:
                queue.mail_waits.wait(POLL_SECONDS)
            queue.mail_waits.clear()

    def send_due(self, stopping: threading.Event) -> None:
        """Send what is due. Stop when the mail server fails: it would fail for the other mails, too."""
        connection = get_connection()
        try:
            while not stopping.is_set() and (mail := queue.claim()):
                if not self._send(connection, mail):
                    return
        finally:
            with suppress(OSError):
                connection.close()

    def _send(self, connection: Any, mail: OutgoingMail) -> bool:
        """Send one mail, and write in its row what became of it. False when the mail server failed."""
        try:
            if message := _message_to_send(mail):
                _deliver(connection, message)
        except MailRefused as refused:
            self._note_answer()
            _note_refusal(mail, refused)
        except OSError as error:
            self._note_failure(error)
            queue.retry(mail, self._backoff.seconds)
            return False
        except Exception as error:
            logger.warning("a mail cannot be made, it is tried again", mail=mail.pk, error=type(error).__name__)
            queue.retry(mail)
        else:
            queue.remove(mail)
            logger.info("mail sent" if message else "mail not needed", mail=mail.pk, kind=mail.kind)
            if message:
                self._note_answer()
                _may_leave(mail, message, dry_run=False)
        return True

    def _note_failure(self, error: OSError) -> None:
        if self._backoff.fail():
            code = getattr(error, "smtp_code", None)
            logger.warning("the mail server takes no mails, they wait", error=type(error).__name__, code=code)

    def _note_answer(self) -> None:
        if self._backoff.succeed():
            logger.info("the mail server takes mails again")


def _message_to_send(mail: OutgoingMail) -> EmailMessage | None:
    message = compose(mail)
    return message if message and _may_leave(mail, message, dry_run=True) else None


def _deliver(connection: Any, message: EmailMessage) -> None:
    """Raises MailRefused, or OSError when the mail server failed (smtplib's errors are OSErrors).

    A refused sender or password is a failure of the server: the operator can correct it, and no mail is lost.
    """
    connection.open()
    try:
        connection.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        [(code, _)] = error.recipients.values()
        _raise_refusal(code, error)
    except smtplib.SMTPDataError as error:
        _raise_refusal(error.smtp_code, error)


def _raise_refusal(code: int, error: smtplib.SMTPException) -> NoReturn:
    if code == SERVICE_CLOSING:
        raise error
    raise MailRefused(code) from None


def _note_refusal(mail: OutgoingMail, refused: MailRefused) -> None:
    if refused.is_for_ever:
        logger.warning("mail given up, the mail server refuses it", mail=mail.pk, code=refused.code)
        queue.give_up(mail)
    else:
        logger.info("mail waits, the mail server refuses it for now", mail=mail.pk, code=refused.code)
        queue.retry(mail)


def _may_leave(mail: OutgoingMail, message: EmailMessage, *, dry_run: bool) -> bool:
    """Whether this mailbox may get one more mail of this subject (settings.ACCOUNT_RATE_LIMITS).

    Counted here, not in the request, so that a request does the same work for every address. Without `dry_run`, the
    mail counts: call it so only for one that has left. Test mails have no limit: operators alone ask for them.
    """
    if mail.kind == OutgoingMail.Kind.TEST:
        return True
    key = f"{message.subject}:{message.to[0]}"
    action = "mail_for_known_browser" if mail.from_known_browser else "mail"
    return bool(consume(None, app="allauth.account", action=action, key=key, limit_get=True, dry_run=dry_run))
