"""The admin of images and albums calls the same services as every other endpoint."""

import pytest
from django.urls import reverse
from django.utils import timezone

from albums.models import Album
from images import services
from images.models import Image, Status
from images.processing.sizes import RENDER_VERSION
from images.tests.helpers import album, received, user, work_off
from imagestore.operators.albums import AlbumAdmin
from imagestore.tests.operators.helpers import holiday_of

pytestmark = pytest.mark.django_db


def test_the_lists_show_what_an_operator_asks_for(admin):
    alice = user(name="Alice")
    _, [image, failed] = holiday_of(alice)
    work_off()
    Image.objects.filter(pk=failed.pk).update(status=Status.FAILED, error_detail="The file is cut off.")
    images = admin.get(reverse("admin:images_image_changelist")).content.decode()
    assert "The file is cut off." in images
    assert f"/media/{image.public_id}/thumb.v{RENDER_VERSION}.jpg?" in images
    albums = admin.get(reverse("admin:albums_album_changelist")).content.decode()
    assert "Iceland" in albums
    users = admin.get(reverse("admin:accounts_user_changelist")).content.decode()
    assert "alice@example.org" in users


def test_doomed_things_are_no_operators_business(admin):
    holiday, _ = holiday_of(user())
    admin.post(reverse("admin:albums_album_delete", args=[holiday.pk]), {"post": "yes"})
    for model in ("albums_album", "images_image"):
        page = admin.get(reverse(f"admin:{model}_changelist"))
        assert list(page.context["cl"].queryset) == []


def test_process_again_queues_failed_and_ready_images(admin):
    _, images = holiday_of(user())
    work_off()
    Image.objects.filter(pk=images[0].pk).update(status=Status.FAILED, attempts=2, error_code="crashed")
    chosen = {"action": "process_again", "_selected_action": [image.pk for image in images]}
    admin.post(reverse("admin:images_image_changelist"), chosen)
    assert set(Image.objects.values_list("status", "attempts", "error_code")) == {(Status.PENDING, 0, "")}
    assert work_off() == 2


@pytest.mark.parametrize("bulk", [False, True])
def test_deleting_images_takes_the_services_road(admin, bulk):
    alice = user()
    holiday, [image, other] = holiday_of(alice)
    if bulk:
        chosen = {"action": "delete_selected", "_selected_action": [image.pk], "post": "yes"}
        admin.post(reverse("admin:images_image_changelist"), chosen)
    else:
        admin.post(reverse("admin:images_image_delete", args=[image.pk]), {"post": "yes"})
    image.refresh_from_db()
    holiday.refresh_from_db()
    alice.refresh_from_db()
    assert image.status == Status.DOOMED
    assert (holiday.image_count, alice.used_bytes) == (1, other.bytes)


def test_saving_a_form_writes_only_what_changed(admin):
    holiday, [image, _] = holiday_of(user())
    page = reverse("admin:images_image_change", args=[image.pk])
    form = admin.get(page).context["adminform"].form
    Image.objects.filter(pk=image.pk).update(status=Status.READY)
    admin.post(page, {**form.initial, "name": "renamed.jpg"})
    image.refresh_from_db()
    assert (image.name, image.status) == ("renamed.jpg", Status.READY)
    page = reverse("admin:albums_album_change", args=[holiday.pk])
    Album.objects.filter(pk=holiday.pk).update(image_count=7)
    admin.post(page, {"title": "Rose\u0301", "description": ""})
    holiday.refresh_from_db()
    assert (holiday.title, holiday.image_count) == ("Ros\u00e9", 7)


def test_of_several_owners_one_after_the_other_is_locked_by_key(admin, monkeypatch):
    """So two operators who delete at once wait, and never crosswise."""
    alice, bob = user(), user("bob@example.org")
    images = [image for owner in (bob, alice, bob) for image in holiday_of(owner)[1]]
    locked = []
    monkeypatch.setattr(services, "doom_images", lambda owner, images: locked.append(owner))
    chosen = {"action": "delete_selected", "_selected_action": [image.pk for image in images], "post": "yes"}
    admin.post(reverse("admin:images_image_changelist"), chosen)
    assert locked == [alice] * 2 + [bob] * 4


@pytest.mark.parametrize("gone", [lambda rows: rows.delete(), lambda rows: rows.update(doomed_at=timezone.now())])
def test_a_form_of_what_went_meanwhile_is_not_found(admin, monkeypatch, gone):
    holiday = album(user())
    get_object = AlbumAdmin.get_object

    def got_and_gone(*args):
        row = get_object(*args)
        gone(Album.objects.filter(pk=row.pk))
        return row

    monkeypatch.setattr(AlbumAdmin, "get_object", got_and_gone)
    changed = {"title": "Renamed", "description": ""}
    assert admin.post(reverse("admin:albums_album_change", args=[holiday.pk]), changed).status_code == 404
    assert not Album.objects.filter(title="Renamed").exists()


def test_a_user_who_is_no_operator_does_not_get_in(client):
    client.force_login(user())
    assert client.get(reverse("admin:images_image_changelist")).status_code == 302


def test_a_long_name_is_cut_in_the_lists(admin):
    long = "Unbreakable" * 15
    holiday = album(user(name=long[:100]), long)
    image = received(holiday)
    Image.objects.filter(pk=image.pk).update(name=long)
    for model in ("albums_album", "images_image", "accounts_user"):
        page = admin.get(reverse(f"admin:{model}_changelist")).content.decode()
        assert f"{long[:39]}…</a>" in page or f"{long[:39]}…</td>" in page
        assert f"{long[:100]}</" not in page


@pytest.mark.parametrize(
    ("typed", "count"), [("ärger", 1), ("ARGER img", 1), ("ger", 1), ("img_2 ärger", 1), ("zzz", 0)]
)
def test_a_name_is_found_whatever_its_case_and_accents(admin, typed, count):
    image = received(album(user()), name="IMG_2 ÄRGER.jpg")
    page = admin.get(reverse("admin:images_image_changelist"), {"q": typed})
    assert list(page.context["cl"].queryset) == [image] * count
