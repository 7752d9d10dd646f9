"""How many log-ins may fail (settings.ACCOUNT_RATE_LIMITS), so that no password is guessed and no owner locked out.

Failures count for mailbox and address together, so an attacker locks only his own address out of a mailbox.
Against attackers with many addresses the mailbox has a larger limit over all of them. A known browser of the
mailbox passes all of these limits and has one of its own. The owner can make any browser a known one: a
password reset by mail does so.
"""

from allauth.core.internal.ratelimit import RateLimitUsage, clear, consume, get_ip
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import known_browsers
from accounts.models import normalise_email
from imagestore.kit.hashers import served_first

APP = "allauth.account"


class TooManyAttempts(ValidationError):
    """The limit `action` is reached. Forms show the sentence."""

    def __init__(self, action: str) -> None:
        super().__init__(_("Too many failed login attempts. Try again later."), code="too_many_login_attempts")
        self.action = action


def count_log_in(request: HttpRequest, email: str) -> RateLimitUsage:
    """Count a log-in as failed; the caller takes that back by `rollback()` if it does not fail.

    Raises TooManyAttempts.
    """
    browser = known_browsers.find(request, email)
    served_first.set(browser is not None)
    if browser:
        return _count(request, {"login_failed_known_browser": browser})
    _count(request, {"login_of_address": ""})
    # The mailbox comes last: attempts that the address's own limits stop must not use its limit up.
    return _count(
        request,
        {"login_failed": mailbox_and_address(request, email), "login_failed_mailbox": normalise_email(email)},
    )


def forget_failures(request: HttpRequest, email: str) -> None:
    """Forget the failures at this mailbox: its owner has set a new password."""
    clear(request, app=APP, action="login_failed", key=mailbox_and_address(request, email))
    clear(request, app=APP, action="login_failed_mailbox", key=normalise_email(email))


def _count(request: HttpRequest, keys: dict[str, str]) -> RateLimitUsage:
    counted = RateLimitUsage(usage=[])
    for action, key in keys.items():
        usage = consume(request, app=APP, action=action, key=key)
        if usage is None:
            raise TooManyAttempts(action)
        counted.usage += usage.usage
    return counted


def mailbox_and_address(request: HttpRequest, email: str) -> str:
    """A key for both together. Never the Host header, as in allauth's own key: a client can vary it."""
    return f"{normalise_email(email)} {get_ip(request)}"
