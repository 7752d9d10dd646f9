"""F18, F20: rows and storage are compared both ways, and nothing is lost by the comparing."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from images import integrity
from images.deletion.removal import doom_images
from images.integrity import Kind
from images.models import Finding, Image, Status
from images.storage import identity
from images.storage.base import image_storage
from images.storage.identity import NotOurStorage
from images.tests.helpers import (
    album,
    lose,
    original_bytes,
    put,
    stored,
    stored_bytes,
    work_off,
)
from images.tests.upkeep.helpers import found, made
from images.upkeep import orphans, verify
from images.upkeep.verify import Bits

pytestmark = pytest.mark.django_db(transaction=True)


def thumb_of(image: Image) -> str:
    return f"{image.storage_prefix}/{image.variants['thumb']['file']}"


def flipped(content: bytes) -> bytes:
    """One bit of it."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def run(*args, **options) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify", *args, stdout=out, stderr=StringIO(), **options)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


# ---- All is well ------------------------------------------------------------------------------


@pytest.mark.parametrize("checksums", [False, True])
def test_a_sound_store_has_no_findings(images, checksums):
    assert found(checksums=checksums) == []


def test_an_empty_store_is_sound(alice):
    assert found(checksums=True, repair=True) == []


def test_what_is_on_its_way_is_no_finding(alice, images):
    """A reception and a doomed image with half of their files, and sizes that are being made."""
    receiving, doomed, pending = images
    Image.objects.filter(pk=receiving.pk).update(status=Status.RECEIVING, variants={})
    doom_images(alice, Image.objects.filter(pk=doomed.pk))
    lose(doomed.original_file)
    Image.objects.filter(pk=pending.pk).update(status=Status.PENDING)
    put(f"{pending.storage_prefix}/large.v9.jpg", b"half made")
    assert found(checksums=True, repair=True) == []


def test_sizes_alone_are_asked_of_the_listing_and_of_no_file(images, monkeypatch):
    monkeypatch.setattr(integrity, "_check", None)
    assert found() == []


def test_more_images_than_one_batch(alice, monkeypatch):
    monkeypatch.setattr(orphans, "BATCH_IMAGES", 2)
    monkeypatch.setattr(verify, "BATCH_IMAGES", 2)
    monkeypatch.setattr(orphans, "FOLDER_BATCH_FILES", 2)
    images = made(album(alice), 5)
    for image in (images[0], images[4]):
        lose(image.original_file)
    assert found() == [(Kind.MISSING_ORIGINAL, image.original_file) for image in (images[0], images[4])]


def test_a_set_of_keys_takes_one_bit_each():
    keys, some = Bits(), {0, 1, 7, 8, 1_000_003}
    for key in some:
        keys.add(key)
    assert {key for key in range(1_000_100) if key in keys} == some
    assert len(keys._bytes) == 1_000_003 // 8 + 1


# ---- F18: rows without files ------------------------------------------------------------------


def test_a_missing_original_is_told_and_hurts_no_other(client, alice, images):
    gone, other, _ = images
    lose(gone.original_file)
    assert found(repair=True) == [(Kind.MISSING_ORIGINAL, gone.original_file)]
    client.force_login(alice)
    answers = [client.get(f"/api/v1/images/{image.public_id}/file/") for image in (gone, other)]
    assert [answer.status_code for answer in answers] == [404, 200]
    assert b"".join(answers[1].streaming_content) == original_bytes(other)
    gone.refresh_from_db()
    assert gone.status == Status.READY


def test_an_image_without_any_file_is_told(images):
    gone = images[1]
    for name in stored():
        if name.startswith(gone.storage_prefix):
            lose(name)
    kinds = [kind for kind, _ in found()]
    assert kinds == [
        Kind.MISSING_ORIGINAL,
        *[Kind.MISSING_VARIANT] * len({v["file"] for v in gone.variants.values()}),
    ]


def test_images_in_the_trash_are_proved_too(images):
    Image.objects.update(trashed_at="2026-01-01T00:00:00Z")
    lose(images[0].original_file)
    assert found() == [(Kind.MISSING_ORIGINAL, images[0].original_file)]


def test_missing_sizes_are_made_again_and_stay_visible_until_then(images):
    image = images[0]
    lose(thumb_of(image))
    assert found() == [(Kind.MISSING_VARIANT, thumb_of(image))]
    assert found(repair=True) == [(Kind.MISSING_VARIANT, thumb_of(image))]
    again = Image.objects.get(pk=image.pk)
    assert (again.status, again.variants) == (Status.PENDING, image.variants)
    work_off()
    assert found(checksums=True) == []


def test_nothing_is_made_from_an_original_that_is_damaged(images):
    image = images[0]
    lose(thumb_of(image))
    put(image.original_file, flipped(original_bytes(image)))
    [(kind, _)] = found(repair=True)
    assert kind == Kind.MISSING_VARIANT
    image.refresh_from_db()
    assert image.status == Status.READY


# ---- F20: other bytes -------------------------------------------------------------------------


def test_a_flipped_bit_in_an_original_is_told_and_never_touched(images):
    image = images[1]
    rotten = flipped(original_bytes(image))
    put(image.original_file, rotten)
    assert found() == []
    assert found(checksums=True, repair=True) == [(Kind.DAMAGED_ORIGINAL, image.original_file)]
    assert original_bytes(image) == rotten


def test_a_flipped_bit_in_a_size_is_found_and_the_size_made_again(images):
    image = images[2]
    sound = stored_bytes(thumb_of(image))
    put(thumb_of(image), flipped(sound))
    assert found() == []
    assert found(checksums=True, repair=True) == [(Kind.DAMAGED_VARIANT, thumb_of(image))]
    work_off()
    assert stored_bytes(thumb_of(image)) == sound


def test_a_file_that_was_cut_is_found_by_its_size(images):
    put(images[0].original_file, original_bytes(images[0])[:-1])
    assert found() == [(Kind.DAMAGED_ORIGINAL, images[0].original_file)]


def test_a_file_that_cannot_be_read_is_a_finding_of_its_own(images, monkeypatch):
    unreadable, open_stored = images[1].original_file, type(image_storage()).open_stored

    def bad_sector(self, name):
        if name == unreadable:
            raise OSError(5, "Input/output error")
        return open_stored(self, name)

    monkeypatch.setattr(type(image_storage()), "open_stored", bad_sector)
    assert found(checksums=True) == [(Kind.DAMAGED_ORIGINAL, unreadable)]


# ---- Storages that are not what they seem -----------------------------------------------------


def test_a_storage_without_marker_is_not_compared(images):
    lose(identity.NAME)
    with pytest.raises(NotOurStorage):
        found()
    assert not Finding.objects.exists()


def test_a_storage_that_goes_away_in_the_middle_is_no_loss(images, monkeypatch):
    find_defects = verify._find_defects

    def empty_first(*args):
        for name in [*stored(), identity.NAME]:
            lose(name)
        return find_defects(*args)

    monkeypatch.setattr(verify, "_find_defects", empty_first)
    with pytest.raises(NotOurStorage):
        found(checksums=True, repair=True)
    assert not Finding.objects.exists()


def test_nothing_is_put_aside_in_a_storage_that_looks_empty(images):
    for name in stored():
        lose(name)
    put("stranger.txt", b"mine")
    with pytest.raises(NotOurStorage):
        found(repair=True)
    assert stored() == {"stranger.txt"}


# ---- What operators see -----------------------------------------------------------------------


def test_the_command_says_all_is_well_with_code_0(images):
    assert run("--checksums") == (0, "Everything is as it should be.\n")


def test_the_command_gives_a_line_for_each_finding_and_code_1(images):
    lose(thumb_of(images[0]))
    put("line\nbreak", b"mine")
    code, said = run("--older-than", "0")
    unknown, missing = said.splitlines()
    assert (code, missing) == (1, f"missing variant: {thumb_of(images[0])}")
    assert unknown.startswith("unknown file: line\\nbreak (4 bytes, of ")


def test_the_command_that_cannot_tell_ends_with_code_2(images):
    lose(identity.NAME)
    with pytest.raises(CommandError, match="Is the disk mounted") as stopped:
        run()
    assert stopped.value.returncode == 2


def test_findings_are_kept_until_they_are_resolved(images):
    name = thumb_of(images[0])
    lose(name)
    put(images[1].original_file, flipped(original_bytes(images[1])))
    found(checksums=True)
    found(checksums=True, repair=True)
    kept = Finding.objects.unresolved().values_list("kind", "file", "image")
    expected = {
        (Kind.MISSING_VARIANT, name, images[0].public_id),
        (Kind.DAMAGED_ORIGINAL, images[1].original_file, images[1].public_id),
    }
    assert (set(kept), len(kept)) == (expected, 2)
    work_off()
    found()
    assert [finding.kind for finding in Finding.objects.unresolved()] == [Kind.DAMAGED_ORIGINAL]
    put(images[1].original_file, flipped(original_bytes(images[1])))
    found(checksums=True)
    assert not Finding.objects.unresolved().exists()
    assert Finding.objects.count() == 2
