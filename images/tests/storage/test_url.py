"""STORAGE_URL names a folder or a bucket; a wrong one stops the start and keeps its secret."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from images.storage.url import storage_from_url

DEFAULT = Path("/data/images")


@pytest.mark.parametrize(
    ("url", "location"),
    [("", DEFAULT), ("file:///mnt/my%20disk", Path("/mnt/my disk"))],
)
def test_a_folder(url, location):
    assert storage_from_url(url, DEFAULT) == {
        "BACKEND": "images.storage.disk.DurableFileStorage",
        "OPTIONS": {"location": location},
    }


def test_a_bucket_with_its_key():
    assert storage_from_url(
        "s3://my%2Fkey:se%2Bcret@s3.example.org:9000/photos/of/2026?region=eu&tls=0", DEFAULT
    ) == {
        "BACKEND": "images.storage.s3.S3ImageStorage",
        "OPTIONS": {
            "endpoint_url": "http://s3.example.org:9000",
            "bucket_name": "photos",
            "location": "of/2026",
            "region_name": "eu",
            "access_key": "my/key",
            "secret_key": "se+cret",
        },
    }


def test_a_bucket_whose_key_is_in_the_environment(monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert storage_from_url("s3://[::1]/photos", DEFAULT)["OPTIONS"] == {
        "endpoint_url": "https://[::1]",
        "bucket_name": "photos",
        "location": "",
        "region_name": "eu-north-1",
        "security_token": "token",
    }


@pytest.mark.parametrize(
    "url",
    [
        "/mnt/images",
        "file://mnt/images",
        "file:mnt",
        "ftp://key:s3cret@host/bucket",
        "s3://key:s3cret@host",
        "s3:///bucket",
        "s3://key@host/bucket",
        "s3://key:s3/cret@host/bucket",
        "s3://key:s3cret@host:port/bucket",
        "s3://key:s3cret@host/bucket?tls=yes",
        "s3://key:s3cret@host/bucket?regoin=eu",
        "s3://key:s3cret@host/bucket?region",
    ],
)
def test_a_wrong_one_stops_the_start_and_keeps_its_secret(url):
    with pytest.raises(ImproperlyConfigured, match=r"^STORAGE_URL must look like") as stopped:
        storage_from_url(url, DEFAULT)
    assert "s3cret" not in str(stopped.value)
    assert stopped.value.__suppress_context__
