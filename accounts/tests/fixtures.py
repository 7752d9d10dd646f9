"""Alice and bob have accounts; nobody is signed in until a test says so."""

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import User
from accounts.tests.helpers import PASSWORD


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice@example.org", PASSWORD, name="Alice")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob@example.org", PASSWORD, name="Bob")


@pytest.fixture
def pair(alice: User) -> tokens.Pair:
    """A login of alice's API client."""
    return tokens.issue(alice)


@pytest.fixture
def portal(client: Client, alice: User) -> Client:
    """Alice's browser, signed in."""
    client.force_login(alice)
    return client
