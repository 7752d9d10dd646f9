"""All files go to another storage, and back, while images come and go; a run that dies is repeated."""

import pytest
from django.core.files.storage import storages

from images.models import Image
from images.storage import identity
from images.storage.url import storage_from_url
from images.tests.helpers import colours, made_album, put, received, user, work_off
from images.upkeep import move_storage
from images.upkeep.move_storage import FILLING, Refused, copy_all, count_lacking, finish, new_storage
from tests.seaweed import shared

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.slow)])
def target(request, settings, tmp_path):
    url = shared().url(f"moved/{tmp_path.name}") if request.param == "s3" else ""
    settings.STORAGES = {**settings.STORAGES, "new": storage_from_url(url, tmp_path / "new")}
    return new_storage()


def contents(storage) -> dict[str, bytes]:
    files = {entry.name: storage.open_stored(entry.name) for entry in storage.listing()}
    return {name: b"".join(file.chunks(range(file.size))) for name, file in files.items()}


def test_everything_arrives_and_the_identity_comes_last(target):
    made_album(user(), 3)
    assert (copy_all(target).copied, identity.NAME in contents(target)) == (3, False)
    finish(target)
    assert contents(target) == contents(storages["images"])


def test_what_comes_and_goes_meanwhile_is_copied_and_removed_by_the_next_run(target):
    holiday, (first, _) = made_album(user(), 2)
    copy_all(target)
    Image.objects.filter(pk=first.pk).delete()
    storages["images"].delete_folders({first.storage_prefix: None})
    received(holiday, list(colours(3))[2])
    work_off()
    with pytest.raises(Refused, match="1 images"):
        finish(target)
    report = copy_all(target)
    assert (report.copied, report.removed) == (1, 1)
    finish(target)
    assert contents(target) == contents(storages["images"])


@pytest.mark.parametrize("nth", range(3))
def test_a_run_that_dies_at_any_file_is_repeated(target, monkeypatch, nth):
    made_album(user(), 1)
    passed, store = [], type(target).store

    def die(*args):
        passed.append(args)
        if len(passed) > nth:
            raise KeyboardInterrupt
        store(*args)

    with monkeypatch.context() as patched:
        patched.setattr(type(target), "store", die)
        with pytest.raises(KeyboardInterrupt):
            copy_all(target)
    copy_all(target)
    finish(target)
    assert contents(target) == contents(storages["images"])


def test_a_damaged_original_is_not_copied_but_named(target):
    _, [image] = made_album(user(), 1)
    put(image.original_file, b"x" * image.bytes)
    [loss] = copy_all(target).lost
    assert loss.startswith(f"{image.original_file}: its SHA-256 is")
    assert not target.has(image.original_file)
    with pytest.raises(Refused):
        finish(target)


def test_a_storage_of_others_is_refused(target, tmp_path):
    made_album(user(), 1)
    draft = tmp_path / "draft"
    for name, sentence in (
        (FILLING, "Another store"),
        ("any", "Another store"),
        (identity.NAME, "of another store"),
    ):
        draft.write_text("another")
        target.store(draft, name, "text/plain")
        with pytest.raises(Refused, match=sentence):
            copy_all(target)


def test_counting_writes_nothing(target):
    made_album(user(), 2)
    assert (count_lacking(target), contents(target)) == (2, {})


def test_the_store_s_own_storage_is_refused(target):
    made_album(user(), 1)
    copy_all(target)
    finish(target)
    with pytest.raises(Refused, match="this store's storage already"):
        copy_all(target)


def test_batches_pass_over_all_images(target, monkeypatch):
    monkeypatch.setattr(move_storage, "BATCH_IMAGES", 2)
    made_album(user(), 5)
    assert (copy_all(target).copied, copy_all(target).copied) == (5, 0)
    assert count_lacking(target) == 0
