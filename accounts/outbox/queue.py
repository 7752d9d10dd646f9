"""The queue of mails. A request adds a row; the sender claims it, and removes it once the mail server has it.

The number of attempts is the token of a claim: a sender writes its result only while the row still has the
number that it claimed. A claim moves `due_at` on by CLAIM_LEASE. When the sender dies, another one takes the mail
after that time.
"""

import logging
import threading
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import get_language

from accounts.models import OutgoingMail, OutgoingMailQuerySet

logger = logging.getLogger(__name__)

# Longer than one mail takes: about ten answers of EMAIL_TIMEOUT, and the last one (imagestore.kit.smtp).
CLAIM_LEASE = timedelta(minutes=5)
# A mail that the mail server refuses for now is tried again after 2, 4, 8 … seconds, at most after an hour.
MAX_RETRY_SECONDS = 3600
# A mail that could not leave for so many days is given up (RFC 5321, 4.5.4.1).
GIVE_UP_DAYS = 4

mail_waits = threading.Event()
"""Wakes the sender of this process. A lost wake-up is harmless: the sender also asks the database at intervals."""


def add(
    kind: OutgoingMail.Kind,
    address: str,
    account: UUID | None = None,
    *,
    from_known_browser: bool = False,
    language: str = "",
) -> OutgoingMail:
    """Ask for a mail, in another language than the answer's if one is named.

    Call it in the transaction of what the mail is about.
    """
    mail: OutgoingMail = OutgoingMail.objects.create(
        kind=kind,
        address=address,
        account=account,
        from_known_browser=from_known_browser,
        language=language or get_language() or settings.LANGUAGE_CODE,
        due_at=Now(),
        created_at=Now(),
    )
    transaction.on_commit(mail_waits.set)
    return mail


def claim() -> OutgoingMail | None:
    """Take the mail that is due first; None when none is due."""
    due = OutgoingMail.objects.due()
    while mail := due.order_by("due_at").first():
        unclaimed = due.filter(pk=mail.pk, attempts=mail.attempts)
        if unclaimed.update(attempts=F("attempts") + 1, due_at=Now() + CLAIM_LEASE):
            mail.attempts += 1
            return mail
    return None


def remove(mail: OutgoingMail) -> None:
    """Call when the mail has left, or need not leave."""
    _claimed(mail).delete()


def retry(mail: OutgoingMail, seconds: float | None = None) -> None:
    """Let the mail wait so long; without `seconds`, the longer the more often it was tried."""
    if seconds is None:
        seconds = min(2 ** min(mail.attempts, 12), MAX_RETRY_SECONDS)
    _claimed(mail).update(due_at=Now() + timedelta(seconds=seconds))


def give_up(mail: OutgoingMail) -> None:
    """The mail will never leave. Its row stays for GIVE_UP_DAYS, so that the admin can count it."""
    _claimed(mail).update(due_at=None)


def forget_expired() -> int:
    """Delete mails that are older than GIVE_UP_DAYS, whether they were given up or still wait."""
    expired = OutgoingMail.objects.filter(created_at__lt=Now() - timedelta(days=GIVE_UP_DAYS))
    waiting = expired.exclude(due_at=None).count()
    if waiting:
        logger.warning("%d mails could not leave for %d days and are given up", waiting, GIVE_UP_DAYS)
    deleted, _ = expired.delete()
    return deleted


def _claimed(mail: OutgoingMail) -> OutgoingMailQuerySet:
    rows: OutgoingMailQuerySet = OutgoingMail.objects.filter(pk=mail.pk, attempts=mail.attempts)
    return rows
