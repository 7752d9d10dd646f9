"""Rows and files of alice and bob, for each test of access."""

import pytest

from tests.rows import World


@pytest.fixture
def world(db: None) -> World:
    return World()
