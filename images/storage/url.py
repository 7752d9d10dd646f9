"""Turns STORAGE_URL into an entry of Django's STORAGES setting."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_EXPECTED_URL = (
    "STORAGE_URL must look like file:///path or s3://KEY:SECRET@host:port/bucket/folder?region=eu-central-1&tls=1 "
    "(KEY and SECRET percent-encoded, or neither and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead): "
)


def storage_from_url(url: str, default: Path) -> dict[str, Any]:
    """The entry of STORAGES for this URL; an empty URL means the folder `default`.

    Raises ImproperlyConfigured. Its message must not repeat the URL, which holds a secret.
    """
    try:
        split = urlsplit(url)
        if not url or split.scheme == "file":
            return _folder(split, default)
        if split.scheme == "s3":
            return _bucket(split)
        raise _Wrong("it begins otherwise.")
    except _Wrong as error:
        raise ImproperlyConfigured(f"{_EXPECTED_URL}{error}") from None
    except ValueError:
        raise ImproperlyConfigured(f"{_EXPECTED_URL}it cannot be read.") from None


class _Wrong(Exception):
    """The message ends a sentence that begins with _EXPECTED_URL."""


def _folder(split: SplitResult, default: Path) -> dict[str, Any]:
    if split.netloc or (split.scheme and not split.path.startswith("/")):
        raise _Wrong("file: takes three slashes and a whole path.")
    location = Path(unquote(split.path)) if split.path else default
    return {"BACKEND": "images.storage.disk.DurableFileStorage", "OPTIONS": {"location": location}}


def _bucket(split: SplitResult) -> dict[str, Any]:
    bucket, _, folder = unquote(split.path).strip("/").partition("/")
    knobs = dict(parse_qsl(split.query, strict_parsing=bool(split.query)))
    if not split.hostname or not bucket:
        raise _Wrong("the host or the bucket is missing.")
    if bool(split.username) != bool(split.password):
        raise _Wrong("a key wants a secret.")
    if knobs.keys() - {"region", "tls"} or knobs.get("tls", "1") not in ("0", "1"):
        raise _Wrong("after ? only region=… and tls=0 or 1 are known.")
    scheme = "http" if knobs.get("tls") == "0" else "https"
    port = f":{split.port}" if split.port else ""
    host = f"[{split.hostname}]" if ":" in split.hostname else split.hostname
    options = {
        "endpoint_url": f"{scheme}://{host}{port}",
        "bucket_name": bucket,
        "location": folder,
        "region_name": knobs.get("region") or os.environ.get("AWS_REGION") or "us-east-1",
        **_credentials(split),
    }
    return {"BACKEND": "images.storage.s3.S3ImageStorage", "OPTIONS": options}


def _credentials(split: SplitResult) -> dict[str, str | None]:
    """The key in the URL. Without one, boto3 reads the environment, its own files, or the machine's role."""
    if split.username and split.password:
        return {"access_key": unquote(split.username), "secret_key": unquote(split.password)}
    # django-storages reads the other credentials from the environment, but not this one.
    return {"security_token": os.environ.get("AWS_SESSION_TOKEN")}
