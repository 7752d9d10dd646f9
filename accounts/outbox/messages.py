"""What a mail says. The sender writes it right before it leaves, so the key in it is new and stands in no row."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from accounts.mail_links import Confirmation, reset_key
from accounts.models import OutgoingMail, User
from imagestore.kit.addresses import address_of


def compose(mail: OutgoingMail) -> EmailMessage | None:
    """The message, always to the account's own address; None when there is nothing to say to it.

    An address without an account gets no mail: the form must not be a way to flood the mailboxes of strangers.
    A test mail alone goes wherever an operator says.
    """
    if mail.kind == OutgoingMail.Kind.TEST:
        return _message(mail, mail.address, mail.language or settings.LANGUAGE_CODE, "test")
    user = User.objects.filter(email=mail.address, is_active=True).first()
    if user is None:
        return None
    if mail.kind == OutgoingMail.Kind.RESET:
        return _to_user(mail, user, "password_reset_key", password_reset_url=_reset_url(user))
    if mail.account != user.public_id:
        reset_form = address_of("account_reset_password")
        return _to_user(mail, user, "account_already_exists", email=user.email, password_reset_url=reset_form)
    address, _ = EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})
    if address.verified:
        return None
    return _to_user(mail, user, "email_confirmation", activate_url=_confirm_url(address))


def _to_user(mail: OutgoingMail, user: User, template: str, **context: Any) -> EmailMessage:
    """In the language of the account, else in that of the request that asked for it."""
    return _message(mail, user.email, user.language or mail.language or settings.LANGUAGE_CODE, template, **context)


def _message(mail: OutgoingMail, to: str, language: str, template: str, **context: Any) -> EmailMessage:
    """The Message-ID is that of the row: a mail program can tell that a mail which left twice is one."""
    host = urlsplit(settings.SITE_URL).netloc
    with translation.override(language):
        subject, body = (
            render_to_string(f"account/email/{template}_{part}.txt", {**context, "host": host}).strip()
            for part in ("subject", "message")
        )
    headers = {"Message-ID": f"<{mail.public_id}@{host}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(subject, body, to=[to], headers=headers)


def _reset_url(user: User) -> str:
    return address_of("account_reset_password_from_key", **reset_key(user))


def _confirm_url(address: EmailAddress) -> str:
    return address_of("account_confirm_email", Confirmation(address).key)
