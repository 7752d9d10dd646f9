"""Keys in the links of mails. They name a user by the public id: allauth's own name rows by their number.

Such a number would tell each user how many accounts there are.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self
from uuid import UUID

from allauth.account import app_settings as allauth_settings
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core import signing

from accounts.models import User


def reset_key(user: User) -> dict[str, str]:
    """The parts of a key that sets a new password, as the URL of allauth's view names them."""
    return {"uidb36": user.public_id.hex, "key": default_token_generator.make_token(user)}


def user_of(public_id: str) -> User | None:
    """The user whom the key of a reset names."""
    try:
        return User.objects.filter(public_id=UUID(hex=public_id)).first()
    except ValueError:
        return None


class Confirmation(EmailConfirmationHMAC):
    """allauth's confirmation of an address, with a key of ours."""

    SALT: ClassVar[str] = "accounts.mail_links"

    @property
    def key(self) -> str:
        address = self.email_address
        return signing.dumps({"user": address.user.public_id.hex, "email": address.email}, salt=self.SALT)

    @classmethod
    def from_key(cls, key: str) -> Self | None:
        """None for a key that is forged, too old or used."""
        seconds = allauth_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS * 24 * 60 * 60
        try:
            named: Mapping[str, Any] = signing.loads(key, max_age=seconds, salt=cls.SALT)
        except signing.BadSignature:
            return None
        address = EmailAddress.objects.filter(
            user__public_id=UUID(named["user"]), email=named["email"], verified=False
        ).first()
        return cls(address) if address else None
