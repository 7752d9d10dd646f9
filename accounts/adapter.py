"""This store's adapter for allauth, and its own password rule."""

import ipaddress
from typing import Any
from urllib.parse import urljoin, urlsplit

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import normalise_email

logger = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    def get_client_ip(self, request: HttpRequest) -> str:
        """The client's address. allauth counts attempts for it, for IPv6 by /64.

        Each of our NUM_PROXIES proxies appends one entry to X-Forwarded-For. Never read an entry
        before those: the client may have written it.
        """
        proxies, header = settings.NUM_PROXIES, request.headers.get("X-Forwarded-For", "")
        forwarded = header.split(",") if header else []
        address = forwarded[-proxies] if 0 < proxies <= len(forwarded) else request.META.get("REMOTE_ADDR", "")
        return _plain_address(address.strip())

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count attempts by mailbox alone. allauth's own key also holds Host, a header that a client can vary."""
        return normalise_email(credentials["email"])

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        outcome = "login" if user else "login failed"
        logger.info(outcome, account=user.pk if user else None, address=self.get_client_ip(request))
        return user

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("profile")

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Point every link to SITE_URL, never to the Host header: the client that asked for the mail chose it."""
        overrides: dict[str, Any] = {
            name: _on_our_site(value) for name, value in context.items() if name.endswith("_url")
        }
        host = urlsplit(settings.SITE_URL).netloc
        overrides["current_site"] = {"name": host, "domain": host}
        return super().render_mail(template_prefix, email, {**context, **overrides}, headers)


class MaximumLengthValidator:
    """Limits how long a text the server hashes for one request."""

    MAX_CHARACTERS = 128

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if len(password) > self.MAX_CHARACTERS:
            sentence = f"A password has at most {self.MAX_CHARACTERS} characters."
            raise ValidationError(sentence, code="password_too_long")

    def get_help_text(self) -> str:
        return f"Your password can have up to {self.MAX_CHARACTERS} characters."


def _plain_address(text: str) -> str:
    """The address, or "" when `text` is none. ::ffff:192.0.2.1, as a dual-stack socket writes it, becomes IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _on_our_site(url: str) -> str:
    link = urlsplit(url)
    return urljoin(settings.SITE_URL, link._replace(scheme="", netloc="").geturl())
