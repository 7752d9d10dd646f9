"""The thirteen scenarios, through nginx, on the containers of docker-compose.yml (tests/docker/conftest.py)."""

import pytest

from tests.test_scenarios import *  # noqa: F403 - the tests and their fixtures

pytestmark = [pytest.mark.docker, pytest.mark.slow]
