"""A browser of alice, whom each module makes as it needs her, and an album of hers."""

import pytest
from django.test import Client

from tests.rows import album_of, image_in


@pytest.fixture
def pages(alice):
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def sea(alice):
    """By name: sea 1, sea 2, sea 3; by age: sea 2, hills, sea 3, sea 1."""
    album = album_of(alice)
    return {name: image_in(album, f"{name}.jpg") for name in ("sea 2", "hills", "sea 3", "sea 1")}
