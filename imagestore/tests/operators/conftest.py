"""An operator, signed in to the admin."""

import pytest

from images.tests.helpers import user


@pytest.fixture
def admin(client):
    client.force_login(user("root@example.org", is_staff=True, is_superuser=True))
    return client
