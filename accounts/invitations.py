"""Who may sign up (SIGNUP): any visitor, only those whom the operator sends a link, or no one.

An invitation is a link with a random token. The row holds only its hash, and goes when it is used or has ended.
"""

import hashlib
import secrets

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, normalise_email
from imagestore.kit.addresses import address_of
from imagestore.kit.batches import delete_in_batches
from imagestore.kit.sentences import Sentence

MAX_TOKEN_CHARACTERS = 64

CLOSED = _("This store takes no new accounts. Ask its operator for one.")
NOT_INVITED = _(
    "This store takes new accounts by invitation, and this invitation is missing, used, too old or for another "
    "address. Ask the operator for a new link."
)


def issue(invitation: Invitation) -> str:
    """Save a new invitation. Returns its link, which can never be shown again."""
    token = secrets.token_urlsafe(32)
    invitation.token_hash, invitation.email = _hash(token), normalise_email(invitation.email)
    invitation.save()
    return f"{address_of('account_signup')}?invitation={token}"


def refusal(token: str, email: str = "") -> Sentence:
    """Why this token ("" is none) makes no account; "" when it does. Without `email`, for any address."""
    if settings.SIGNUP == "open":
        return ""
    if settings.SIGNUP == "closed":
        return CLOSED
    invitation = Invitation.objects.open(_hash(token)).first()
    fits = invitation and (not email or invitation.email in ("", email))
    return "" if fits else NOT_INVITED


def redeem(token: str) -> bool:
    """Use the invitation up, in the transaction that makes the account. False when another sign-up was first."""
    return settings.SIGNUP != "invitation" or bool(Invitation.objects.open(_hash(token)).delete()[0])


def forget_expired_invitations() -> int:
    """Returns how many rows it deleted."""
    return delete_in_batches(Invitation.objects.filter(expires_at__lt=timezone.now()))


def _hash(token: str) -> str:
    return hashlib.sha256(token[:MAX_TOKEN_CHARACTERS].encode(errors="replace")).hexdigest()
