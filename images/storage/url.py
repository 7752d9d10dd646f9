"""STORAGE_URL: where originals and variants are kept."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

HOW = (
    "STORAGE_URL must look like file:///path or s3://KEY:SECRET@host:port/bucket/folder?region=eu-central-1&tls=1 "
    "(KEY and SECRET percent-encoded, or neither and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead): "
)


def storage_from_url(url: str, default: Path) -> dict[str, Any]:
    """An entry of STORAGES; an empty URL is the folder `default`.

    Raises ImproperlyConfigured, which never repeats the URL: it holds a secret.
    """
    try:
        parts = urlsplit(url)
        if not url or parts.scheme == "file":
            return _folder(parts, default)
        if parts.scheme == "s3":
            return _bucket(parts)
        raise _Wrong("it begins otherwise.")
    except _Wrong as error:
        raise ImproperlyConfigured(f"{HOW}{error}") from None
    except ValueError:
        raise ImproperlyConfigured(f"{HOW}it cannot be read.") from None


class _Wrong(Exception):
    """What is wrong with the URL, as the end of a sentence."""


def _folder(parts: SplitResult, default: Path) -> dict[str, Any]:
    if parts.netloc or (parts.scheme and not parts.path.startswith("/")):
        raise _Wrong("file: takes three slashes and a whole path.")
    location = Path(unquote(parts.path)) if parts.path else default
    return {"BACKEND": "images.storage.disk.DurableFileStorage", "OPTIONS": {"location": location}}


def _bucket(parts: SplitResult) -> dict[str, Any]:
    bucket, _, folder = unquote(parts.path).strip("/").partition("/")
    knobs = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    if not parts.hostname or not bucket:
        raise _Wrong("the host or the bucket is missing.")
    if bool(parts.username) != bool(parts.password):
        raise _Wrong("a key wants a secret.")
    if knobs.keys() - {"region", "tls"} or knobs.get("tls", "1") not in ("0", "1"):
        raise _Wrong("after ? only region=… and tls=0 or 1 are known.")
    scheme = "http" if knobs.get("tls") == "0" else "https"
    port = f":{parts.port}" if parts.port else ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    options = {
        "endpoint_url": f"{scheme}://{host}{port}",
        "bucket_name": bucket,
        "location": folder,
        "region_name": knobs.get("region") or os.environ.get("AWS_REGION") or "us-east-1",
        **_credentials(parts),
    }
    return {"BACKEND": "images.storage.s3.S3ImageStorage", "OPTIONS": options}


def _credentials(parts: SplitResult) -> dict[str, str | None]:
    """Without a key boto3 looks for them itself: the environment, its files, the machine's role."""
    if parts.username and parts.password:
        return {"access_key": unquote(parts.username), "secret_key": unquote(parts.password)}
    # The one that django-storages does not read from the environment.
    return {"security_token": os.environ.get("AWS_SESSION_TOKEN")}
