"""The trash in the admin."""

import pytest
from django.urls import reverse

from images.models import Image
from images.tests.helpers import made_album, trash_all, user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return user()


def test_operators_see_filter_and_restore_what_is_trashed(client, alice):
    client.force_login(user("root@example.org", is_staff=True, is_superuser=True))
    _, [image, _] = made_album(alice)
    norway, [inside, _] = made_album(alice, title="Norway")
    trash_all(image, norway)
    for name, things, all_of_them in (
        ("images_image", {image, *Image.objects.filter(album=norway)}, 4),
        ("albums_album", {norway}, 2),
    ):
        path = reverse(f"admin:{name}_changelist")
        assert client.get(path).context["cl"].result_count == all_of_them
        assert set(client.get(path, {"trash": "yes"}).context["cl"].queryset) == things
        assert client.get(path, {"trash": "no"}).context["cl"].result_count == all_of_them - len(things)
    chosen = {"action": "restore", "_selected_action": [image.pk, inside.pk]}
    page = client.post(reverse("admin:images_image_changelist"), chosen, follow=True).content.decode()
    assert "1 restored." in page
    client.post(reverse("admin:albums_album_changelist"), {"action": "restore", "_selected_action": [norway.pk]})
    assert Image.objects.owned_by(alice).count() == 4
    client.post(reverse("admin:albums_album_delete", args=[norway.pk]), {"post": "yes"})
    assert {*Image.objects.undeleted()} == {*Image.objects.exclude(album=norway)}
