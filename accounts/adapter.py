"""How allauth and Django's password rules see this store."""

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
        """The address that attempts are counted for; allauth cuts IPv6 to its /64.

        Each of our NUM_PROXIES proxies has added one entry to X-Forwarded-For; what stands left of
        those, the client may have written itself.
        """
        hops, header = settings.NUM_PROXIES, request.headers.get("X-Forwarded-For", "")
        forwarded = header.split(",") if header else []
        given = forwarded[-hops] if 0 < hops <= len(forwarded) else request.META.get("REMOTE_ADDR", "")
        return _plain_address(given.strip())

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One counter per mailbox; allauth's own key holds the Host header too, which a client may vary."""
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
        """Every link points to SITE_URL: the Host header is the choice of whoever asked for the mail."""
        ours: dict[str, Any] = {
            name: _on_our_site(value) for name, value in context.items() if name.endswith("_url")
        }
        host = urlsplit(settings.SITE_URL).netloc
        ours["current_site"] = {"name": host, "domain": host}
        return super().render_mail(template_prefix, email, {**context, **ours}, headers)


class MaximumLengthValidator:
    """Nobody types more, and whatever is hashed should have an end."""

    LIMIT = 128

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if len(password) > self.LIMIT:
            raise ValidationError(f"A password has at most {self.LIMIT} characters.", code="password_too_long")

    def get_help_text(self) -> str:
        return f"Your password can have up to {self.LIMIT} characters."


def _plain_address(text: str) -> str:
    """IPv4 even where a dual-stack socket calls it ::ffff:192.0.2.1; "" for what is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _on_our_site(url: str) -> str:
    parts = urlsplit(url)
    return urljoin(settings.SITE_URL, parts._replace(scheme="", netloc="").geturl())
