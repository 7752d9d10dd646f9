"""Turns EMAIL_URL into Django's settings of the mail server."""

import re
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_EXPECTED_URL = (
    "EMAIL_URL must look like smtp+tls://user:password@host:587, or smtp:// or smtp+ssl:// so, or consolemail:// "
    "(user and password percent-encoded: / is %2F, @ is %40, # is %23, ? is %3F)."
)
_SMTP_PORTS = {"smtp": 25, "smtps": 587, "smtp+tls": 587, "smtp+ssl": 465}
_BACKENDS = {
    **dict.fromkeys(_SMTP_PORTS, "imagestore.kit.smtp.SmtpBackend"),
    "consolemail": "django.core.mail.backends.console.EmailBackend",
    "filemail": "django.core.mail.backends.filebased.EmailBackend",
    "memorymail": "django.core.mail.backends.locmem.EmailBackend",
    "dummymail": "django.core.mail.backends.dummy.EmailBackend",
}
_OPTIONS = {"email_use_tls", "email_use_ssl"}


def mail_from_url(url: str) -> dict[str, Any]:
    """EMAIL_BACKEND and its siblings. Raises ImproperlyConfigured, whose message must not repeat the URL."""
    try:
        split = urlsplit(url)
        if re.search(r"\s", url) or split.fragment or split.scheme not in _BACKENDS:
            raise ValueError
        return _settings(split)
    except ValueError:
        raise ImproperlyConfigured(_EXPECTED_URL) from None


def _settings(split: SplitResult) -> dict[str, Any]:
    given = dict(parse_qsl(split.query.lower(), strict_parsing=bool(split.query)))
    is_smtp = split.scheme in _SMTP_PORTS
    if is_smtp and (not split.hostname or split.path not in ("", "/") or given.keys() - _OPTIONS):
        raise ValueError
    if bool(split.username) != bool(split.password):
        raise ValueError
    return {
        "EMAIL_BACKEND": _BACKENDS[split.scheme],
        "EMAIL_FILE_PATH": unquote(split.path[1:]),
        "EMAIL_HOST": split.hostname or "",
        "EMAIL_PORT": split.port or _SMTP_PORTS.get(split.scheme, 0),
        "EMAIL_HOST_USER": unquote(split.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(split.password or ""),
        "EMAIL_USE_TLS": split.scheme in ("smtps", "smtp+tls") or given.get("email_use_tls") in ("1", "true"),
        "EMAIL_USE_SSL": split.scheme == "smtp+ssl" or given.get("email_use_ssl") in ("1", "true"),
    }
