"""The gate of password hashing: a few at a time, a bounded queue, then 503."""

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    MD5PasswordHasher,
    PBKDF2PasswordHasher,
    check_password,
    make_password,
)
from django.test import Client
from django.urls import reverse

from accounts import tokens
from accounts.mail_links import reset_key
from accounts.models import User
from accounts.tests.helpers import PASSWORD, post
from imagestore import settings as of_production
from imagestore.kit import hashers
from imagestore.kit.hashers import GATE, Gate, served_first
from imagestore.kit.problems import Problem

ARGON2, PBKDF2 = of_production.PASSWORD_HASHERS


@pytest.fixture
def full(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    """Production's hashers, and every slot is taken until the test closes the stack; a thread waits for 10 ms."""
    settings.PASSWORD_HASHERS = of_production.PASSWORD_HASHERS
    monkeypatch.setattr(hashers, "HASH_WAIT_SECONDS", 0.01)
    with ExitStack() as slots:
        for _ in range(settings.HASH_WORKERS):
            slots.enter_context(GATE.slot())
        yield slots


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(Problem) as refused:
        call()
    return refused.value.code


def test_so_many_hash_at_once_and_no_more(settings: Any) -> None:
    settings.HASH_WORKERS, settings.THREADS = 3, 20
    gate, lock, inside, most = Gate(), threading.Lock(), 0, 0
    meet = threading.Barrier(3)

    def work(_: int) -> None:
        nonlocal inside, most
        with gate.slot():
            with lock:
                inside += 1
                most = max(most, inside)
            meet.wait(timeout=10)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(12)))
    assert (most, inside) == (3, 0)


def test_at_most_half_of_the_threads_wait(settings: Any) -> None:
    settings.HASH_WORKERS, settings.THREADS = 1, 8
    gate, all_are_there = Gate(), threading.Barrier(4)

    def work(_: int) -> str:
        try:
            with gate.slot():
                return "hashed"
        except Problem as problem:
            all_are_there.wait(timeout=10)
            return problem.code

    with ThreadPoolExecutor(8) as pool, gate.slot():
        outcomes = pool.map(work, range(7))
        all_are_there.wait(timeout=10)
    assert sorted(outcomes) == ["busy"] * 3 + ["hashed"] * 4


def test_a_known_browser_is_let_in_first_while_all_places_of_others_are_taken(settings: Any) -> None:
    settings.HASH_WORKERS, settings.THREADS = 1, 8
    gate, order = Gate(), []

    def hash_for(is_known: bool) -> None:
        served_first.set(is_known)
        with gate.slot():
            order.append(is_known)

    with ThreadPoolExecutor(5) as pool:
        with gate.slot():
            hashed = [pool.submit(contextvars.Context().run, hash_for, False) for _ in range(4)]
            wait_for(lambda: gate._waiting.total() == 4)
            assert refusal(lambda: contextvars.Context().run(hash_for, False)) == "busy"
            hashed.append(pool.submit(contextvars.Context().run, hash_for, True))
            wait_for(lambda: gate._waiting.total() == 5)
        for each in hashed:
            each.result(timeout=10)
    assert order == [True, False, False, False, False]


@pytest.mark.django_db
def test_only_a_log_in_of_a_known_browser_is_served_first(
    alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    verify = MD5PasswordHasher.verify
    monkeypatch.setattr(
        MD5PasswordHasher, "verify", lambda *args: bool(seen.append(served_first.get()) or verify(*args))
    )
    browser = Client()
    for client in (browser, browser, Client()):
        client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
        client.post(reverse("account_logout"))
    assert seen == [False, True, False]


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_wait_ends_and_its_place_is_free_again(full: ExitStack, settings: Any) -> None:
    for _ in range(settings.THREADS):
        assert refusal(lambda: make_password(PASSWORD)) == "busy"
    full.close()
    assert check_password(PASSWORD, make_password(PASSWORD))


@pytest.mark.parametrize(
    ("path", "stored"),
    [(ARGON2, Argon2PasswordHasher()), (PBKDF2, PBKDF2PasswordHasher())],
    ids=["argon2", "pbkdf2"],
)
def test_hashes_of_the_time_before_the_gate_are_checked_behind_it(
    path: str, stored: Any, full: ExitStack, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 10)
    encoded = stored.encode(PASSWORD, "0123456789abcdefghijkl")
    settings.PASSWORD_HASHERS = [path]
    assert refusal(lambda: check_password(PASSWORD, encoded)) == "busy"
    full.close()
    assert check_password(PASSWORD, encoded)
    assert not check_password("wrong one 99", encoded)


# ---- Every place that hashes ----------------------------------------------------------------

NEW = {"password1": "another one 77", "password2": "another one 77"}


def as_alice(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def of_reset(alice: User) -> Any:
    client, link = Client(), reverse("account_reset_password_from_key", kwargs=reset_key(alice))
    form = client.get(link, follow=True).request["PATH_INFO"]
    return client.post(form, NEW)


def by_operator(path: str, body: dict[str, str]) -> Any:
    operator = User(email="root@example.org", is_staff=True, is_superuser=True, password="!")
    operator.save()
    return as_alice(operator).post(path, body)


PAGES: dict[str, Callable[[User], Any]] = {
    "log in": lambda alice: Client().post(reverse("account_login"), {"login": alice.email, "password": PASSWORD}),
    "log in, unknown": lambda alice: Client().post(
        reverse("account_login"), {"login": "nobody@example.org", "password": PASSWORD}
    ),
    "sign up": lambda alice: Client().post(
        reverse("account_signup"), {"email": "carol@example.org", "password1": PASSWORD}
    ),
    "change": lambda alice: as_alice(alice).post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, **NEW}
    ),
    "reset": of_reset,
    "delete": lambda alice: as_alice(alice).post(reverse("profile-delete"), {"password": PASSWORD}),
    "admin, new user": lambda alice: by_operator(
        reverse("admin:accounts_user_add"), {"email": "carol@example.org", "usable_password": "true", **NEW}
    ),
    "admin, new password": lambda alice: by_operator(
        reverse("admin:auth_user_password_change", args=[alice.pk]), {"usable_password": "true", **NEW}
    ),
}
API: dict[str, Callable[[User], Any]] = {
    "log in": lambda alice: post("api-login", {"email": alice.email, "password": PASSWORD}),
    "log in, unknown": lambda alice: post("api-login", {"email": "nobody@example.org", "password": PASSWORD}),
    "register": lambda alice: post("api-register", {"email": "carol@example.org", "password": PASSWORD}),
    "register, taken": lambda alice: post("api-register", {"email": alice.email, "password": PASSWORD}),
    "delete": lambda alice: post(
        "api-me-delete", {"password": PASSWORD}, headers={"Authorization": f"Bearer {tokens.issue(alice).access}"}
    ),
}
VERIFICATION = pytest.mark.parametrize("verification", ("none", "mandatory"))


@VERIFICATION
@pytest.mark.parametrize("visit", PAGES.values(), ids=PAGES)
def test_a_page_that_hashes_says_that_the_store_is_busy(
    alice: User, visit: Callable[[User], Any], verification: str, full: ExitStack, settings: Any
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    page = visit(alice)
    assert (page.status_code, page["Retry-After"]) == (503, "5")
    assert b"Nothing was changed; try again shortly." in page.content
    assert list(User.objects.exclude(email="root@example.org").values_list("password")) == [(alice.password,)]


@VERIFICATION
@pytest.mark.parametrize("call", API.values(), ids=API)
def test_an_endpoint_that_hashes_says_that_the_store_is_busy(
    alice: User, call: Callable[[User], Any], verification: str, full: ExitStack, settings: Any
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    answer = call(alice)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["title"]) == ("busy", "The store is busy")
    assert User.objects.living().get() == alice


def test_an_attempt_that_was_not_looked_at_is_no_failure(alice: User, full: ExitStack, settings: Any) -> None:
    for _ in range(7):
        assert API["log in"](alice).status_code == 503
    full.close()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    assert API["log in"](alice).status_code == 200
