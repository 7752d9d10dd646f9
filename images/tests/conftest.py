"""A bucket behind a network that misbehaves."""

import secrets
from collections.abc import Iterator

import pytest

from images.storage.base import image_storage
from images.storage.s3 import S3ImageStorage
from images.storage.url import storage_from_url
from images.tests.outages import QUICK
from tests.faults.s3_proxy import Proxy
from tests.seaweed import shared


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy(shared()) as started:
        yield started


@pytest.fixture
def behind_proxy(settings, tmp_path, proxy: Proxy) -> S3ImageStorage:
    """The store's storage is an empty folder of the bucket, reached through the proxy."""
    chosen = storage_from_url(proxy.server.url(f"faults/{secrets.token_hex(8)}", proxy.port), tmp_path)
    chosen["OPTIONS"]["client_config"] = QUICK
    settings.STORAGES = {**settings.STORAGES, "images": chosen}
    found = image_storage()
    assert isinstance(found, S3ImageStorage)
    return found
