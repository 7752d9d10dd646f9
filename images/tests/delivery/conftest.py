"""Rows and files of alice, and the signed links of one image."""

import pytest

from images.delivery.links import Links, links_of
from tests.rows import World


@pytest.fixture
def world(db: None) -> World:
    return World()


@pytest.fixture
def links(world: World) -> Links:
    return links_of(world.image)
