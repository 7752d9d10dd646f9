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

from accounts.models import User, normalise_email
from imagestore.kit.problems import Problem, not_found

logger = structlog.get_logger(__name__)


def register(*, email: str, password: str, name: str = "") -> User:
    """Create an account. Raises Problem `invalid` for a weak password or a taken address.

    Do not look the address up first: the INSERT decides between parallel attempts. A taken address
    costs a password hash like a free one, so the answer's time does not tell them apart.
    """
    user = User(email=normalise_email(email), name=one_line(name))
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise _invalid("password", *error.messages) from None
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            EmailAddress.objects.create(user=user, email=user.email, primary=True)
    except IntegrityError:
        raise _invalid("email", "This address has an account already.") from None
    logger.info("account registered", account=user.pk)
    return user


def sign_up(request: HttpRequest, *, email: str, password: str, name: str = "") -> User | None:
    """Register over the API: counts the attempt and sends the mail that EMAIL_VERIFICATION asks for.

    None when verification is mandatory, for a free address and for a taken one: only the mail tells
    them apart. Raises Problem `throttled`, or `invalid` as `register` does.
    """
    _count_attempt(request, "signup")
    try:
        user = register(email=email, password=password, name=name)
    except Problem as problem:
        if "email" not in problem.extra["errors"] or not verification_is_mandatory():
            raise
        _send_mail(request, email, None)
        return None
    if allauth_settings.EMAIL_VERIFICATION != "none":
        _send_mail(request, user.email, user)
    return None if verification_is_mandatory() else user


def authenticate(request: HttpRequest, *, email: str, password: str) -> User:
    """The user with this password. Raises Problem `throttled`, or `invalid_credentials` for any other reason.

    An unknown address costs a hash too (Django's ModelBackend), and is counted like a known one.
    """
    _count_attempt(request, "login")
    try:
        user = cast(User | None, get_adapter().authenticate(request, email=email, password=password))
    except ValidationError:
        raise _throttled("login_failed") from None
    if user is None or (verification_is_mandatory() and not _is_verified(user)):
        raise Problem("invalid_credentials", "E-mail or password is wrong, or the address is not confirmed.")
    return user


def confirm_password(request: HttpRequest, user: User, password: str) -> None:
    """Raises Problem `invalid` for another password than the user's, `throttled` after too many attempts."""
    _count_attempt(request, "reauthenticate", user)
    if not user.check_password(password):
        raise _invalid("password", "This is not your password.")


def change_name(user: User, name: str) -> None:
    """Raises Problem `not_found` when the account was deleted meanwhile."""
    user.name = one_line(name)
    if not User.objects.living().filter(pk=user.pk).update(name=user.name):
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


def verification_is_mandatory() -> bool:
    return allauth_settings.EMAIL_VERIFICATION == "mandatory"


def one_line(text: str) -> str:
    """The text with spaces in place of line breaks and other control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _is_verified(user: User) -> bool:
    return EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists()


def _send_mail(request: HttpRequest, email: str, user: User | None) -> None:
    """Ask the new user to confirm; without `user`, tell the address's owner that an account exists.

    Sends nothing when the address had a mail within the limit `confirm_email`.
    """
    if not consume(request, app="allauth.account", action="confirm_email", key=email):
        return
    if user is None:
        get_adapter().send_account_already_exists_mail(email)
    else:
        EmailAddress.objects.get(user=user).send_confirmation(request, signup=True)


def _count_attempt(request: HttpRequest, action: str, user: User | None = None) -> None:
    """Raises Problem `throttled` when there were too many."""
    if not consume(request, app="allauth.account", action=action, user=user):
        raise _throttled(action)


def _throttled(action: str) -> Problem:
    """Tells the client to wait for the longest of the action's windows: then an attempt is free for certain."""
    wait_seconds = max(int(rate.duration) for rate in get_rates(app="allauth.account", action=action))
    sentence = f"Too many attempts. Try again in {wait_seconds} seconds."
    return Problem("throttled", sentence, retry_after=wait_seconds)


def _invalid(field: str, *sentences: str) -> Problem:
    return Problem("invalid", sentences[0], errors={field: list(sentences)})
