"""A storage to put files into."""

import pytest

from images.storage.base import image_storage
from images.tests.storage.names import NAME


@pytest.fixture
def store_bytes(tmp_path):
    """Store these bytes under this name."""

    def _store_bytes(content: bytes, name: str = NAME) -> None:
        source = tmp_path / "source"
        source.write_bytes(content)
        image_storage().store(source, name, "image/jpeg")
        source.unlink()

    return _store_bytes
