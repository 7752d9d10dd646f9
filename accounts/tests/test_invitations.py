"""Who may sign up: open, by invitation, closed; on page and API alike."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import invitations
from accounts.models import Invitation, User
from accounts.tests.helpers import PASSWORD, codes_of, in_parallel, post

pytestmark = pytest.mark.django_db

CAROL = "carol@example.org"


@pytest.fixture
def by_invitation(settings: Any) -> None:
    settings.SIGNUP = "invitation"


@pytest.fixture
def closed(settings: Any) -> None:
    settings.SIGNUP = "closed"


def invite(email: str = "", days: int = 7) -> str:
    """The token of a new link."""
    link = invitations.issue(Invitation(email=email, expires_at=timezone.now() + timedelta(days=days)))
    [token] = parse_qs(urlsplit(link).query)["invitation"]
    return token


def register(token: str | None = None, email: str = CAROL) -> HttpResponse:
    body = {"email": email, "password": PASSWORD}
    return post("api-register", body if token is None else {**body, "invitation": token})


def sign_up(token: str = "", email: str = CAROL) -> HttpResponse:
    body = {"email": email, "password1": PASSWORD, "invitation": token}
    return Client().post(reverse("account_signup"), body)


def assert_refused(answer: HttpResponse, sentence: str) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["detail"]) == (400, "invalid", sentence)
    assert problem["errors"] == {"invitation": [sentence]}
    assert not User.objects.filter(email=CAROL).exists()


# ---- Closed ---------------------------------------------------------------------------------


def test_a_closed_store_takes_no_account_even_with_an_invitation(closed: None) -> None:
    token = invite()
    for answer in (register(), register(token)):
        assert_refused(answer, "This store takes no new accounts. Ask its operator for one.")
    for page in (sign_up(), sign_up(token), Client().get(reverse("account_signup"))):
        assert (page.status_code, b"Sign-up is closed" in page.content) == (200, True)
    assert not User.objects.exists()


@pytest.mark.parametrize("page", ("landing", "account_login", "account_reset_password"))
@pytest.mark.parametrize("signup", ("open", "invitation", "closed"))
def test_pages_show_the_way_to_the_sign_up_only_where_it_is_open(page: str, signup: str, settings: Any) -> None:
    settings.SIGNUP = signup
    html = Client().get(reverse(page)).content.decode()
    assert (reverse("account_signup") in html) == (signup == "open")
    assert reverse("account_login") in html


# ---- By invitation --------------------------------------------------------------------------


def test_the_token_is_not_in_the_database() -> None:
    token = invite()
    assert len(token) == 43
    assert token not in str(Invitation.objects.values())


def test_an_invitation_makes_one_account_over_the_api(by_invitation: None) -> None:
    token = invite()
    assert register(token).status_code == 201
    assert not Invitation.objects.exists()
    answer = register(token, "dave@example.org")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["invitation"])
    assert User.objects.count() == 1


def test_an_invitation_makes_one_account_on_the_page(by_invitation: None) -> None:
    token = invite()
    guest = Client()
    page = guest.get(reverse("account_signup") + f"?invitation={token}")
    assert page.context["form"]["invitation"].value() == token
    assert b'type="hidden" name="invitation"' in page.content
    assert sign_up(token).status_code == 302
    page = sign_up(token, "dave@example.org")
    assert b"Sign-up is closed" in page.content
    assert User.objects.get().email == CAROL


@pytest.mark.parametrize("token", ("", "x", "é" * 64))
def test_without_an_invitation_no_account_is_made(by_invitation: None, token: str) -> None:
    invite()
    assert_refused(register(token), invitations.NOT_INVITED)
    assert_refused(register(), invitations.NOT_INVITED)
    assert b"Sign-up is closed" in sign_up(token).content
    assert Invitation.objects.count() == 1


def test_a_longer_token_is_refused_unread(by_invitation: None) -> None:
    assert register(invite() + "x" * 64).json()["errors"]["invitation"] == [
        "Ensure this field has no more than 64 characters."
    ]


def test_an_invitation_for_one_address_is_for_no_other(by_invitation: None) -> None:
    token = invite("CAROL@example.org")
    answer = register(token, "dave@example.org")
    assert answer.json()["errors"] == {"invitation": [invitations.NOT_INVITED]}
    page = sign_up(token, "dave@example.org")
    assert page.context["form"].non_field_errors() == [invitations.NOT_INVITED]
    assert register(token).status_code == 201


def test_an_invitation_ends(by_invitation: None) -> None:
    token = invite(days=2)
    with time_machine.travel(timezone.now() + timedelta(days=2, seconds=1)):
        assert_refused(register(token), invitations.NOT_INVITED)
        assert b"Sign-up is closed" in sign_up(token).content
        invite()
        assert invitations.forget_expired_invitations() == 1
    assert Invitation.objects.count() == 1


def test_a_sign_up_that_fails_leaves_the_invitation(by_invitation: None, alice: User) -> None:
    token = invite()
    assert list(register(token, alice.email).json()["errors"]) == ["email"]
    assert post("api-register", {"email": CAROL, "password": "1", "invitation": token}).json()["errors"].keys() == {
        "password"
    }
    assert register(token).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_parallel_sign_ups_with_one_invitation_one_succeeds(by_invitation: None) -> None:
    token = invite()
    calls = [lambda n=n: register(token, f"user{n}@example.org") for n in range(4)]
    calls += [lambda n=n: sign_up(token, f"guest{n}@example.org") for n in range(4)]
    codes = codes_of(in_parallel(calls))
    assert len({201, 302} & set(codes)) == codes.count(201) + codes.count(302) == 1
    assert set(codes) <= {200, 201, 302, 400}
    assert User.objects.count() == 1


def test_an_open_store_needs_no_invitation_and_uses_none_up(settings: Any) -> None:
    token = invite()
    assert register(token).status_code == 201
    assert sign_up(email="dave@example.org").status_code == 302
    assert Invitation.objects.count() == 1
