"""Originals: a success answer to an upload means that they are there, also when the bytes were known."""

import pytest
from django.db import OperationalError

from accounts.services import change_name
from albums.models import Album
from albums.services import create
from images import services
from images.deletion.removal import doom_albums, doom_user, purge
from images.models import Finding, Image, Status
from images.processing import Crashed, Probed
from images.storage.base import image_storage
from images.tests.helpers import album, lose, original_bytes, put, received, staged, stored, user, work_off
from images.tests.pictures import jpeg_bytes
from images.upkeep.reconcile import reconcile
from images.uploads import probing, reception
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db

CONTENT = jpeg_bytes()


def refused(act, *args, **kwargs):
    with pytest.raises(Problem) as caught:
        act(*args, **kwargs)
    return caught.value.code


def sent_again(image):
    with staged(CONTENT) as file:
        answer = services.receive(image.album, file)
    assert (answer.image, answer.created) == (image, False)


def refused_by_silence(image, question, monkeypatch):
    """The same bytes come again while the storage does not answer this."""

    def fail(*args):
        raise OSError("no answer")

    with monkeypatch.context() as silent, staged(CONTENT) as file:
        silent.setattr(type(image_storage()), question, fail)
        assert refused(services.receive, image.album, file) == "storage_unavailable"


@pytest.fixture
def image():
    made = received(album(user()), CONTENT)
    work_off()
    return made


# ---- Put back by the same bytes -----------------------------------------------------------------


def test_an_original_that_was_lost_is_put_back(image):
    lose(image.original_file)
    sent_again(image)
    assert original_bytes(image) == CONTENT


def test_an_original_that_was_cut_is_put_back(image):
    put(image.original_file, CONTENT[:-1])
    sent_again(image)
    assert original_bytes(image) == CONTENT


def test_an_original_that_was_found_damaged_is_put_back_and_the_finding_resolved(image):
    put(image.original_file, CONTENT[:-1] + b"\0")
    Finding.objects.note(
        kind=Finding.Kind.DAMAGED_ORIGINAL, file=image.original_file, detail="", image=image.public_id
    )
    sent_again(image)
    assert original_bytes(image) == CONTENT
    assert not Finding.objects.unresolved().exists()


def test_what_failed_because_its_original_was_lost_is_made_once_it_is_sent_again(image):
    lose(image.original_file)
    services.process_again(image)
    work_off()
    image.refresh_from_db()
    assert (image.status, image.error_code) == (Status.FAILED, "damaged")
    sent_again(image)
    work_off()
    image.refresh_from_db()
    assert (image.status, original_bytes(image)) == (Status.READY, CONTENT)


def test_a_storage_that_does_not_answer_is_no_success_for_known_bytes(image, monkeypatch):
    refused_by_silence(image, "size_of", monkeypatch)


def test_the_next_try_puts_it_back_at_once(image, monkeypatch):
    lose(image.original_file)
    refused_by_silence(image, "store", monkeypatch)
    sent_again(image)
    assert original_bytes(image) == CONTENT
    assert Image.objects.get().leased_until is None


def test_what_is_put_back_while_its_image_is_deleted_for_ever_goes_with_it(image, monkeypatch):
    lose(image.original_file)
    store = type(image_storage()).store

    def store_too_late(self, *args):
        doom_albums(image.owner, Album.objects.owned_by(image.owner))
        assert purge() == 0
        store(self, *args)

    monkeypatch.setattr(type(image_storage()), "store", store_too_late)
    with staged(CONTENT) as file:
        assert refused(services.receive, image.album, file) == "not_found"
    assert stored() == set()
    assert (purge(), Image.objects.count()) == (1, 0)


def test_bytes_that_a_silent_storage_may_still_put_back_hold_a_deletion_up(image, monkeypatch):
    """It may get to work after the refusal; what it then stores goes with the row, not after it."""
    lose(image.original_file)
    refused_by_silence(image, "store", monkeypatch)
    services.delete_images(image.owner, Image.objects.filter(pk=image.pk), permanent=True)
    assert purge() == 0
    put(image.original_file, CONTENT)
    Image.objects.update(leased_until="2020-01-01T00:00Z")
    assert (purge(), stored()) == (1, set())


# ---- What happens between two steps -----------------------------------------------------------


def test_an_album_that_goes_right_after_the_success_is_a_404_and_no_500(monkeypatch):
    alice = user()
    holiday = album(alice)
    publish = reception.publish

    def publish_then_lose(image):
        publish(image)
        doom_albums(alice, Album.objects.owned_by(alice))
        purge()

    monkeypatch.setattr(reception, "publish", publish_then_lose)
    with staged() as file:
        assert refused(services.receive, holiday, file) == "not_found"
    assert stored() == set()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_fails_once_leaves_no_reception_behind(monkeypatch):
    alice = user()
    holiday = album(alice)

    def fail(image):
        raise OperationalError(2006, "server has gone away")

    monkeypatch.setattr(reception, "publish", fail)
    with staged() as file, pytest.raises(OperationalError):
        services.receive(holiday, file)
    alice.refresh_from_db()
    assert ([image.status for image in Image.objects.all()], alice.used_bytes) == ([Status.DOOMED], 0)
    purge()
    assert stored() == set()


def test_bytes_that_come_after_their_row_and_its_owner_have_gone_are_removed(monkeypatch):
    """Storing took longer than the reception's lease, and the account was deleted meanwhile."""
    alice = user()
    holiday = album(alice)
    store = type(image_storage()).store

    def store_too_late(self, *args):
        doom_user(alice)
        Image.objects.update(leased_until="2020-01-01T00:00Z")
        reconcile()
        assert not Image.objects.exists()
        store(self, *args)

    monkeypatch.setattr(type(image_storage()), "store", store_too_late)
    with staged() as file:
        assert refused(services.receive, holiday, file) == "not_found"
    assert stored() == set()


def test_no_album_is_made_in_an_account_that_ends_and_no_name_changed():
    alice = user()
    doom_user(alice)
    assert refused(create, alice, title="Late") == "not_found"
    assert refused(change_name, alice, "Late") == "not_found"
    purge()
    assert refused(create, alice, title="Later") == "not_found"


def test_a_move_to_where_the_twin_was_deleted_succeeds():
    alice = user()
    source, target = album(alice), album(alice, "Norway")
    image, twin = received(source, CONTENT), received(target, CONTENT)
    assert refused(services.move, image, target) == "duplicate"
    services.delete_images(alice, Image.objects.filter(pk=twin.pk), permanent=True)
    services.move(image, target)
    image.refresh_from_db()
    assert image.album == target


def test_a_child_that_the_machine_killed_while_it_looked_is_followed_by_another(monkeypatch):
    tries = []

    def die_once(path, limits):
        tries.append(path)
        if len(tries) == 1:
            raise Crashed("killed")
        return Probed(content_type="image/jpeg", width=1, height=1, taken=None, camera="")

    monkeypatch.setattr(probing, "probe_in_child", die_once)
    assert probing.probe("photo", 1).width == 1
    assert len(tries) == 2
