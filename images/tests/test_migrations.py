"""What migrations write into rows that are there."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from albums.models import Album
from images import services
from images.models import Image
from images.tests.helpers import album, made_album, received, user
from images.tests.pictures import jpeg_bytes

pytestmark = pytest.mark.django_db


def test_the_migration_to_kept_covers_finds_the_cover_of_each_album(monkeypatch):
    alice = user()
    newest, chosen, emptied = (made_album(alice, title=title) for title in ("newest", "chosen", "emptied"))
    album(alice, "empty")
    services.change_album(chosen[0], cover_choice=chosen[1][0].public_id)
    services.delete_images(alice, Image.objects.filter(album=emptied[0]))
    right = dict(Album.objects.values_list("title", "cover_key"))
    assert right == {"newest": newest[1][1].pk, "chosen": chosen[1][0].pk, "emptied": 0, "empty": 0}
    Album.objects.update(cover_key=0)
    migration = import_module("images.migrations.0010_covers")
    monkeypatch.setattr(migration, "BATCH_ALBUMS", 2)
    migration.choose(apps, connection.schema_editor())
    assert dict(Album.objects.values_list("title", "cover_key")) == right


def test_the_migration_to_orders_by_hand_keeps_the_order_of_arrival(monkeypatch):
    alice = user()
    summer, images = made_album(alice, 4)
    Image.objects.update(position=0)
    migration = import_module("images.migrations.0018_fill_positions")
    monkeypatch.setattr(migration, "BATCH_ROWS", 3)
    migration.fill(apps, connection.schema_editor())
    newcomer = received(summer, jpeg_bytes(9, 9))
    listed = services.LIST.read({"ordering": "position"}).page(Image.objects.in_album(summer)).items
    assert listed == [*images, newcomer]
    migration.fill(apps, connection.schema_editor())
    assert services.LIST.read({"ordering": "position"}).page(Image.objects.in_album(summer)).items == listed
