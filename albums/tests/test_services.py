"""The search among the albums of one owner."""

import pytest

from albums.models import Album
from albums.services import LIST
from images.tests.helpers import album, user

pytestmark = pytest.mark.django_db


def test_searching_looks_into_title_and_description_of_ones_own():
    alice, bob = user(), user("bob@example.org")
    album(alice, "Iceland")
    album(alice, "North", description="All over ICELAND")
    album(alice, "Norway")
    album(bob, "Iceland too")
    found = LIST.read({"search": "iceland"}).apply(Album.objects.owned_by(alice))
    assert {row.title for row in found} == {"Iceland", "North"}
