"""This store's adapter for allauth, and its own password rule."""

from typing import Any, cast

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import attempts, invitations, known_browsers, sessions
from accounts.models import OutgoingMail, User
from accounts.outbox import queue
from imagestore.kit.problems import Problem
from imagestore.kit.proxies import address_of, forwarded_entry

logger = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    def get_client_ip(self, request: HttpRequest) -> str:
        """The client's address, or "". allauth counts attempts for it, for IPv6 by /64."""
        forwarded = forwarded_entry(request.headers.get("X-Forwarded-For", ""), settings.NUM_PROXIES)
        return str(address_of(request.META.get("REMOTE_ADDR", "") if forwarded is None else forwarded) or "")

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """The token is in the link, then in the form."""
        token = request.POST.get("invitation") or request.GET.get("invitation", "")
        return not invitations.refusal(token)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        self._login_failed_rl_usage = attempts.count_log_in(request, credentials["email"])

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth calls this after a password reset."""
        attempts.forget_failures(request, credentials["email"])

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        try:
            user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        except Problem:
            # The store was too busy to look at the password, so this was no failure.
            self._rollback_login_failed_rl_usage()
            raise
        outcome = "login" if user else "login failed"
        logger.info(outcome, account=user.pk if user else None, address=self.get_client_ip(request))
        return user

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        super().login(request, user)
        sessions.end_oldest(cast(User, user), request.session)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **options: Any) -> HttpResponse:
        response = super().post_login(request, user, **options)
        known_browsers.remember(request, response, cast(User, user))
        return response

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("profile")

    def should_send_confirmation_mail(
        self, request: HttpRequest, email_address: EmailAddress, signup: bool
    ) -> bool:
        """Not at sign-up: accounts.services.register has asked for that mail together with the account."""
        return not signup

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """allauth calls this when someone logs in whose address is not confirmed yet."""
        address = emailconfirmation.email_address
        queue.add(OutgoingMail.Kind.CONFIRM, address.email, account=address.user.public_id)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """No request may wait for the mail server."""
        raise NotImplementedError(f"Give {template_prefix} a kind of its own in accounts.outbox.")


class MaximumLengthValidator:
    """Limits how long a text the server hashes for one request."""

    MAX_CHARACTERS = 128

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if len(password) > self.MAX_CHARACTERS:
            sentence = _("A password has at most %(count)s characters.")
            values = {"count": self.MAX_CHARACTERS}
            raise ValidationError(sentence, code="password_too_long", params=values)

    def get_help_text(self) -> str:
        return gettext("Your password can have up to %(count)s characters.") % {"count": self.MAX_CHARACTERS}
