"""The house keeps its order: every module has a room, and imports run down only."""

from tests import house


def test_every_module_has_a_room():
    assert house.unplaced() == []


def test_every_room_exists():
    rooms = {room for layer in house.layers() for room in layer}
    assert rooms - house.graph().modules == set()


def test_imports_run_down_only():
    assert house.against_the_order() == []


def test_no_modules_import_each_other():
    assert house.cycles() == []


def test_the_engine_is_imported_by_the_start_of_the_server_alone():
    importers = house.graph().find_modules_that_directly_import("images.engine")
    assert importers & set(house.modules()) == {"imagestore.wsgi"}


def test_the_picture_shows_every_room():
    picture = house.picture()
    assert all(f"\n{room}" in picture for layer in house.layers() for room in layer)
