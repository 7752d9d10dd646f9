"""What a setting's text means. Each function raises ValueError with the end of the sentence "NAME must be …"."""

import re
from collections.abc import Callable
from email.utils import parseaddr
from urllib.parse import SplitResult, urlsplit

from imagestore.kit.proxies import Networks, networks_of

_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_YES, _NO = ("true", "yes", "on", "1", "y", "t", "ok"), ("false", "no", "off", "0", "n", "f")
_HOST = re.compile(r"[A-Za-z0-9_.:%-]{1,253}")
# Names that stay as they are in a URL and in the name of a cookie (RFC 3986, section 2.3).
_SUB_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+){0,8}")
_ALLOWED_HOST = re.compile(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]")


def text(value: str) -> str:
    return value


def integer(value: str, *, least: int, most: int) -> int:
    if not re.fullmatch(r"-?\d{1,20}", value) or not least <= int(value) <= most:
        raise ValueError(f"a whole number from {least} to {most}")
    return int(value)


def size(value: str, *, least: int, most: int) -> int:
    """Bytes: 104857600, 100M, 100 MB and 100MiB are the same; 1 K is 1024."""
    match = re.fullmatch(r"(\d{1,20}(?:\.\d{1,6})?) ?([KMGT]?)(?:i?B)?", value, re.IGNORECASE)
    if not match:
        raise ValueError("a size such as 104857600, 100M or 2G")
    amount = round(float(match[1]) * _BYTES[match[2].upper()]) if "." in match[1] or match[2] else int(match[1])
    if not least <= amount <= most:
        raise ValueError(f"a size from {_short(least)} to {_short(most)}")
    return amount


def _short(amount: int) -> str:
    for unit in ("T", "G", "M", "K"):
        if amount and amount % _BYTES[unit] == 0:
            return f"{amount // _BYTES[unit]}{unit}"
    return str(amount)


def duration(value: str, *, unit: str, least: int, most: int) -> int:
    """A whole number of `unit` (s or d): 3600, 60m and 1h are the same number of seconds."""
    match = re.fullmatch(r"(\d{1,12}) ?([smhd]?)", value)
    example = "30, 30d or 720h" if unit == "d" else "3600, 60m or 1h"
    name = "days" if unit == "d" else "seconds"
    if not match:
        raise ValueError(f"{name}, or a time such as {example}")
    amount, left_over = divmod(int(match[1]) * _SECONDS[match[2] or unit], _SECONDS[unit])
    if left_over or not least <= amount <= most:
        raise ValueError(f"from {least} to {most} whole {name}")
    return amount


def boolean(value: str) -> bool:
    if value.lower() not in (*_YES, *_NO):
        raise ValueError("true or false")
    return value.lower() in _YES


def choice(value: str, *, choices: tuple[str, ...]) -> str:
    """Large and small letters are the same."""
    chosen = {one.lower(): one for one in choices}.get(value.lower())
    if chosen is None:
        raise ValueError(f"{', '.join(choices[:-1])} or {choices[-1]}")
    return chosen


def names(value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


def listen_address(value: str) -> str:
    """An address of this machine, or a name of it. IPv6 with or without brackets."""
    host = value.removeprefix("[").removesuffix("]")
    if not _HOST.fullmatch(host):
        raise ValueError("an address to listen on, such as 127.0.0.1, 0.0.0.0 or ::")
    return host


def allowed_hosts(value: str, *, beside: list[str]) -> list[str]:
    """Names as Django compares them, without scheme and port, behind the store's own names `beside`."""
    hosts = names(value)
    if not hosts or not all(_ALLOWED_HOST.fullmatch(host) for host in hosts):
        raise ValueError("names of hosts with commas between, without http:// and port")
    return list(dict.fromkeys([*beside, *hosts]))


def networks(value: str) -> Networks:
    try:
        return networks_of(names(value))
    except ValueError:
        raise ValueError("addresses or networks with commas between, such as 127.0.0.1,172.16.0.0/12") from None


def origin(example: str) -> Callable[[str], str]:
    """Reads scheme, host and port of a web address."""

    def parse(value: str) -> str:
        address, path = _address_and_path(value) or ("", value)
        if path:
            raise ValueError(f"the address of a site, with nothing behind host and port: {example}")
        return address

    return parse


def site(value: str) -> str:
    """Reads scheme, host, port and path of a web address. The path ends without a slash."""
    address, path = _address_and_path(value) or ("", "?")
    if not _SUB_PATH.fullmatch(path):
        raise ValueError(
            "the address of a site, such as https://pictures.example.org or https://example.org/photos"
        )
    return address + path


def _address_and_path(value: str) -> tuple[str, str] | None:
    """Without a slash at the end. None for what is no address of a site."""
    url = _http_url(value)
    if url is None or re.search(r"[\s?#@\\,;'\"]", value):
        return None
    return f"{url.scheme}://{url.netloc.lower()}", url.path.removesuffix("/")


def _http_url(value: str) -> SplitResult | None:
    try:
        url = urlsplit(value)
        return url if url.scheme in ("http", "https") and url.hostname and url.port != 0 else None
    except ValueError:
        return None


def sentry_dsn(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@:]+(:[^\s/@]*)?@[^\s/@]+/([^\s?#]+/)?\d+", value):
        raise ValueError("the DSN of a project, such as https://key@sentry.example.org/1")
    return value


def web_address(value: str) -> str:
    """With path and query, as programs ask for it."""
    url = _http_url(value)
    if url is None or "@" in url.netloc or not re.fullmatch(r"[!-~]+", value) or "#" in value:
        raise ValueError("a web address without user and password, such as https://hooks.example.org/purge")
    return value


def collector(value: str) -> str:
    """Scheme, host, port and path; OTLP's own paths come behind it."""
    parts = _address_and_path(value)
    if parts is None:
        raise ValueError("the address of a collector, without user, password and query: http://collector:4318")
    return "".join(parts)


def token(value: str, *, least: int) -> str:
    """What a header can carry as `Bearer …`."""
    if not re.fullmatch(r"[ -~]+", value) or len(value) < least:
        raise ValueError(f"{least} characters or more, each of ASCII")
    return value


def rsa_key(value: str) -> str:
    """A private key as text in PEM, without a passphrase."""
    # Only those who set such a key load it.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        usable = isinstance(load_pem_private_key(value.encode(), password=None), RSAPrivateKey)
    except (TypeError, ValueError):
        usable = False
    if not usable:
        raise ValueError("an RSA private key in PEM, without a passphrase")
    return value


def mailbox(value: str) -> str:
    address = parseaddr(value)[1]
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address) or re.search(r"[\r\n]", value):
        raise ValueError("a mail address, such as image-store <noreply@example.org>")
    return value
