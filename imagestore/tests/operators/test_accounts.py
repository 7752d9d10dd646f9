"""The operators' pages about accounts."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from accounts import tokens
from accounts.models import User
from accounts.services import retire
from accounts.tests.helpers import PASSWORD, me
from imagestore.operators.accounts import UserAdmin

pytestmark = pytest.mark.django_db

LIST = reverse("admin:accounts_user_changelist")


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root@example.org", PASSWORD))
    return client


def act(operator: Client, action: str, users: list[User], **extra: str) -> Any:
    return operator.post(LIST, {"action": action, "_selected_action": [user.pk for user in users], **extra})


def changed(user: User, **fields: Any) -> dict[str, Any]:
    """What the change form posts."""
    return {"email": user.email, "name": user.name, "is_active": "on", "quota_bytes": "", **fields}


def test_operators_sign_in_where_everybody_does() -> None:
    answer = Client().get(reverse("admin:login") + "?next=/admin/")
    assert answer["Location"] == f"{reverse('account_login')}?next=%2Fadmin%2F"
    answer = Client().post(reverse("admin:login"), {"username": "root@example.org", "password": PASSWORD})
    assert answer["Location"].startswith(reverse("account_login"))


def test_alice_is_no_operator(portal: Client, alice: User) -> None:
    assert portal.get(LIST).status_code in (302, 403)
    assert portal.get(reverse("admin:login")).status_code == 403


def test_the_list_shows_and_finds_people(operator: Client, alice: User, bob: User) -> None:
    User.objects.filter(pk=alice.pk).update(used_bytes=3_100_000, quota_bytes=5_000_000_000)
    page = operator.get(LIST, {"q": "alice"}).content.decode()
    assert "3.1 MB" in page
    assert "5 GB" in page
    assert "bob@example.org" not in page
    assert operator.get(LIST, {"q": str(bob.public_id)}).context["cl"].result_count == 1
    assert operator.get(LIST, {"is_active__exact": "1", "is_staff__exact": "1"}).context["cl"].result_count == 1


@pytest.mark.parametrize("default", [None, 200])
def test_who_is_nearly_full_is_found(operator: Client, alice: User, bob: User, settings: Any, default: int) -> None:
    settings.USER_QUOTA_BYTES = default
    User.objects.filter(pk=alice.pk).update(used_bytes=91, quota_bytes=100)
    User.objects.filter(pk=bob.pk).update(used_bytes=181)
    users = User.objects.all()
    assert {user for user in users if user.is_nearly_full} == ({alice, bob} if default else {alice})
    assert set(operator.get(LIST, {"room": "little"}).context["cl"].queryset) == set(users.nearly_full())
    assert set(users.nearly_full()) == {user for user in users if user.is_nearly_full}
    User.objects.filter(pk__in=[alice.pk, bob.pk]).update(used_bytes=90, quota_bytes=100)
    assert not users.nearly_full().exists()


def test_an_account_is_added_by_address_and_password(operator: Client) -> None:
    body = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    answer = operator.post(reverse("admin:accounts_user_add"), body | {"email": "Carol@Example.org"})
    assert answer.status_code == 302
    assert User.objects.get(email="carol@example.org").check_password(PASSWORD)
    answer = operator.post(reverse("admin:accounts_user_add"), body | {"email": "CAROL@example.org"})
    assert list(answer.context["errors"]) == [["This address has an account already."]]


def test_a_quota_is_set_and_the_used_bytes_are_not(operator: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(used_bytes=7)
    page = reverse("admin:accounts_user_change", args=[alice.pk])
    assert operator.get(page).status_code == 200
    answer = operator.post(page, changed(alice, quota_bytes="1000", used_bytes="0", token_version="9"))
    assert answer.status_code == 302
    alice.refresh_from_db()
    assert (alice.quota_bytes, alice.used_bytes, alice.token_version) == (1000, 7, 0)
    assert "1 KB" in operator.get(page).content.decode()
    assert alice.check_password(PASSWORD)


@pytest.mark.parametrize("gone", [lambda alice: alice.delete(), retire], ids=["row gone", "deleted"])
def test_a_form_of_an_account_that_went_meanwhile_is_not_found(
    operator: Client, alice: User, monkeypatch: pytest.MonkeyPatch, gone: Any
) -> None:
    get_object = UserAdmin.get_object

    def got_and_gone(*args: Any) -> Any:
        user = get_object(*args)
        gone(User.objects.get(pk=user.pk))
        return user

    monkeypatch.setattr(UserAdmin, "get_object", got_and_gone)
    page = reverse("admin:accounts_user_change", args=[alice.pk])
    assert operator.post(page, changed(alice, name="Alicia")).status_code == 404
    assert not User.objects.filter(name="Alicia").exists()


def test_a_new_address_is_the_only_one_a_reset_goes_to(operator: Client, alice: User) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    page = reverse("admin:accounts_user_change", args=[alice.pk])
    operator.post(page, changed(alice, email="Alicia@example.org"))
    alice.refresh_from_db()
    assert alice.email == "alicia@example.org"
    assert not EmailAddress.objects.filter(email="alice@example.org").exists()


def test_a_password_set_by_an_operator_ends_the_users_logins(
    operator: Client, alice: User, pair: tokens.Pair
) -> None:
    page = reverse("admin:auth_user_password_change", args=[alice.pk])
    body = {"usable_password": "true", "password1": "another one 77", "password2": "another one 77"}
    assert operator.post(page, body).status_code == 302
    assert me(pair.access).status_code == 401


def test_deactivating_ends_the_users_logins(operator: Client, alice: User, pair: tokens.Pair) -> None:
    body = changed(alice)
    del body["is_active"]
    operator.post(reverse("admin:accounts_user_change", args=[alice.pk]), body)
    assert me(pair.access).status_code == 401


def test_all_logins_of_a_user_can_be_ended(operator: Client, alice: User, pair: tokens.Pair) -> None:
    browser = Client()
    browser.force_login(alice)
    act(operator, "end_logins", [alice])
    assert me(pair.access).status_code == 401
    assert browser.get(reverse("profile")).status_code == 302


def test_deleting_one_goes_through_the_service(operator: Client, alice: User, pair: tokens.Pair) -> None:
    page = reverse("admin:accounts_user_delete", args=[alice.pk])
    assert b"alice@example.org" in operator.get(page).content
    assert operator.post(page, {"post": "yes"}).status_code == 302
    assert not User.objects.living().filter(pk=alice.pk).exists()
    assert me(pair.access).status_code == 401
    assert b"alice@example.org" not in operator.get(LIST, follow=True).content.split(b"messagelist")[0]


def test_deleting_many_goes_through_the_service(
    operator: Client, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted = []
    monkeypatch.setattr("imagestore.operators.accounts.delete_account", deleted.append)
    assert b"bob@example.org" in act(operator, "delete_selected", [alice, bob]).content
    assert act(operator, "delete_selected", [alice, bob], post="yes").status_code == 302
    # By key, so that two operators who delete at once never wait crosswise.
    assert deleted == [alice, bob]
    assert User.objects.filter(pk__in=[alice.pk, bob.pk]).count() == 2
