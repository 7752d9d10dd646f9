"""The operators' ways to invite: the admin and a command."""

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation
from accounts.tests.helpers import PASSWORD
from images.tests.helpers import user

pytestmark = pytest.mark.django_db

LINK = r"http://localhost:9999(/accounts/signup/\?invitation=[\w-]{43})"


def signs_up(link: str, email: str = "carol@example.org") -> bool:
    path, token = link.split("?invitation=")
    body = {"email": email, "password1": PASSWORD, "invitation": token}
    return Client().post(path, body).status_code == 302


def run(**options: Any) -> str:
    out = StringIO()
    call_command("invite", stdout=out, **options)
    return out.getvalue()


def test_the_admin_shows_the_link_once(admin: Client, settings: Any) -> None:
    settings.SIGNUP = "invitation"
    page = admin.post(
        reverse("admin:accounts_invitation_add"),
        {"email": "", "expires_at_0": str(timezone.now().date() + timedelta(days=3)), "expires_at_1": "12:00:00"},
        follow=True,
    )
    [link] = re.findall(LINK, page.content.decode())
    again = admin.get(reverse("admin:accounts_invitation_changelist")).content.decode()
    assert ("any address" in page.content.decode(), re.findall(LINK, again)) == (True, [])
    assert signs_up(link)


def test_the_admin_withdraws_an_invitation_and_changes_none(admin: Client) -> None:
    run()
    invitation = Invitation.objects.get()
    change = reverse("admin:accounts_invitation_change", args=[invitation.pk])
    assert admin.post(change, {"email": "eve@example.org"}).status_code == 403
    assert invitation.token_hash not in admin.get(change).content.decode()
    admin.post(reverse("admin:accounts_invitation_delete", args=[invitation.pk]), {"post": "yes"})
    assert not Invitation.objects.exists()


def test_an_operator_without_the_right_invites_nobody(client: Client) -> None:
    client.force_login(user("helper@example.org", is_staff=True))
    for page in ("add", "changelist"):
        assert client.get(reverse(f"admin:accounts_invitation_{page}")).status_code == 403


def test_the_command_prints_a_link(settings: Any) -> None:
    settings.SIGNUP = "invitation"
    [link] = re.findall(f"^{LINK}$", run(email="Carol@Example.org", days=3).strip())
    invitation = Invitation.objects.get()
    assert invitation.email == "carol@example.org"
    assert timedelta(days=2.9) < invitation.expires_at - timezone.now() <= timedelta(days=3)
    assert not signs_up(link, "eve@example.org")
    assert signs_up(link)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"email": "carol"}, "valid email"),
        ({"days": 0}, "between 1 and 365"),
        ({"days": 10**9}, "between 1 and 365"),
    ],
)
def test_the_command_says_what_is_wrong(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(**options)
    assert not Invitation.objects.exists()
