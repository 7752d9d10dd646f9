"""Alice, and three images that are ready."""

import pytest

from images.models import Image
from images.tests.helpers import (
    album,
    user,
)
from images.tests.upkeep.helpers import made


@pytest.fixture
def alice():
    return user()


@pytest.fixture
def images(alice) -> list[Image]:
    return made(album(alice), 3)
