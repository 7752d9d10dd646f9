"""Links for a CloudFront that reads the bucket itself: it would let them pass, and nothing else."""

import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
import time_machine
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from images.delivery import cloudfront
from images.delivery.links import folder_of, links_of
from images.models import Image
from images.storage.base import image_storage
from images.storage.s3 import S3ImageStorage
from images.storage.url import storage_from_url

NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
ID = UUID("01890000-0000-7000-8000-00000000beef")
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
BUCKET = "s3://key:secret@127.0.0.1:9/bucket/of/photos?tls=0"


def pem(key: Any = KEY) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def _signed_for_cloudfront(settings: Any) -> Iterator[None]:
    """As imagestore/settings.py does."""
    bucket = storage_from_url(BUCKET, Path())
    bucket["OPTIONS"] |= {"cloudfront_key_id": "K2JCJMDEHXQW5F", "cloudfront_key": pem()}
    settings.STORAGES = {**settings.STORAGES, "images": bucket}
    settings.MEDIA_BASE_URL = "https://d111.cloudfront.net"
    settings.CLOUDFRONT_KEY_ID = "K2JCJMDEHXQW5F"
    cloudfront.sign.cache_clear()
    yield
    cloudfront.sign.cache_clear()


def links(at: datetime = NOON) -> tuple[str, str]:
    """To the thumb and to the original."""
    thumb = {"file": "thumb.v2.jpg", "width": 320, "height": 200, "content_type": "image/jpeg", "bytes": 9}
    image = Image(public_id=ID, content_type="image/jpeg", variants={"thumb": thumb})
    with time_machine.travel(at, tick=False):
        made = links_of(image)
        assert made.smallest is not None
        return made.smallest.url, made.original


def passes(url: str, at: datetime) -> bool:
    """As CloudFront does it, by the public key: the canned policy is the whole address and the end."""
    base, _, query = url.partition("?")
    told = dict(parse_qsl(query))
    assert told.keys() == {"Expires", "Signature", "Key-Pair-Id"}
    end = {"DateLessThan": {"AWS:EpochTime": int(told["Expires"])}}
    policy = json.dumps({"Statement": [{"Resource": base, "Condition": end}]}, separators=(",", ":"))
    signature = b64decode(told["Signature"].replace("-", "+").replace("_", "=").replace("~", "/"))
    try:
        KEY.public_key().verify(signature, policy.encode(), padding.PKCS1v15(), SHA1())
    except InvalidSignature:
        return False
    return told["Key-Pair-Id"] == "K2JCJMDEHXQW5F" and at.timestamp() < int(told["Expires"])


def test_cloudfront_lets_a_link_pass_until_its_end() -> None:
    thumb, original = links()
    assert passes(thumb, NOON)
    assert passes(original, NOON)
    assert passes(thumb, NOON + timedelta(days=1))
    assert not passes(thumb, NOON + timedelta(days=2))
    assert not passes(original, NOON + timedelta(hours=2))


def test_a_link_to_one_file_opens_no_other() -> None:
    thumb, original = links()
    forged = [
        thumb.replace("thumb.v2.jpg", "original"),
        f"{original.split('?')[0]}?{thumb.split('?')[1]}",
        thumb.replace("d111", "d222"),
        thumb.replace("Expires=1", "Expires=2"),
    ]
    assert [url for url in forged if passes(url, NOON)] == []


def test_links_are_the_same_within_a_window() -> None:
    first = links()
    cloudfront.sign.cache_clear()  # as another server has it
    seen = {links(NOON + timedelta(hours=hours))[0] for hours in range(0, 48, 2)}
    assert first[0] in seen
    assert 2 <= len(seen) <= 3


def test_a_link_leads_to_the_object_of_the_bucket() -> None:
    storage = image_storage()
    assert isinstance(storage, S3ImageStorage)
    prefix = Image(public_id=ID).storage_prefix
    names = [f"{prefix}/thumb.v2.jpg", f"{prefix}/original"]
    assert [urlsplit(url).path for url in links()] == [f"/{storage._object(name)['Key']}" for name in names]
    assert all(urlsplit(url).path.startswith(folder_of(ID)) for url in links())


def test_a_bucket_without_a_folder_has_no_empty_part(settings: Any) -> None:
    bucket = storage_from_url(BUCKET.replace("/of/photos", ""), Path())
    settings.STORAGES = {**settings.STORAGES, "images": bucket}
    assert folder_of(ID) == f"/{Image(public_id=ID).storage_prefix}/"


NO_KEY = "CLOUDFRONT_KEY must be an RSA private key in PEM, without a passphrase."
CURVE = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "d111 K2 True"),
        ({"CLOUDFRONT_KEY": ""}, "CLOUDFRONT_KEY_ID and CLOUDFRONT_KEY belong together: set both or neither."),
        (
            {"CLOUDFRONT_KEY": "s3cret" * 9},
            "CLOUDFRONT_KEY must be an RSA private key in PEM, without a passphrase.",
        ),
        ({"CLOUDFRONT_KEY": pem(CURVE)}, NO_KEY),
        ({"STORAGE_URL": ""}, "CLOUDFRONT_KEY_ID needs the bucket that CloudFront reads"),
        ({"MEDIA_BASE_URL": ""}, "CLOUDFRONT_KEY_ID needs the bucket that CloudFront reads"),
    ],
)
def test_settings_that_do_not_go_together_stop_the_start(changed: dict[str, str], said: str) -> None:
    code = (
        "from django.conf import settings as s; "
        "print(s.MEDIA_BASE_URL[8:], s.CLOUDFRONT_KEY_ID, 'cloudfront_key' in s.STORAGES['images']['OPTIONS'])"
    )
    given = {
        "CLOUDFRONT_KEY_ID": "K2",
        "CLOUDFRONT_KEY": pem(),
        "STORAGE_URL": BUCKET,
        "MEDIA_BASE_URL": "https://d111",
    }
    env = {**os.environ, **given, **changed}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert said in run.stdout + run.stderr
    assert "s3cret" not in run.stdout + run.stderr
