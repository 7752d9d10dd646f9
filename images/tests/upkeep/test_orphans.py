"""F19: files without rows go to the quarantine, and nothing else does."""

from datetime import timedelta

import pytest

from images.deletion.removal import doom_images, purge
from images.integrity import Kind
from images.models import Image, Status
from images.rendering import queue
from images.storage import identity
from images.storage.base import image_storage
from images.tests.helpers import (
    album,
    put,
    stored,
    stored_bytes,
)
from images.tests.upkeep.helpers import NOW, found, made
from images.upkeep import orphans, verify

pytestmark = pytest.mark.django_db(transaction=True)


STRANGERS = [
    "stranger.txt",
    "Thumbs.db",
    "a0/notes from me.txt",
    "f3/a1/0123456789abcdef0123456789aba1f3/original",
    "zz/line\nbreak",
]


@pytest.mark.parametrize("name", STRANGERS)
def test_an_unknown_file_is_told_and_then_put_aside_whole(images, name):
    put(name, b"mine")
    assert found() == [(Kind.UNKNOWN_FILE, name)]
    before = stored() - {name}
    assert found(repair=True) == [(Kind.UNKNOWN_FILE, name)]
    [aside] = stored() - before
    assert aside.startswith("quarantine/")
    assert aside.endswith(f"/{name}")
    with image_storage().open(aside) as file:
        assert file.read() == b"mine"
    assert found(checksums=True, repair=True) == []


def test_a_name_is_put_aside_twice_without_loss(images):
    for content in (b"first", b"second"):
        put("stranger.txt", content)
        found(repair=True)
    aside = [name for name in stored() if name.startswith("quarantine/")]
    assert sorted(stored_bytes(name) for name in aside) == [b"first", b"second"]


def test_an_unknown_file_in_an_images_folder_is_put_aside_and_the_image_let_go(images):
    name = f"{images[0].storage_prefix}/thumb.v0.jpg"
    put(name, b"old")
    assert found(repair=True) == [(Kind.UNKNOWN_FILE, name)]
    assert name not in stored()
    images[0].refresh_from_db()
    assert (images[0].status, images[0].lease_token, images[0].leased_until) == (Status.READY, None, None)


def test_young_unknown_files_are_left_alone(images):
    put("stranger.txt", b"just came")
    assert found(repair=True, older_than=timedelta(hours=24)) == []
    assert "stranger.txt" in stored()


def test_what_a_row_comes_to_name_is_not_put_aside(images, monkeypatch):
    """Between the first look and the move, the image is sent back to be made."""
    name = f"{images[0].storage_prefix}/thumb.v0.jpg"
    put(name, b"being made")
    check = identity.check

    def check_late():
        check()
        Image.objects.filter(pk=images[0].pk).update(status=Status.PENDING)

    [entry] = orphans.find_orphans(lambda key: None, older_than=NOW)
    monkeypatch.setattr(identity, "check", check_late)
    assert orphans.quarantine(entry, "quarantine/now").done == "it is in use now, and was left alone"
    assert name in stored()


def test_an_image_is_not_claimed_while_a_file_of_its_folder_is_moved(images, monkeypatch):
    put(f"{images[0].storage_prefix}/thumb.v0.jpg", b"old")
    claims, rename = [], type(image_storage()).rename

    def rename_while_somebody_asks(self, name, new):
        Image.objects.filter(pk=images[0].pk).update(status=Status.PENDING)
        claims.append(queue.claim_next())
        rename(self, name, new)

    monkeypatch.setattr(type(image_storage()), "rename", rename_while_somebody_asks)
    found(repair=True)
    assert claims == [None]
    assert queue.claim_next() is not None


def test_images_that_are_deleted_meanwhile_are_no_findings(alice, images, monkeypatch):
    """They were listed, and are gone when their rows are asked for."""
    first_look = orphans._images

    def deleted_now(folders):
        if Image.objects.exists():
            doom_images(alice, Image.objects.all())
            purge()
        return first_look(folders)

    monkeypatch.setattr(orphans, "_images", deleted_now)
    assert found(checksums=True, repair=True) == []


def test_an_upload_between_the_two_looks_is_no_finding(alice, images, monkeypatch):
    late = []
    find_defects = verify._find_defects

    def one_more_first(*args):
        late.append(made(album(alice, "Late"), 1))
        return find_defects(*args)

    monkeypatch.setattr(verify, "_find_defects", one_more_first)
    assert found(checksums=True) == []
    assert late
