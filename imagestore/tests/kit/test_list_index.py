"""A list is read along the index that has its order, behind the columns that the request fixes."""

import re

import pytest

from images import timeline
from images.models import Image
from images.tests.helpers import album, received, user
from imagestore.kit.list_index import along_index

pytestmark = pytest.mark.django_db

TOLD = re.compile(r"images_image[`\"] (?:FORCE INDEX \(|INDEXED BY )[`\"](\w+)")
NAMES = [
    ({}, "sorted_at", "list_owner_taken"),
    ({}, "name_key", "list_owner_name"),
    ({"status": "failed"}, "created_at", "list_owner_status_age"),
    ({"favourite": "true"}, "sorted_at", "list_owner_favourite_taken"),
    ({"taken_after": "2024-01-01"}, "sorted_at", "list_owner_taken"),
    # The days may leave few rows: an index by name would be searched for them from its start.
    ({"taken_after": "2024-01-01"}, "name_key", None),
    ({}, "bytes", None),
]


@pytest.mark.parametrize(("params", "column", "index"), NAMES)
def test_the_database_is_told_the_index(params: dict[str, str], column: str, index: str | None) -> None:
    alice = user()
    images = timeline.LIST.read(params).apply(Image.objects.owned_by(alice))
    of_album = timeline.LIST.read(params).apply(Image.objects.in_album(album(alice)).select_related("album"))
    for rows, name in ((images, index), (of_album, index and index.replace("owner", "album"))):
        told = along_index(rows, column, "public_id")
        list(told)
        assert TOLD.findall(str(told.query)) == ([name] if name else [])


def test_rows_that_are_read_along_an_index_can_be_filtered_and_counted_on() -> None:
    image = received(album(user()))
    images = along_index(Image.objects.owned_by(image.owner), "sorted_at", "public_id")
    assert list(images.filter(name=image.name).order_by("-sorted_at")) == [image]
    assert images.exclude(pk=image.pk).first() is None
