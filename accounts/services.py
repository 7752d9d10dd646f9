"""What users can do with their accounts. Pages and API call the same functions.

allauth counts each attempt before a password is hashed, so pages and API share its counters
(settings.ACCOUNT_RATE_LIMITS). The counters are in Django's cache (imagestore.kit.cache).
"""

from datetime import datetime
from typing import cast

import structlog
from allauth.account import app_settings as allauth_settings
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.core.internal.ratelimit import consume, get_rates
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext_lazy as _

from accounts import invitations, known_browsers
from accounts.attempts import TooManyAttempts, mailbox_and_address
from accounts.models import OutgoingMail, User, normalise_email
from accounts.outbox import queue
from imagestore.kit.problems import Problem, not_found, too_many_attempts
from imagestore.kit.sentences import Sentence

logger = structlog.get_logger(__name__)

# Invisible parts of words: Persian and Indian scripts need them, and emoji of several signs.
JOINERS = "\u200c\u200d"


def register(
    *, email: str, password: str, name: str = "", invitation: str = "", mail_language: str = ""
) -> User | None:
    """Create an account, and in the same transaction use the invitation up and ask for the mail that is due.

    SIGNUP says whether an invitation is needed, EMAIL_VERIFICATION which mail is due.

    Returns None when verification is mandatory, for a free address and for a taken one: only the mail tells
    them apart. Raises Problem `busy`, or `invalid` for a weak password, a sign-up that is not open and, if
    verification is not mandatory, a taken address.
    """
    user = User(email=normalise_email(email), name=one_line(name))
    if sentence := invitations.refusal(invitation, user.email):
        raise _invalid("invitation", sentence)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise _invalid("password", *error.messages) from None
    user.set_password(password)
    if verification_is_mandatory():
        _insert_unless_taken(user, invitation, mail_language)
        return None
    try:
        with transaction.atomic():
            user.save()
            EmailAddress.objects.create(user=user, email=user.email, primary=True)
            _use_up(invitation)
            if allauth_settings.EMAIL_VERIFICATION == "optional":
                _ask_to_confirm(user, mail_language)
    except IntegrityError:
        raise _invalid("email", _("This address has an account already.")) from None
    logger.info("account registered", account=user.pk)
    return user


def _use_up(invitation: str) -> None:
    if not invitations.redeem(invitation):
        raise _invalid("invitation", invitations.NOT_INVITED)


@transaction.atomic
def _insert_unless_taken(user: User, invitation: str, mail_language: str) -> None:
    """Send the database the same statements for a free address and for a taken one.

    Neither this code nor the time it takes then tells them apart. The sender of mails sees whose account it is by
    the `public_id`, and writes allauth's row of the address (accounts.outbox.messages).
    """
    _use_up(invitation)
    User.objects.bulk_create([user], ignore_conflicts=True)
    _ask_to_confirm(user, mail_language)


def _ask_to_confirm(user: User, mail_language: str) -> None:
    queue.add(OutgoingMail.Kind.CONFIRM, user.email, account=user.public_id, language=mail_language)


def sign_up(request: HttpRequest, *, email: str, **fields: str) -> User | None:
    """Register over the API, with the fields of `register`, and count the attempt.

    Raises Problem `throttled`, or what `register` raises.
    """
    _count_attempt(request, "signup")
    # The API answers in English, but a person reads the mail.
    return register(email=email, mail_language=get_language_from_request(request), **fields)


def authenticate(request: HttpRequest, *, email: str, password: str) -> User:
    """The user with this password. Raises Problem `throttled`, `busy`, or else `invalid_credentials`.

    An unknown address costs a hash too (Django's ModelBackend), and is counted like a known one.
    """
    try:
        user = cast(User | None, get_adapter().authenticate(request, email=email, password=password))
    except TooManyAttempts as refused:
        raise _throttled(refused.action) from None
    if user is None or (verification_is_mandatory() and not _is_verified(user)):
        sentence = _("E-mail or password is wrong, or the address is not confirmed.")
        raise Problem("invalid_credentials", sentence)
    return user


def request_reset(request: HttpRequest, email: str) -> None:
    """Count the attempt, and ask for the mail. Raises Problem `throttled`."""
    _count_attempt(request, "reset_password_of_mailbox", key=mailbox_and_address(request, email))
    # It looks the account up only where the browser's own cookie names the mailbox.
    is_known = known_browsers.find(request, email) is not None
    ask_for_reset(email, from_known_browser=is_known)


def ask_for_reset(email: str, *, from_known_browser: bool = False) -> None:
    """Ask for a mail that sets a new password. Look nothing up: the time would tell whether there is an account."""
    queue.add(OutgoingMail.Kind.RESET, normalise_email(email), from_known_browser=from_known_browser)


def confirm_password(request: HttpRequest, user: User, password: str) -> None:
    """Raises Problem `invalid` for another password than the user's; `throttled`; `busy`."""
    _count_attempt(request, "reauthenticate", user)
    if not user.check_password(password):
        raise _invalid("password", _("This is not your password."))


def change_name(user: User, name: str) -> None:
    """Raises Problem `not_found` when the account was deleted meanwhile."""
    user.name = one_line(name)
    if not User.objects.living().filter(pk=user.pk).update(name=user.name):
        raise not_found()


def change_language(user: User, language: str) -> None:
    """Of pages and mails; empty: that of the browser. Raises Problem `not_found`, as `change_name`."""
    user.language = language
    if not User.objects.living().filter(pk=user.pk).update(language=language):
        raise not_found()


def lock_owner(user: User) -> datetime:
    """Lock the user's row until the transaction ends; returns the time by the database's clock.

    Call this first in a transaction that changes the user's rows: the order of locks is user, album,
    image. Raises Problem `not_found` when the user is gone.
    """
    rows = User.objects.select_for_update().filter(pk=user.pk)
    now = rows.annotate(now=Now()).values_list("now", flat=True).first()
    if now is None:
        raise not_found()
    return now


def retire(user: User) -> None:
    """End the account's logins for ever, and free its address for a new account. Call it in a transaction."""
    User.objects.filter(pk=user.pk).update(
        email=f"{user.public_id}@deleted.invalid",
        doomed_at=timezone.now(),
        is_active=False,
        token_version=F("token_version") + 1,
    )
    user.api_logins.all().delete()
    EmailAddress.objects.filter(user=user).delete()


def is_taken(problem: Problem) -> bool:
    """Whether `register` has refused the address because it has an account."""
    return "email" in problem.extra.get("errors", {})


def verification_is_mandatory() -> bool:
    return allauth_settings.EMAIL_VERIFICATION == "mandatory"


def one_line(text: str) -> str:
    """The text with spaces in place of line breaks and other control characters."""
    return " ".join("".join(char if char.isprintable() or char in JOINERS else " " for char in text).split())


def _is_verified(user: User) -> bool:
    return EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists()


def _count_attempt(request: HttpRequest, action: str, user: User | None = None, key: str | None = None) -> None:
    """Raises Problem `throttled` when there were too many."""
    if not consume(request, app="allauth.account", action=action, user=user, key=key):
        raise _throttled(action)


def _throttled(action: str) -> Problem:
    """Tells the client to wait for the longest of the action's windows: then an attempt is free for certain."""
    wait_seconds = max(int(rate.duration) for rate in get_rates(app="allauth.account", action=action))
    return too_many_attempts(wait_seconds)


def _invalid(field: str, *sentences: Sentence) -> Problem:
    return Problem("invalid", sentences[0], errors={field: list(sentences)})
