"""The pages: signing up and in, sessions and their ends, mails, profile, leaving."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import tokens
from accounts.models import User
from accounts.tests.helpers import PASSWORD, codes_of, delivered, in_parallel, me, statements

pytestmark = pytest.mark.django_db

NEW = {"email": "carol@example.org", "password1": PASSWORD}
CHANGED = {"oldpassword": PASSWORD, "password1": "another one 77", "password2": "another one 77"}


def log_in(email: str, password: str = PASSWORD, client: Client | None = None) -> Any:
    return (client or Client()).post(reverse("account_login"), {"login": email, "password": password})


def is_signed_in(client: Client) -> bool:
    answer = client.get(reverse("profile"))
    assert answer.status_code in (200, 302)
    return answer.status_code == 200


# ---- Signing up and in ----------------------------------------------------------------------


def test_signing_up_signs_in_and_leads_to_the_albums(client: Client) -> None:
    answer = client.post(reverse("account_signup"), NEW | {"email": " Carol@Example.org"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("album-list"))
    assert User.objects.get().email == EmailAddress.objects.get().email == "carol@example.org"
    assert is_signed_in(client)


def test_a_taken_address_is_said_in_the_form(client: Client, alice: User) -> None:
    answer = client.post(reverse("account_signup"), NEW | {"email": "ALICE@example.org"})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == ["email"]


def test_a_weak_password_is_said_in_the_form(client: Client) -> None:
    answer = client.post(reverse("account_signup"), NEW | {"password1": "x" * 129})
    assert list(answer.context["form"].errors) == ["password1"]


@pytest.mark.django_db(transaction=True)
def test_of_parallel_sign_ups_one_wins_and_none_breaks() -> None:
    answers = in_parallel([lambda: Client().post(reverse("account_signup"), NEW)] * 6)
    assert codes_of(answers).count(302) == 1
    assert set(codes_of(answers)) - {302} <= {200, 400}
    assert User.objects.count() == 1


def test_with_verification_free_and_taken_addresses_answer_alike(alice: User, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    free, taken = [
        Client().post(reverse("account_signup"), NEW | {"email": email}) for email in (NEW["email"], alice.email)
    ]
    assert codes_of([free, taken]) == [302, 302]
    assert free["Location"] == taken["Location"] == reverse("account_email_verification_sent")
    assert {*free.headers} == {*taken.headers}
    assert {*free.cookies} == {*taken.cookies}


@pytest.mark.django_db(transaction=True)
def test_with_verification_free_and_taken_addresses_cost_the_same_statements(alice: User, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    free, taken = [
        statements(lambda: Client().post(reverse("account_signup"), NEW | {"email": email}))  # noqa: B023
        for email in (NEW["email"], alice.email)
    ]
    assert free == taken
    assert [query.split()[0] for query in free] == ["BEGIN", "INSERT", "INSERT", "COMMIT"]


@pytest.mark.parametrize("email", ("alice@example.org", "ALICE@example.org", "ａｌｉｃｅ@example.org"))
def test_signing_in(client: Client, alice: User, email: str) -> None:
    assert log_in(email, client=client)["Location"] == reverse("album-list")
    assert is_signed_in(client)


def test_what_is_wrong_with_a_log_in_is_not_told(alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False, doomed_at=timezone.now())
    answers = [
        log_in(alice.email, "wrong one 99"),
        log_in("nobody@example.org", "wrong one 99"),
        log_in(bob.email),
    ]
    assert codes_of(answers) == [200] * 3
    assert len({str(answer.context["form"].errors) for answer in answers}) == 1


def test_no_token_reaches_the_browser(client: Client, alice: User) -> None:
    answer = log_in(alice.email, client=client)
    assert set(answer.cookies) <= {"sessionid", "csrftoken", "messages", "known_browser"}
    assert answer.cookies["sessionid"]["httponly"]
    assert answer.cookies["sessionid"]["samesite"] == "Lax"
    assert not alice.api_logins.exists()


def test_a_log_in_leads_to_no_other_site(client: Client, alice: User) -> None:
    url = reverse("account_login") + "?next=https://evil.example/"
    answer = client.post(url, {"login": alice.email, "password": PASSWORD, "next": "https://evil.example/"})
    assert answer["Location"] == reverse("album-list")


# ---- The ends of a session ------------------------------------------------------------------


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def doom(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False, doomed_at=timezone.now())


@pytest.mark.parametrize("end", (deactivate, doom, User.end_logins, User.delete))
def test_it_ends_sessions_on_the_next_request(portal: Client, alice: User, end: Callable[[User], Any]) -> None:
    assert is_signed_in(portal)
    end(alice)
    assert not is_signed_in(portal)


def test_a_password_change_ends_other_sessions_and_api_logins_but_not_this_one(
    portal: Client, alice: User, pair: tokens.Pair
) -> None:
    phone = Client()
    phone.force_login(alice)
    answer = portal.post(reverse("account_change_password"), CHANGED)
    assert (answer.status_code, answer["Location"]) == (302, reverse("profile"))
    assert is_signed_in(portal)
    assert not is_signed_in(phone)
    assert me(pair.access).status_code == 401
    assert log_in(alice.email, "another one 77").status_code == 302


def test_a_password_change_needs_the_old_one(portal: Client, alice: User) -> None:
    portal.post(reverse("account_change_password"), CHANGED | {"oldpassword": "wrong one 99"})
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_logging_out_takes_a_post(portal: Client) -> None:
    portal.get(reverse("account_logout"))
    assert is_signed_in(portal)
    answer = portal.post(reverse("account_logout"))
    assert answer["Location"] == reverse("landing")
    assert answer["Clear-Site-Data"] == '"storage"'
    assert not is_signed_in(portal)


# ---- Mails ----------------------------------------------------------------------------------


def ask_for_reset(email: str, **extra: Any) -> Any:
    return Client().post(reverse("account_reset_password"), {"email": email}, **extra)


def reset_link() -> str:
    (message,) = delivered()
    (link,) = re.findall(r"http\S+/password/reset/key/\S+", message.body)
    return link.removeprefix("http://localhost:9999")


def test_known_and_unknown_addresses_get_the_same_answer_to_a_reset(alice: User) -> None:
    known, unknown = ask_for_reset(alice.email), ask_for_reset("nobody@example.org")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to for message in delivered()] == [[alice.email]]


def test_known_and_unknown_addresses_cost_a_reset_the_same_statements(alice: User) -> None:
    known, unknown = [
        statements(lambda: ask_for_reset(email))  # noqa: B023
        for email in (alice.email, "nobody@example.org")
    ]
    assert known == unknown
    assert [query.split()[0] for query in known] == ["INSERT"]


def test_a_reset_goes_to_the_mailbox_of_the_account_whatever_spelling_was_typed(alice: User) -> None:
    ask_for_reset("ＡＬＩＣＥ@example.org")
    assert [message.to for message in delivered()] == [[alice.email]]


def test_a_domain_with_ss_and_one_with_sharp_s_are_two_mailboxes(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    for email in ("carol@faß.example", "carol@fass.example"):
        assert Client().post(reverse("account_signup"), NEW | {"email": email}).status_code == 302
    stored = ["carol@xn--fa-hia.example", "carol@fass.example"]
    assert [user.email for user in User.objects.order_by("pk")] == stored
    assert [message.to for message in delivered()] == [[email] for email in stored]
    assert log_in("carol@faß.example").status_code == 302


def test_no_one_signs_up_with_a_mailbox_that_its_mails_would_miss(client: Client) -> None:
    answer = client.post(reverse("account_signup"), NEW | {"email": "weiß@example.org"})
    assert list(answer.context["form"].errors) == ["email"]


def test_links_in_mails_point_to_the_configured_site(alice: User, settings: Any) -> None:
    settings.SITE_URL = "https://pictures.example.org"
    settings.ALLOWED_HOSTS = ["*"]
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    evil = {"headers": {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}}
    ask_for_reset(alice.email, **evil)
    Client().post(reverse("account_signup"), NEW, **evil)
    Client().post(reverse("account_signup"), NEW | {"email": alice.email}, **evil)
    assert len(delivered()) == 3
    for message in delivered():
        assert "evil.example" not in message.body + message.subject
        assert "https://pictures.example.org/accounts/" in message.body


def test_a_reset_sets_the_password_once_and_ends_every_login(
    client: Client, portal: Client, alice: User, pair: tokens.Pair
) -> None:
    visitor = Client()
    ask_for_reset(alice.email)
    form = visitor.get(reset_link(), follow=True).request["PATH_INFO"]
    new = {"password1": "another one 77", "password2": "another one 77"}
    answer = visitor.post(form, new)
    assert answer["Location"] == reverse("account_reset_password_from_key_done")
    assert not is_signed_in(portal)
    assert me(pair.access).status_code == 401
    assert log_in(alice.email, "another one 77").status_code == 302
    again = Client().get(reset_link(), follow=True)
    assert again.context["token_fail"]


def test_a_reset_link_is_short_lived(alice: User, settings: Any) -> None:
    assert settings.PASSWORD_RESET_TIMEOUT <= 3600


def test_with_verification_the_link_in_the_mail_makes_the_login_work(client: Client, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    client.post(reverse("account_signup"), NEW)
    assert not is_signed_in(client)
    assert log_in(NEW["email"])["Location"] == reverse("account_email_verification_sent")
    (link,) = re.findall(r"http://localhost:9999(\S+/confirm-email/\S+)", delivered()[0].body)
    assert client.get(link).status_code == 200
    assert client.post(link).status_code == 302
    assert log_in(NEW["email"])["Location"] == reverse("album-list")


# ---- Pages ----------------------------------------------------------------------------------

PUBLIC = (
    "landing",
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
)
PRIVATE = ("profile", "profile-delete", "account_change_password")


@pytest.mark.parametrize("name", PUBLIC)
def test_anybody_sees(client: Client, name: str) -> None:
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", PRIVATE)
def test_an_anonymous_visitor_is_led_to_the_log_in(client: Client, name: str) -> None:
    answer = client.get(reverse(name))
    assert answer["Location"] == f"{reverse('account_login')}?next={reverse(name)}"
    assert client.post(reverse(name)).status_code == 302


@pytest.mark.parametrize("name", PRIVATE)
def test_alice_sees(portal: Client, name: str) -> None:
    assert portal.get(reverse(name)).status_code == 200


def test_the_landing_page_leads_alice_to_her_albums(portal: Client) -> None:
    assert portal.get(reverse("landing"))["Location"] == reverse("album-list")


def test_the_name_is_changed_on_the_profile(portal: Client, alice: User) -> None:
    assert portal.get(reverse("profile")).context["form"].initial == {"name": "Alice", "language": ""}
    answer = portal.post(reverse("profile"), {"name": " Alicia  <b> "})
    assert answer["Location"] == reverse("profile")
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["Your profile is saved."]
    alice.refresh_from_db()
    assert alice.name == "Alicia <b>"
    assert b"<b>" not in portal.get(reverse("profile")).content


def test_a_long_name_is_refused(portal: Client, alice: User) -> None:
    answer = portal.post(reverse("profile"), {"name": "x" * 101})
    assert list(answer.context["form"].errors) == ["name"]
    alice.refresh_from_db()
    assert alice.name == "Alice"


def test_leaving_takes_the_password_and_ends_everything(portal: Client, alice: User, pair: tokens.Pair) -> None:
    answer = portal.post(reverse("profile-delete"), {"password": PASSWORD})
    assert answer["Location"] == reverse("landing")
    assert b"are deleted" in portal.get(reverse("landing")).content
    assert not is_signed_in(portal)
    assert me(pair.access).status_code == 401
    assert not User.objects.living().filter(pk=alice.pk).exists()
    assert log_in(alice.email).status_code == 200


def test_without_the_password_no_account_ends(portal: Client, alice: User) -> None:
    answer = portal.post(reverse("profile-delete"), {"password": "wrong one 99"})
    assert list(answer.context["form"].errors) == ["password"]
    assert User.objects.living().filter(pk=alice.pk).exists()
    assert is_signed_in(portal)


def test_guessing_ones_way_out_is_throttled(portal: Client) -> None:
    answers = [portal.post(reverse("profile-delete"), {"password": "wrong one 99"}) for _ in range(11)]
    assert codes_of(answers) == [200] * 10 + [429]
    assert answers[-1]["Retry-After"] == "60"
