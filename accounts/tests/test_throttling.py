"""Attempts are counted per account and address and per address, for page and API together, before any hash."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.core.internal.ratelimit import get_cache_key, get_rates
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import signing
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import tokens
from accounts.adapter import AccountAdapter
from accounts.models import User
from accounts.tests.helpers import PASSWORD, PER_ACCOUNT, PER_ADDRESS, delivered, fail_at_api, is_throttled, post

pytestmark = pytest.mark.django_db

# Failed log-ins in an hour per mailbox, over all addresses: so few that the tests are quick.
PER_MAILBOX = 8


@pytest.fixture(autouse=True)
def _few_failures_per_mailbox(settings: Any) -> None:
    assert settings.ACCOUNT_RATE_LIMITS["login_failed_mailbox"] == "100/h/key"
    few = {"login_failed_mailbox": f"{PER_MAILBOX}/h/key"}
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, **few}


def fail_at_portal(email: str = "alice@example.org", address: str = "192.0.2.1", **extra: Any) -> HttpResponse:
    body = {"login": email, "password": "wrong one 99"}
    return Client(REMOTE_ADDR=address).post(reverse("account_login"), body, **extra)


def log_in(email: str = "alice@example.org", address: str = "192.0.2.1") -> HttpResponse:
    return post("api-login", {"email": email, "password": PASSWORD}, Client(REMOTE_ADDR=address))


def test_an_address_is_locked_out_of_an_account(alice: User) -> None:
    answers = [fail_at_api() for _ in range(PER_ACCOUNT + 1)]
    assert [is_throttled(answer) for answer in answers] == [False] * PER_ACCOUNT + [True]
    assert answers[-1].json()["code"] == "throttled"
    assert answers[-1]["Retry-After"] == "300"


def test_the_right_password_is_throttled_too_and_not_hashed(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(PER_ACCOUNT):
        fail_at_api()
    monkeypatch.delattr(MD5PasswordHasher, "encode")
    assert is_throttled(log_in())


def test_its_owner_at_another_address_is_not(alice: User) -> None:
    for _ in range(PER_ACCOUNT + 1):
        fail_at_api()
        fail_at_portal()
    assert log_in(address="192.0.2.2").status_code == 200
    portal = Client(REMOTE_ADDR="192.0.2.3")
    body = {"login": alice.email, "password": PASSWORD}
    assert portal.post(reverse("account_login"), body).status_code == 302


def test_an_address_is_throttled_over_all_accounts(db: None) -> None:
    answers = [fail_at_api(f"user{n}@example.org") for n in range(PER_ADDRESS + 1)]
    assert [is_throttled(answer) for answer in answers] == [False] * PER_ADDRESS + [True]


def test_log_ins_of_one_address_are_limited_even_if_none_fails(alice: User) -> None:
    assert [log_in().status_code for _ in range(30)] == [200] * 30
    assert log_in()["Retry-After"] == "60"


def test_unknown_accounts_are_throttled_like_known_ones(db: None) -> None:
    answers = [fail_at_api("nobody@example.org") for _ in range(PER_ACCOUNT + 1)]
    assert is_throttled(answers[-1])


def test_another_account_is_free(alice: User, bob: User) -> None:
    for _ in range(PER_ACCOUNT):
        fail_at_api()
    assert log_in(bob.email).status_code == 200


def test_portal_and_api_share_one_counter(alice: User) -> None:
    for n in range(PER_ACCOUNT):
        (fail_at_portal if n % 2 else fail_at_api)()
    assert is_throttled(fail_at_api())
    page = fail_at_portal()
    assert b"Too many failed login attempts" in page.content


@pytest.mark.parametrize("spelling", ("ALICE@example.org", " alice@example.org", "ａｌｉｃｅ@example.org"))
def test_another_spelling_is_the_same_counter(alice: User, spelling: str) -> None:
    for _ in range(PER_ACCOUNT):
        fail_at_api()
    assert is_throttled(fail_at_api(spelling))


def test_another_host_header_is_the_same_counter(alice: User) -> None:
    for _ in range(PER_ACCOUNT):
        fail_at_api(Host="localhost")
    assert is_throttled(fail_at_api(Host="127.0.0.1"))


def test_successes_are_not_counted_as_failures_and_do_not_reset_them(alice: User) -> None:
    for _ in range(PER_ACCOUNT - 1):
        fail_at_api()
        assert log_in().status_code == 200
    assert not is_throttled(fail_at_api())
    assert is_throttled(fail_at_api())


# ---- An attack from many addresses ----------------------------------------------------------


def attack(email: str = "alice@example.org") -> list[HttpResponse]:
    """As many failures as a mailbox has from all addresses in an hour, and one more."""
    answers = [fail_at_api(email, f"198.51.100.{n}") for n in range(PER_MAILBOX + 1)]
    assert [is_throttled(answer) for answer in answers] == [False] * PER_MAILBOX + [True]
    return answers


def known_browser(user: User, **environment: str) -> Client:
    """It has logged in and out."""
    browser = Client(**environment)
    body = {"login": user.email, "password": PASSWORD}
    assert browser.post(reverse("account_login"), body).status_code == 302
    browser.post(reverse("account_logout"))
    return browser


def gets_in(browser: Client, user: User, password: str = PASSWORD) -> bool:
    """Whether the right password is taken; the answer may be a page or JSON."""
    page = browser.post(reverse("account_login"), {"login": user.email, "password": password})
    browser.post(reverse("account_logout"))
    return page.status_code == 302


def test_many_addresses_are_slowed_at_one_mailbox(alice: User) -> None:
    assert attack()[-1]["Retry-After"] == "3600"
    assert is_throttled(log_in(address="203.0.113.1"))
    assert not gets_in(Client(REMOTE_ADDR="203.0.113.2"), alice)


def test_many_addresses_are_slowed_at_a_mailbox_without_an_account(db: None) -> None:
    attack("nobody@example.org")


def test_attempts_that_an_address_has_no_more_do_not_use_the_mailboxs_up(alice: User) -> None:
    for _ in range(PER_MAILBOX + 1):
        fail_at_api()
    assert log_in(address="203.0.113.1").status_code == 200


def test_a_known_browser_gets_in_during_an_attack(alice: User) -> None:
    browser = known_browser(alice)
    attack()
    assert gets_in(browser, alice)
    assert gets_in(browser, alice)


def test_a_known_browser_gets_in_from_the_very_address_of_the_attacker(alice: User, bob: User) -> None:
    browser = known_browser(alice, REMOTE_ADDR="192.0.2.1")
    for _ in range(40):
        fail_at_api()
    assert is_throttled(fail_at_api(bob.email))
    assert gets_in(browser, alice)


def test_a_browser_is_known_to_each_of_its_mailboxes_and_to_no_other(alice: User, bob: User) -> None:
    carol = User.objects.create_user("carol@example.org", PASSWORD)
    browser = known_browser(alice)
    browser.post(reverse("account_login"), {"login": bob.email, "password": PASSWORD})
    browser.post(reverse("account_logout"))
    for user in (alice, bob, carol):
        attack(user.email)
    assert [gets_in(browser, user) for user in (alice, bob, carol)] == [True, True, False]


def test_a_known_browser_has_a_bounded_number_of_tries(alice: User) -> None:
    browser = known_browser(alice)
    body = {"login": alice.email, "password": "wrong one 99"}
    pages = [browser.post(reverse("account_login"), body) for _ in range(PER_ACCOUNT + 1)]
    assert ["Too many failed" in page.content.decode() for page in pages] == [False] * PER_ACCOUNT + [True]
    assert not gets_in(browser, alice)
    assert gets_in(Client(REMOTE_ADDR="203.0.113.1"), alice)


def end_logins(browser: Client, alice: User) -> None:
    alice.end_logins()


def change_password_elsewhere(browser: Client, alice: User) -> None:
    alice.set_password(PASSWORD + "!")
    alice.save()
    alice.set_password(PASSWORD)
    alice.save()


def forge(browser: Client, alice: User) -> None:
    name = "known_browser"
    signed = browser.cookies[name].value
    # Another character than is there: one signature in sixteen ends with A.
    browser.cookies[name] = signed[:-1] + ("B" if signed.endswith("A") else "A")


def age(browser: Client, alice: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=366)):
        browser.cookies = known_browser(alice).cookies


@pytest.mark.parametrize("forget", (end_logins, change_password_elsewhere, forge, age))
def test_it_ends_what_a_browser_is_known_by(alice: User, forget: Callable[[Client, User], None]) -> None:
    browser = known_browser(alice)
    forget(browser, alice)
    attack()
    assert not gets_in(browser, alice)


def test_a_changed_password_leaves_the_browser_known(alice: User) -> None:
    browser = known_browser(alice)
    browser.force_login(alice)
    new = {"password1": "another one 77", "password2": "another one 77"}
    browser.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **new})
    attack()
    assert gets_in(browser, alice, "another one 77")


def test_old_keys_know_browsers_while_they_are_listed(alice: User, settings: Any) -> None:
    browser = known_browser(alice)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the new key, which is also long enough"
    attack()
    assert gets_in(browser, alice)


def test_the_cookie_is_for_the_server_alone_and_shows_no_address(alice: User) -> None:
    cookie = known_browser(alice).cookies["known_browser"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 365 * 24 * 3600)
    [[mailbox, browser, state]] = signing.loads(cookie.value, salt="accounts.known_browsers")
    assert [len(mailbox), len(browser), len(state)] == [32, 32, 64]
    alice.refresh_from_db()
    assert alice.password not in cookie.value


def test_a_browser_remembers_only_so_many_mailboxes(db: None) -> None:
    browser = Client()
    for n in range(10):
        user = User.objects.create_user(f"user{n}@example.org", PASSWORD)
        assert gets_in(browser, user)
        cache.clear()
    assert len(browser.cookies["known_browser"].value) < 2048
    attack("user9@example.org")
    attack("user0@example.org")
    assert gets_in(browser, User.objects.get(email="user9@example.org"))
    assert not gets_in(browser, User.objects.get(email="user0@example.org"))


def test_a_reset_password_lets_its_owner_in_even_if_the_attack_goes_on(alice: User) -> None:
    attack()
    owner = Client()
    owner.post(reverse("account_reset_password"), {"email": alice.email})
    link = next(word for word in delivered()[0].body.split() if "/password/reset/key/" in word)
    form = owner.get(link.removeprefix("http://localhost:9999"), follow=True).request["PATH_INFO"]
    owner.post(form, {"password1": "another one 77", "password2": "another one 77"})
    body = {"email": alice.email, "password": "another one 77"}
    assert post("api-login", body, Client(REMOTE_ADDR="203.0.113.1")).status_code == 200
    cache.delete_many([key for n in range(PER_MAILBOX) for key in limits_of(f"198.51.100.{n}", alice.email)])
    attack()
    assert is_throttled(post("api-login", body, Client(REMOTE_ADDR="203.0.113.1")))
    assert gets_in(owner, alice, "another one 77")


def limits_of(address: str, email: str) -> list[str]:
    """The counters of what this address has failed."""
    request = RequestFactory(REMOTE_ADDR=address).post("/")
    return [
        get_cache_key(request, app="allauth.account", action="login_failed", rate=rate, key=f"{email} {address}")
        for rate in get_rates(app="allauth.account", action="login_failed")
    ]


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


def test_strangers_do_not_stop_a_mailbox_from_asking_for_a_reset(alice: User) -> None:
    def ask(address: str) -> int:
        return (
            Client(REMOTE_ADDR=address).post(reverse("account_reset_password"), {"email": alice.email}).status_code
        )

    assert {ask(f"198.51.100.{number}") for number in range(4) for _ in range(5)} == {302}
    assert ask("192.0.2.1") == 302


def test_strangers_do_not_use_up_the_mails_for_a_known_browser(alice: User) -> None:
    browser = Client()
    assert gets_in(browser, alice)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(11):
            Client().post(reverse("account_reset_password"), {"email": alice.email})
            delivered()
            clock.shift(timedelta(minutes=4))
        assert len(delivered()) == 10
        browser.post(reverse("account_reset_password"), {"email": alice.email})
    assert len(delivered()) == 11


def test_reads_are_not_throttled(pair: tokens.Pair) -> None:
    headers = {"Authorization": f"Bearer {pair.access}"}
    assert {Client().get(reverse("api-me"), headers=headers).status_code for _ in range(100)} == {200}
