"""Findings in the admin."""

import pytest
from django.urls import reverse

from images.models import Finding, Image
from images.tests.helpers import album, colours, lose, received, user
from images.tests.upkeep.helpers import not_seen_for
from images.upkeep import scrub

pytestmark = pytest.mark.django_db(transaction=True)


# ---- The scrub --------------------------------------------------------------------------------


@pytest.fixture
def images() -> list[Image]:
    holiday = album(user())
    return [received(holiday, content) for content in colours(4)]


# ---- Findings in the admin --------------------------------------------------------------------


def test_operators_see_findings_and_cannot_change_them(client, images):
    lose(images[0].original_file)
    not_seen_for(images[:1], days=31)
    scrub.scrub()
    client.force_login(user("root@example.org", is_staff=True, is_superuser=True))
    listed = client.get(reverse("admin:images_finding_changelist")).content.decode()
    assert "missing original" in listed
    assert images[0].original_file in listed
    assert reverse("admin:images_image_change", args=[images[0].pk]) in listed
    finding = Finding.objects.get()
    assert client.get(reverse("admin:images_finding_add")).status_code == 403
    assert client.post(reverse("admin:images_finding_change", args=[finding.pk]), {"kind": "x"}).status_code == 403
    assert (
        client.post(reverse("admin:images_finding_delete", args=[finding.pk]), {"post": "yes"}).status_code == 403
    )
    assert "Findings" in client.get(reverse("admin:index")).content.decode()
