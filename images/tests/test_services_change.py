"""Renaming and moving: within one's own albums, and the sums follow."""

import pytest

from images import services
from images.tests.helpers import album, received, user
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db


def test_a_moved_image_takes_its_bytes_along():
    alice = user()
    source, target = album(alice), album(alice, "Norway")
    image = received(source)
    services.move(image, target)
    source.refresh_from_db()
    target.refresh_from_db()
    assert image.album == target
    assert (source.image_count, source.bytes) == (0, 0)
    assert (target.image_count, target.bytes) == (1, image.bytes)


def test_moving_to_where_the_bytes_are_already_changes_nothing():
    alice = user()
    source, target = album(alice), album(alice, "Norway")
    image, twin = received(source), received(target)
    with pytest.raises(Problem) as caught:
        services.move(image, target)
    assert (caught.value.code, caught.value.extra) == ("duplicate", {"image": str(twin.public_id)})
    source.refresh_from_db()
    target.refresh_from_db()
    image.refresh_from_db()
    assert (image.album, source.image_count, target.image_count) == (source, 1, 1)


def test_a_deleted_image_can_be_neither_moved_nor_renamed():
    alice = user()
    image = received(album(alice))
    services.delete_images(alice, type(image).objects.filter(pk=image.pk))
    for change in (lambda: services.move(image, album(alice, "Norway")), lambda: services.change(image, name="x")):
        with pytest.raises(Problem) as caught:
            change()
        assert caught.value.code == "not_found"


def test_names_are_cleaned_when_they_change_too():
    image = received(album(user()))
    services.change(image, name="../a\x00b.jpg", caption="Windy")
    assert (image.name, image.caption) == ("ab.jpg", "Windy")
