"""Attempts are counted per account and per address, for page and API together, before any hash."""

from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts import tokens
from accounts.adapter import AccountAdapter
from accounts.models import User
from accounts.tests.helpers import PASSWORD, PER_ACCOUNT, PER_ADDRESS, fail_at_api, is_throttled, post

pytestmark = pytest.mark.django_db


def fail_at_portal(email: str = "alice@example.org", address: str = "192.0.2.1", **extra: Any) -> HttpResponse:
    body = {"login": email, "password": "wrong one 99"}
    return Client(REMOTE_ADDR=address).post(reverse("account_login"), body, **extra)


def test_an_account_is_throttled_from_all_addresses(alice: User) -> None:
    answers = [fail_at_api(address=f"192.0.2.{n}") for n in range(PER_ACCOUNT + 1)]
    assert [is_throttled(answer) for answer in answers] == [False] * PER_ACCOUNT + [True]
    assert answers[-1].json()["code"] == "throttled"
    assert answers[-1]["Retry-After"] == "300"


def test_the_right_password_is_throttled_too_and_not_hashed(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(PER_ACCOUNT):
        fail_at_api(address=f"192.0.2.{n}")
    monkeypatch.delattr(MD5PasswordHasher, "encode")
    assert is_throttled(post("api-login", {"email": alice.email, "password": PASSWORD}))


def test_an_address_is_throttled_over_all_accounts(db: None) -> None:
    answers = [fail_at_api(f"user{n}@example.org") for n in range(PER_ADDRESS + 1)]
    assert [is_throttled(answer) for answer in answers] == [False] * PER_ADDRESS + [True]


def test_unknown_accounts_are_throttled_like_known_ones(db: None) -> None:
    answers = [fail_at_api("nobody@example.org", f"192.0.2.{n}") for n in range(PER_ACCOUNT + 1)]
    assert is_throttled(answers[-1])


def test_another_account_from_another_address_is_free(alice: User, bob: User) -> None:
    for n in range(PER_ACCOUNT):
        fail_at_api(address=f"192.0.2.{n}")
    assert post("api-login", {"email": bob.email, "password": PASSWORD}).status_code == 200


def test_portal_and_api_share_one_counter(alice: User) -> None:
    for n in range(PER_ACCOUNT):
        (fail_at_portal if n % 2 else fail_at_api)(address=f"192.0.2.{n}")
    assert is_throttled(fail_at_api(address="192.0.2.99"))
    page = fail_at_portal(address="192.0.2.98")
    assert b"Too many failed login attempts" in page.content


@pytest.mark.parametrize("spelling", ("ALICE@example.org", " alice@example.org", "ａｌｉｃｅ@example.org"))
def test_another_spelling_is_the_same_counter(alice: User, spelling: str) -> None:
    for n in range(PER_ACCOUNT):
        fail_at_api(address=f"192.0.2.{n}")
    assert is_throttled(fail_at_api(spelling, "192.0.2.99"))


def test_another_host_header_is_the_same_counter(alice: User) -> None:
    for n in range(PER_ACCOUNT):
        fail_at_api(address=f"192.0.2.{n}", Host="localhost")
    assert is_throttled(fail_at_api(address="192.0.2.99", Host="127.0.0.1"))


def test_successes_are_not_counted_as_failures_and_do_not_reset_them(alice: User) -> None:
    for n in range(PER_ACCOUNT - 1):
        fail_at_api(address=f"192.0.2.{n}")
        assert post("api-login", {"email": alice.email, "password": PASSWORD}).status_code == 200
    assert not is_throttled(fail_at_api(address="192.0.2.98"))
    assert is_throttled(fail_at_api(address="192.0.2.99"))


def test_a_reset_password_lets_a_locked_out_owner_in_again(alice: User) -> None:
    for n in range(PER_ACCOUNT + 1):
        fail_at_api(address=f"192.0.2.{n}")
    owner = Client()
    owner.post(reverse("account_reset_password"), {"email": alice.email})
    link = next(word for word in mail.outbox[0].body.split() if "/password/reset/key/" in word)
    form = owner.get(link.removeprefix("http://localhost:9999"), follow=True).request["PATH_INFO"]
    owner.post(form, {"password1": "another one 77", "password2": "another one 77"})
    assert post("api-login", {"email": alice.email, "password": "another one 77"}).status_code == 200


# ---- Whose address --------------------------------------------------------------------------


def test_x_forwarded_for_does_not_reset_the_counter(db: None) -> None:
    answers = [
        fail_at_api(f"user{n}@example.org", **{"X-Forwarded-For": f"198.51.100.{n}"})
        for n in range(PER_ADDRESS + 1)
    ]
    assert [is_throttled(answer) for answer in answers] == [False] * PER_ADDRESS + [True]


def test_behind_one_proxy_the_entry_it_added_counts_and_what_the_client_wrote_does_not(
    db: None, settings: Any
) -> None:
    settings.NUM_PROXIES = 1
    answers = [
        fail_at_api(f"user{n}@example.org", "127.0.0.1", **{"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.7"})
        for n in range(PER_ADDRESS + 1)
    ]
    assert [is_throttled(answer) for answer in answers] == [False] * PER_ADDRESS + [True]
    other = fail_at_api("other@example.org", "127.0.0.1", **{"X-Forwarded-For": "203.0.113.8"})
    assert not is_throttled(other)


def test_the_addresses_of_one_ipv6_network_are_one(db: None) -> None:
    answers = [fail_at_api(f"user{n}@example.org", f"2001:db8:1:2::{n}") for n in range(PER_ADDRESS + 1)]
    assert [is_throttled(answer) for answer in answers] == [False] * PER_ADDRESS + [True]
    assert not is_throttled(fail_at_api("other@example.org", "2001:db8:1:3::1"))


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "address"),
    [
        (0, "198.51.100.1", "192.0.2.1", "192.0.2.1"),
        (1, "", "192.0.2.1", "192.0.2.1"),
        (1, "198.51.100.1, 203.0.113.7", "127.0.0.1", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7, 10.0.0.2", "127.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", "127.0.0.1", "127.0.0.1"),
        (1, "::ffff:192.0.2.9", "127.0.0.1", "192.0.2.9"),
        (1, "2001:DB8::1", "127.0.0.1", "2001:db8::1"),
        (1, "unknown", "127.0.0.1", ""),
        (0, "", "", ""),
    ],
)
def test_the_client_is_who_our_outermost_proxy_saw(
    settings: Any, proxies: int, forwarded: str, peer: str, address: str
) -> None:
    settings.NUM_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory(REMOTE_ADDR=peer).post("/", headers=headers)
    assert AccountAdapter().get_client_ip(request) == address


# ---- Other attempts -------------------------------------------------------------------------


def test_registrations_are_throttled_for_page_and_api_together(db: None) -> None:
    for n in range(20):
        body = {"email": f"user{n}@example.org", "password": "1"}
        assert post("api-register", body).status_code == 400
    answer = post("api-register", {"email": "carol@example.org", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (429, "throttled", "60")
    assert Client().post(reverse("account_signup"), {}).status_code == 429
    assert not User.objects.exists()


def test_guessing_the_password_with_a_stolen_token_is_throttled(alice: User, pair: tokens.Pair) -> None:
    headers = {"Authorization": f"Bearer {pair.access}"}
    for _ in range(10):
        assert post("api-me-delete", {"password": "wrong one 99"}, headers=headers).status_code == 400
    assert is_throttled(post("api-me-delete", {"password": PASSWORD}, headers=headers))


def test_reset_mails_to_one_address_are_throttled(alice: User) -> None:
    body = {"email": alice.email}
    answers = [Client().post(reverse("account_reset_password"), body).status_code for _ in range(6)]
    assert answers == [302] * 5 + [429]


def test_reads_are_not_throttled(pair: tokens.Pair) -> None:
    headers = {"Authorization": f"Bearer {pair.access}"}
    assert {Client().get(reverse("api-me"), headers=headers).status_code for _ in range(100)} == {200}
