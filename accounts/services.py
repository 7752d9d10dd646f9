"""What people can do with their account; pages and API call the same functions.

Attempts are counted before a password is hashed, by allauth, so that both doors share its counters
(settings.ACCOUNT_RATE_LIMITS). They live in Django's cache (imagestore.kit.cache).
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
    """A new account. Raises Problem `invalid` for a weak password or an address that has one.

    The address is not looked up before: of parallel attempts one inserts the row. A taken address
    costs a hash like a free one, so that the time it takes tells nothing.
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
    """Register without a form: counted, and with the mail that EMAIL_VERIFICATION asks for.

    None when verification is mandatory, for a free address and a taken one alike: what there is to
    tell goes to the mailbox.
    """
    _count(request, "signup")
    try:
        user = register(email=email, password=password, name=name)
    except Problem as problem:
        if "email" not in problem.extra["errors"] or not verification_is_mandatory():
            raise
        _write_to(request, email, None)
        return None
    if allauth_settings.EMAIL_VERIFICATION != "none":
        _write_to(request, user.email, user)
    return None if verification_is_mandatory() else user


def authenticate(request: HttpRequest, *, email: str, password: str) -> User:
    """Who this is. Raises Problem `throttled`, or `invalid_credentials` alike for whatever is wrong.

    An unknown address costs a hash too (Django's ModelBackend), and is counted like a known one.
    """
    _count(request, "login")
    try:
        user = cast(User | None, get_adapter().authenticate(request, email=email, password=password))
    except ValidationError:
        raise _throttled("login_failed") from None
    if user is None or (verification_is_mandatory() and not _is_verified(user)):
        raise Problem("invalid_credentials", "E-mail or password is wrong, or the address is not confirmed.")
    return user


def confirm_password(request: HttpRequest, user: User, password: str) -> None:
    """Raise Problem `invalid` unless this is the signed-in user's password."""
    _count(request, "reauthenticate", user)
    if not user.check_password(password):
        raise _invalid("password", "This is not your password.")


def change_name(user: User, name: str) -> None:
    """Problem `not_found` for an account that was deleted meanwhile."""
    user.name = one_line(name)
    if not User.objects.living().filter(pk=user.pk).update(name=user.name):
        raise not_found()


def lock_owner(user: User) -> datetime:
    """Hold the user's row to the end of the transaction; the time by the database's clock.

    The first lock of whoever changes what a user has: user, album, image. Problem `not_found` when
    the user is gone.
    """
    rows = User.objects.select_for_update().filter(pk=user.pk)
    now = rows.annotate(now=Now()).values_list("now", flat=True).first()
    if now is None:
        raise not_found()
    return now


def retire(user: User) -> None:
    """Nobody signs in here again, and the address is free for a new account. In the caller's transaction."""
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
    """Without line breaks and other control characters, which have no place in a name."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _is_verified(user: User) -> bool:
    return EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists()


def _write_to(request: HttpRequest, email: str, user: User | None) -> None:
    """Ask a new user to confirm, or tell an address's owner that there is an account; not too often."""
    if not consume(request, app="allauth.account", action="confirm_email", key=email):
        return
    if user is None:
        get_adapter().send_account_already_exists_mail(email)
    else:
        EmailAddress.objects.get(user=user).send_confirmation(request, signup=True)


def _count(request: HttpRequest, action: str, user: User | None = None) -> None:
    """One more attempt, or Problem `throttled`."""
    if not consume(request, app="allauth.account", action=action, user=user):
        raise _throttled(action)


def _throttled(action: str) -> Problem:
    """After the longest of the action's windows there is room again for certain."""
    wait = max(int(rate.duration) for rate in get_rates(app="allauth.account", action=action))
    return Problem("throttled", f"Too many attempts. Try again in {wait} seconds.", retry_after=wait)


def _invalid(field: str, *sentences: str) -> Problem:
    return Problem("invalid", sentences[0], errors={field: list(sentences)})
