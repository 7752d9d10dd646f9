"""Django's SMTP backend, which here waits longer for the one answer that says whether a mail was taken."""

import smtplib
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

# A mail server may look for spam before it answers. The client that gives up earlier sends the mail twice
# (RFC 5321, 4.5.3.2.6 asks for ten minutes; accounts.outbox.queue.CLAIM_LEASE must be longer than this).
LAST_ANSWER_SECONDS = 120


class _PatientWithLastAnswer:
    sock: Any
    timeout: float

    def data(self, message: Any) -> Any:
        self.sock.settimeout(LAST_ANSWER_SECONDS)
        try:
            return super().data(message)  # type: ignore[misc]
        finally:
            # smtplib drops the socket of a connection that has ended.
            if self.sock is not None:
                self.sock.settimeout(self.timeout)


class _Smtp(_PatientWithLastAnswer, smtplib.SMTP):
    pass


class _SmtpOverTls(_PatientWithLastAnswer, smtplib.SMTP_SSL):
    pass


class SmtpBackend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SmtpOverTls if self.use_ssl else _Smtp
