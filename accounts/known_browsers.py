"""Browsers that have been let in to a mailbox before. The failures of others do not lock them out of it.

A signed cookie names the mailboxes of this browser, newest first. For each it holds an id of the browser,
by which its own attempts are counted, and a digest that no longer fits once the password or
`token_version` has changed. It does not replace the password.
"""

import hashlib
import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User, normalise_email

MAX_AGE_SECONDS = 365 * 24 * 3600
# A browser of a household has several mailboxes; the cookie stays below 2 kB.
MAX_MAILBOXES = 8
SALT = "accounts.known_browsers"


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Write the cookie. Call it after the browser has shown the password, or a mail's link that sets one."""
    mailbox = _digest(user.email)
    others = [entry for entry in _entries(request) if entry[0] != mailbox]
    entries = [[mailbox, secrets.token_hex(16), _state(user)], *others]
    response.set_cookie(
        settings.KNOWN_BROWSER_COOKIE_NAME,
        signing.dumps(entries[:MAX_MAILBOXES], salt=SALT, compress=True),
        max_age=MAX_AGE_SECONDS,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def find(request: HttpRequest, email: str) -> str | None:
    """The id of this browser if it was let in to this mailbox, and the password is the same since then."""
    mailbox = _digest(normalise_email(email))
    for known_mailbox, browser, state in _entries(request):
        if known_mailbox == mailbox:
            user = User.objects.living().filter(email=normalise_email(email)).first()
            return browser if user and _is_state(state, user) else None
    return None


def _entries(request: HttpRequest) -> list[list[str]]:
    cookie = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, "")
    try:
        entries: list[list[str]] = signing.loads(cookie, salt=SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return []
    return entries


def _digest(email: str) -> str:
    """A digest, so that the cookie shows no address."""
    return hashlib.sha256(email.encode(errors="replace")).hexdigest()[:32]


def _is_state(state: str, user: User) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(state, _state(user, key)) for key in keys)


def _state(user: User, key: str | None = None) -> str:
    return salted_hmac(SALT, f"{user.password}:{user.token_version}", secret=key, algorithm="sha256").hexdigest()
