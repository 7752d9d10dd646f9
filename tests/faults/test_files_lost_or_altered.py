"""F18, F19, F20: files of a running store are lost, altered, or nobody's; on disk, or in a bucket."""

import io
import json
import threading
import zipfile
from collections.abc import Callable

import pytest
import requests

from tests.faults.invariants import check, images_of, prefix_of, settle
from tests.faults.recording_user import RecordingUser
from tests.faults.stops.stop_points import RECEIVING, RENDERING, Step
from tests.faults.store import Store, wait_for

STRANGERS = ["notes from me.txt", "f3/a1/0123456789abcdef0123456789aba1f3/original"]


def flipped(content: bytes) -> bytes:
    """One bit of it."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def original_of(image: str) -> str:
    return f"{prefix_of(image)}/original"


def thumb_of(store: Store, image: str) -> str:
    return f"{prefix_of(image)}/{json.loads(images_of(store)[image]['variants'])['thumb']['file']}"


def verify(store: Store, *options: str) -> list[str]:
    """What `manage.py verify` says is wrong, by lines; it ends with 1 when anything is."""
    code, said = store.operator("manage", "verify", "--older-than=0", *options)
    assert code in (0, 1), said
    return said.splitlines() if code else []


def in_admin(store: Store) -> str:
    """The page of findings, as a browser shows it to an operator."""
    operator = RecordingUser.sign_up(store, "operator")
    assert store.operator("make_operator", operator.email) == 1
    page = operator.portal().get(f"{operator.base}/admin/images/finding/", timeout=20)
    assert page.status_code == 200
    return page.text


def file_of(person: RecordingUser, image: str, size: str = "") -> bytes | int:
    """Its bytes, or the status that says why not."""
    answer = person.get(f"images/{image}/file/{size and f'?size={size}'}")
    return answer.content if answer.status_code == 200 else answer.status_code


@pytest.fixture
def images(store: Store, alice: RecordingUser) -> list[str]:
    """Two of alice's that are ready."""
    album = alice.album()
    made = [alice.store_image(album), alice.store_image(album)]
    settle(store)
    return made


# ---- F18: rows without files ----------------------------------------------------------------


def test_a_lost_original_is_told_hurts_no_other_and_is_well_when_it_is_back(
    store: Store, alice: RecordingUser, images: list[str]
) -> None:
    lost, other = images
    name, content = original_of(lost), alice.record.stored[lost].content
    store.files.remove(name)
    assert file_of(alice, lost) == 404
    assert isinstance(file_of(alice, lost, "thumb"), bytes)
    assert file_of(alice, other) == alice.record.stored[other].content
    [line] = verify(store, "--repair")
    assert line.startswith(f"missing original: {name}")
    assert name in in_admin(store)
    store.files.write(name, content)
    assert file_of(alice, lost) == content
    assert verify(store) == []
    assert name not in in_admin(store)
    check(store, alice)


def test_a_lost_size_is_made_again(store: Store, alice: RecordingUser, images: list[str]) -> None:
    """By the running server, once `verify --repair` has sent its image back to the queue."""
    name = thumb_of(store, images[0])
    before = store.files.read(name)
    store.files.remove(name)
    assert file_of(alice, images[0], "thumb") == 404
    [line] = verify(store, "--repair")
    assert line.startswith(f"missing variant: {name}")
    wait_for(lambda: name in store.names(), "the size to be made")
    assert store.files.read(name) == before
    assert verify(store, "--checksums") == []
    check(store, alice)


# ---- F20: other bytes -----------------------------------------------------------------------


def test_flipped_bits_are_found_by_checksums_and_mended_from_what_is_sound(
    store: Store, alice: RecordingUser, images: list[str]
) -> None:
    """A size from its original; an original from the copy that somebody has, never by the store."""
    original, thumb = original_of(images[0]), thumb_of(store, images[1])
    sound = store.files.read(thumb)
    for name in (original, thumb):
        store.files.change(name, flipped)
    rotten = store.files.read(original)
    assert verify(store) == []
    found = verify(store, "--checksums", "--repair")
    assert {line.split(" (")[0] for line in found} == {f"damaged original: {original}", f"damaged variant: {thumb}"}
    wait_for(lambda: store.files.read(thumb) == sound, "the size to be made")
    assert store.files.read(original) == rotten
    settle(store)
    assert len(verify(store, "--checksums", "--repair")) == 1
    assert original in in_admin(store)
    store.files.write(original, alice.record.stored[images[0]].content)
    assert verify(store, "--checksums") == []
    assert original not in in_admin(store)
    check(store, alice)


# ---- F19: files without rows ----------------------------------------------------------------


@pytest.mark.parametrize("name", STRANGERS)
def test_a_file_without_a_row_is_put_aside_once_it_is_old_enough(
    store: Store, alice: RecordingUser, images: list[str], name: str
) -> None:
    before = store.files.names_in_quarantine()
    store.files.write(name, b"mine")
    assert verify(store, "--repair", "--older-than=1") == []
    assert name in store.names()
    [line] = verify(store, "--repair")
    assert line.startswith(f"unknown file: {name}")
    [aside] = store.files.names_in_quarantine() - before
    assert (aside.endswith(f"/{name}"), store.files.read(aside)) == (True, b"mine")
    assert verify(store, "--repair") == []
    check(store, alice)


def meanwhile(store: Store, step: Step, upload: Callable[[], object], done: Callable[[], None]) -> None:
    """An upload, or the making of its sizes, waits there while this is done."""
    store.arm(step, "pause")
    sending = threading.Thread(target=upload)
    sending.start()
    try:
        store.wait_for_hit()
        done()
    finally:
        store.go_on()
        sending.join()


@pytest.mark.parametrize("step", [RECEIVING[4], RECEIVING[6], RENDERING[3], RENDERING[4]], ids=str)
def test_what_is_on_its_way_is_never_put_aside_or_swept(
    store: Store, alice: RecordingUser, images: list[str], step: Step
) -> None:
    """Files that no committed row names yet, however young a stranger may be."""
    album, before = alice.album(), store.files.names_in_quarantine()

    def repaired() -> None:
        assert verify(store, "--checksums", "--repair") == []
        store.operator("reconcile", 0)

    meanwhile(store, step, lambda: alice.store_image(album), repaired)
    assert len(alice.images_stored_in(album)) == 1
    assert store.files.names_in_quarantine() == before
    check(store, alice)


def test_an_upload_that_outlives_its_lease_is_refused_as_a_whole(
    store: Store, alice: RecordingUser, images: list[str]
) -> None:
    """Its bytes are stored, and the reaper takes it for dead: no success, no file; sent again, it is one image."""
    album = alice.album()

    def reaped() -> None:
        store.operator("expire_leases")
        store.operator("reconcile")
        assert verify(store, "--repair") == []

    answers: list = []
    meanwhile(store, RECEIVING[6], lambda: answers.append(alice.send(album)), reaped)
    assert (answers[0].status_code, answers[0].json()["code"]) == (503, "storage_unavailable")
    assert (alice.images(album), verify(store)) == ([], [])
    check(store, alice)
    assert len(alice.images(album)) == 1


@pytest.mark.parametrize("how", [None, flipped, lambda content: content[:-1]], ids=["lost", "altered", "cut"])
def test_an_album_with_a_broken_file_is_never_downloaded_as_if_it_were_whole(
    store: Store, alice: RecordingUser, images: list[str], how: Callable[[bytes], bytes] | None
) -> None:
    """The connection ends early. The thread and the server go on."""
    album = alice.get(f"images/{images[0]}/").json()["album"]
    name = original_of(images[1])
    content = store.files.read(name)
    store.files.change(name, how) if how else store.files.remove(name)
    try:
        with pytest.raises(requests.RequestException):
            alice.get(f"albums/{album}/archive/")
    finally:
        store.files.write(name, content)
    whole = alice.get(f"albums/{album}/archive/")
    assert whole.status_code == 200
    with zipfile.ZipFile(io.BytesIO(whole.content)) as opened:
        assert opened.testzip() is None
        assert len(opened.namelist()) == 2
    check(store, alice)
