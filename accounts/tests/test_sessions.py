"""Sessions and API logins of one user are counted; expired ones go."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.sessions.models import Session as DjangoSession
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import sessions, tokens
from accounts.models import ApiLogin, Session, User
from accounts.tests.helpers import PASSWORD, in_parallel, me
from imagestore.kit import batches

pytestmark = pytest.mark.django_db


def log_in(user: User) -> Client:
    browser = Client(REMOTE_ADDR=f"198.51.100.{Session.objects.count()}")
    browser.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get(reverse("profile")).status_code == 200


def test_a_session_names_its_user(alice: User) -> None:
    browser = log_in(alice)
    assert Session.objects.get().user == alice
    browser.post(reverse("account_logout"))
    assert not alice.sessions.exists()


def test_a_new_session_ends_the_oldest(alice: User, bob: User, settings: Any) -> None:
    settings.MAX_LOGINS = 3
    other = log_in(bob)
    browsers = []
    for hour in range(5):
        with time_machine.travel(timezone.now() + timedelta(hours=hour)):
            browsers.append(log_in(alice))
    assert [is_signed_in(browser) for browser in browsers] == [False, False, True, True, True]
    assert is_signed_in(other)
    assert alice.sessions.count() == 3


def test_a_new_login_by_the_api_ends_the_oldest(alice: User, bob: User, settings: Any) -> None:
    settings.MAX_LOGINS = 3
    other = tokens.issue(bob)
    pairs = [tokens.issue(alice) for _ in range(5)]
    assert [me(pair.access).status_code for pair in pairs] == [401, 401, 200, 200, 200]
    assert me(other.access).status_code == 200


def test_a_refreshed_login_is_no_new_one(alice: User, settings: Any) -> None:
    settings.MAX_LOGINS = 2
    first, second = tokens.issue(alice), tokens.issue(alice)
    for _ in range(3):
        second = tokens.rotate(second.refresh)
    assert [me(pair.access).status_code for pair in (first, second)] == [200, 200]


@pytest.mark.django_db(transaction=True)
def test_logins_at_once_do_not_pass_the_limit_together(alice: User, settings: Any) -> None:
    settings.MAX_LOGINS = 2
    in_parallel([lambda: tokens.issue(alice)] * 6 + [lambda: log_in(alice)] * 6)
    assert (alice.api_logins.count(), alice.sessions.count()) == (2, 2)


def test_fifty_is_the_limit(settings: Any) -> None:
    assert settings.MAX_LOGINS == 50


def test_sessions_go_with_their_user(alice: User) -> None:
    log_in(alice)
    alice.delete()
    assert not Session.objects.exists()


# ---- What has expired -----------------------------------------------------------------------


def rows(model: Any, **ages_in_days: int) -> None:
    """A session for each name; an age below 0 is still to come."""
    now = timezone.now()
    for key, days in ages_in_days.items():
        model.objects.create(session_key=key, session_data="", expire_date=now - timedelta(days=days))


def test_expired_sessions_are_forgotten_and_living_ones_stay(db: None) -> None:
    for model in (Session, DjangoSession):
        rows(model, old=1, older=20, living=-1)
    assert sessions.forget_expired_sessions() == 4
    assert [model.objects.get().session_key for model in (Session, DjangoSession)] == ["living"] * 2
    assert sessions.forget_expired_sessions() == 0


def test_many_are_forgotten_in_batches_and_over_several_runs(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "DELETE_BATCH_ROWS", 4)
    monkeypatch.setattr(batches, "DELETE_CALL_ROWS", 8)
    rows(Session, **{f"s{n}": 1 for n in range(10)})
    for _ in range(10):
        tokens.issue(alice)
    ApiLogin.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert [sessions.forget_expired_sessions(), tokens.forget_expired_logins()] == [8, 8]
    assert [sessions.forget_expired_sessions(), tokens.forget_expired_logins()] == [2, 2]


def test_sessions_of_the_version_before_go_on(alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    row = Session.objects.get()
    DjangoSession.objects.create(
        session_key=row.session_key, session_data=row.session_data, expire_date=row.expire_date
    )
    rows(DjangoSession, ended=1)
    Session.objects.all().delete()
    assert not is_signed_in(browser)
    import_module("accounts.migrations.0004_sessions_go_on").copy(apps, None)
    browser.cookies["sessionid"] = row.session_key
    assert is_signed_in(browser)
    assert Session.objects.get().session_key == row.session_key
