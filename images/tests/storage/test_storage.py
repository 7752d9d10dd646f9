"""What every storage promises, asked of each: the local disk and a real S3 server."""

import os
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.test import RequestFactory

from images.delivery.answers import answer_with
from images.delivery.responses import as_response
from images.storage.base import CHUNK_BYTES, ImageStorage, image_storage
from images.storage.disk import DurableFileStorage
from images.storage.url import storage_from_url
from images.tests.helpers import in_staging, stored, stored_bytes
from images.tests.storage.names import NAME, ONE
from tests.seaweed import shared


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.slow)])
def storage(request, settings, tmp_path) -> ImageStorage:
    url = shared().url(f"folder/{secrets.token_hex(8)}") if request.param == "s3" else ""
    settings.STORAGES = {**settings.STORAGES, "images": storage_from_url(url, default=tmp_path / "images")}
    return image_storage()


def test_what_is_stored_can_be_read_and_is_listed(storage, store_bytes):
    store_bytes(b"one")
    assert stored_bytes(NAME) == b"one"
    [entry] = storage.listing()
    assert (entry.name, entry.size) == (NAME, 3)
    assert abs(datetime.now(UTC) - entry.modified) < timedelta(minutes=1)


def test_storing_again_replaces_the_whole_file_and_leaves_no_temporary(storage, store_bytes):
    store_bytes(b"number one")
    store_bytes(b"two")
    assert (stored(), stored_bytes(NAME)) == ({NAME}, b"two")


def test_a_new_storage_is_empty_and_answers(storage):
    assert (list(storage.listing()), storage.answers()) == ([], True)


def test_a_local_copy_has_the_bytes_and_leaves_nothing_in_staging(storage, store_bytes):
    content = os.urandom(3 * CHUNK_BYTES + 1)
    store_bytes(content)
    with storage.local_copy(NAME) as path:
        assert path.read_bytes() == content
    assert in_staging() == []


def test_a_copy_lives_on_without_its_source(storage, store_bytes):
    content = os.urandom(CHUNK_BYTES + 1)
    store_bytes(content)
    storage.copy(NAME, "f3/a1/other/original", "image/jpeg")
    assert (stored(), storage.size_of("f3/a1/other/original")) == ({NAME, "f3/a1/other/original"}, len(content))
    storage.delete_folders({ONE: None})
    assert stored_bytes("f3/a1/other/original") == content


def test_a_file_that_is_replaced_leaves_its_copy_as_it_was(storage, store_bytes):
    store_bytes(b"one")
    storage.copy(NAME, "f3/a1/other/original", "image/jpeg")
    store_bytes(b"number two")
    assert stored_bytes("f3/a1/other/original") == b"one"


def test_what_is_not_there_cannot_be_copied(storage):
    with pytest.raises(FileNotFoundError):
        storage.copy(NAME, "f3/a1/other/original", "image/jpeg")
    assert stored() == set()


def test_what_is_not_there_is_not_found(storage, store_bytes):
    store_bytes(b"one")
    with pytest.raises(FileNotFoundError), storage.local_copy(f"{ONE}/thumb.v1.jpg"):
        pass
    with pytest.raises(FileNotFoundError):
        storage.open_stored("f3/a1/other/original")


@pytest.mark.parametrize(
    "part",
    [
        range(CHUNK_BYTES * 3),
        range(1),
        range(5, 5 + CHUNK_BYTES),
        range(CHUNK_BYTES + 7, 3 * CHUNK_BYTES),
        range(3 * CHUNK_BYTES - 1, 3 * CHUNK_BYTES),
    ],
)
def test_parts_are_read_in_pieces(storage, store_bytes, part):
    content = os.urandom(3 * CHUNK_BYTES)
    store_bytes(content)
    file = storage.open_stored(NAME)
    pieces = list(file.chunks(part))
    assert (file.size, b"".join(pieces)) == (len(content), content[part.start : part.stop])
    assert max(map(len, pieces)) <= CHUNK_BYTES


@pytest.mark.parametrize(
    "name", ["../escaped", "/etc/passwd", "a/../b", "a//b", "a/.hidden", "a/b/", "", "a\nb", "A", "a\\b"]
)
def test_names_that_the_store_would_never_make_are_refused(storage, store_bytes, name):
    for act in (
        lambda: store_bytes(b"one", name),
        lambda: storage.open_stored(name),
        lambda: storage.delete_folders({name: None}),
        lambda: storage.local_copy(name).__enter__(),
    ):
        with pytest.raises(SuspiciousOperation):
            act()
    assert stored() == set()


def test_folders_go_together_and_their_neighbours_stay(storage, store_bytes):
    names = [f"aa/bb/{folder}/{file}" for folder in ("c1", "c2", "c22") for file in ("original", "thumb.v1.jpg")]
    for name in names:
        store_bytes(b"one", name)
    gone = ["aa/bb/c1", "aa/bb/c2", "aa/bb/none"]
    assert storage.delete_folders(dict.fromkeys(gone)) == {*gone}
    assert stored() == {"aa/bb/c22/original", "aa/bb/c22/thumb.v1.jpg"}


def test_folders_of_which_all_files_are_named_go_also_if_some_are_gone_already(storage, store_bytes):
    names = [f"aa/bb/{folder}/{file}" for folder in ("c1", "c2", "c3") for file in ("original", "thumb.v1.jpg")]
    for name in names[1:]:
        store_bytes(b"one", name)
    folders = {"aa/bb/c1": names[:2], "aa/bb/c2": None}
    assert storage.delete_folders(folders) == {"aa/bb/c1", "aa/bb/c2"}
    assert stored() == set(names[4:])


def test_the_listing_is_in_the_order_of_the_names_and_has_unknown_files(storage, store_bytes):
    folders = ["a1/00/ff00a1", "a0/ff/00ffa0", "a1/00/0000a1", "00/a0/ffa000"]
    names = [f"{folder}/{file}" for folder in folders for file in ("thumb.v1.jpg", "original", "large.v1.jpg")]
    for name in [*names, "marker", "a1-stranger", "a1/00.stranger"]:
        store_bytes(b"one", name)
    found = [entry.name for entry in storage.listing()]
    assert [name for name in found if name in names] == sorted(names)
    assert set(found) - set(names) == {"marker", "a1-stranger", "a1/00.stranger"}


# Closing an answer ends the request, which looks at the connections.
@pytest.mark.django_db
def test_a_file_is_there_by_its_whole_name_only(storage, store_bytes):
    store_bytes(b"one")
    assert [storage.has(name) for name in (NAME, NAME[:-1], "no/such")] == [True, False, False]


@pytest.mark.parametrize("name", [NAME, "A stranger's.txt", "f3/ä.db"])
def test_any_file_can_be_given_another_name(storage, store_bytes, name):
    storage.save(name, ContentFile(b"one"))
    storage.rename(name, f"aside/{name}")
    assert ({entry.name for entry in storage.listing()}, storage.has(name)) == ({f"aside/{name}"}, False)
    with storage.open(f"aside/{name}") as file:
        assert file.read() == b"one"


def test_what_is_not_there_cannot_be_renamed(storage, store_bytes):
    store_bytes(b"one")
    with pytest.raises(FileNotFoundError):
        storage.rename("no/such", "aside/no/such")


@pytest.mark.django_db  # the end of an answer looks after the database's connections
@pytest.mark.parametrize(
    ("method", "asked", "status", "expected"),
    [
        ("GET", None, 200, b"0123456789"),
        ("HEAD", None, 200, b""),
        ("GET", "bytes=2-4", 206, b"234"),
        ("GET", "bytes=-3", 206, b"789"),
        ("HEAD", "bytes=2-4", 206, b""),
    ],
)
def test_files_are_served_whole_and_in_parts(storage, store_bytes, method, asked, status, expected):
    store_bytes(b"0123456789")
    request = RequestFactory().generic(method, "/", headers={"Range": asked} if asked else {})
    answer = as_response(answer_with(request.META, NAME, etag="e", content_type="image/jpeg", cache="private"))
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    length = "3" if asked else "10"
    assert (answer.status_code, body, answer["Content-Length"]) == (status, expected, length)
    assert answer["Content-Type"] == "image/jpeg"
    answer.close()


@pytest.fixture
def disk(settings, tmp_path) -> DurableFileStorage:
    settings.STORAGES = {**settings.STORAGES, "images": storage_from_url("", default=tmp_path / "images")}
    storage = image_storage()
    assert isinstance(storage, DurableFileStorage)
    return storage
