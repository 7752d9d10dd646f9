"""Sign-up, log-in and the signed-in user over HTTP."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts import tokens
from accounts.models import User
from accounts.tests.helpers import PASSWORD, SPELLINGS, delivered, in_parallel, me, post, statements

pytestmark = pytest.mark.django_db

NEW = {"email": "carol@example.org", "password": "correct horse 9"}


def errors(answer: HttpResponse) -> list[str]:
    """The fields a 400 `invalid` complains about."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "invalid")
    assert answer["Content-Type"] == "application/problem+json"
    assert all(problem["errors"].values())
    return list(problem["errors"])


# ---- Sign-up --------------------------------------------------------------------------------


def test_registering_logs_in() -> None:
    answer = post("api-register", NEW | {"name": "  Carol\r\n  C. "})
    assert answer.status_code == 201
    body = answer.json()
    user = User.objects.get()
    assert body["user"] == {
        "id": str(user.public_id),
        "email": "carol@example.org",
        "name": "Carol C.",
        "created_at": user.created_at.isoformat().replace("+00:00", "Z"),
        "quota": {"limit": 10 * 1024**3, "used": 0},
    }
    assert me(body["access"]).json() == body["user"]
    assert delivered() == []


@pytest.mark.parametrize(
    "email",
    ("", "carol", "carol@", "@example.org", "a@b", "c\0@example.org", "\ud800@x.org", "weiß@example.org", 7),
)
def test_what_is_no_address_is_refused(email: Any) -> None:
    assert errors(post("api-register", NEW | {"email": email})) == ["email"]


@pytest.mark.parametrize(
    "password", ("", "1234567", "password1", "87654321", "x" * 129, "carol@example.org", "a\0bcdefghij", None)
)
def test_bad_passwords_are_refused(password: Any) -> None:
    assert errors(post("api-register", NEW | {"password": password})) == ["password"]
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "password", ("fish8ing", " spaces at both ends ", "пароль и ещё", "🦊🦊🦊🦊🦊🦊🦊🦊", "yx" * 64)
)
def test_passwords_of_8_to_128_characters_of_any_kind_work_as_typed(password: str) -> None:
    assert post("api-register", NEW | {"password": password}).status_code == 201
    assert post("api-login", NEW | {"password": password}).status_code == 200
    assert post("api-login", NEW | {"password": password[:-1]}).status_code == 401


def test_missing_fields_are_named() -> None:
    assert errors(post("api-register", {})) == ["email", "password"]


def test_fields_of_the_row_cannot_be_registered() -> None:
    extra = {
        "id": "0" * 32, "is_staff": True, "is_superuser": True, "used_bytes": -1, "quota_bytes": 1,
        "token_version": 9, "quota": {"limit": 1}, "is_active": False, "created_at": "2000-01-01T00:00:00Z",
    }  # fmt: skip
    assert post("api-register", NEW | extra).status_code == 201
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)
    assert (user.used_bytes, user.quota_bytes, user.token_version) == (0, None, 0)
    assert str(user.public_id) != "0" * 32
    assert user.created_at.year > 2000


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_of_a_taken_address_is_taken(spelling: str) -> None:
    User.objects.create_user("ali@example.org", PASSWORD)
    assert errors(post("api-register", NEW | {"email": spelling})) == ["email"]


@pytest.mark.django_db(transaction=True)
def test_of_parallel_registrations_of_one_address_exactly_one_wins() -> None:
    answers = in_parallel(
        [lambda spelling=spelling: post("api-register", NEW | {"email": spelling}) for spelling in SPELLINGS]
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 7
    assert [errors(answer) for answer in answers if answer.status_code == 400] == [["email"]] * 7
    assert [user.email for user in User.objects.all()] == ["ali@example.org"]
    assert [row.email for row in EmailAddress.objects.all()] == ["ali@example.org"]


# ---- Sign-up with mandatory verification ----------------------------------------------------


@pytest.fixture
def mandatory(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def test_with_verification_free_and_taken_addresses_answer_alike(mandatory: None, alice: User) -> None:
    free, taken = post("api-register", NEW), post("api-register", NEW | {"email": "ALICE@example.org"})
    assert (free.status_code, free.json()) == (taken.status_code, taken.json()) == (202, {})
    assert {*free.headers} == {*taken.headers}
    assert not free.cookies
    assert not taken.cookies
    to_carol, to_alice = delivered()
    assert (to_carol.to, to_alice.to) == (["carol@example.org"], ["alice@example.org"])
    assert "/accounts/confirm-email/" in to_carol.body
    assert "/accounts/password/reset/" in to_alice.body
    assert not User.objects.get(pk=alice.pk).check_password(NEW["password"] + "x")


@pytest.mark.django_db(transaction=True)
def test_with_verification_free_and_taken_addresses_cost_the_same_statements(mandatory: None, alice: User) -> None:
    free, taken = [
        statements(lambda: post("api-register", NEW | {"email": email}))  # noqa: B023
        for email in (NEW["email"], alice.email)
    ]
    assert free == taken
    assert [query.split()[0] for query in free] == ["BEGIN", "INSERT", "INSERT", "COMMIT"]


def test_with_verification_taken_addresses_cost_a_hash_too(
    mandatory: None, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    monkeypatch.setattr(User, "set_password", lambda user, password: hashed.append(user.email))
    post("api-register", NEW | {"email": alice.email})
    assert hashed == [alice.email]


def test_with_verification_a_weak_password_is_400_whether_or_not_the_address_is_taken(
    mandatory: None, alice: User
) -> None:
    for email in (alice.email, NEW["email"]):
        assert errors(post("api-register", {"email": email, "password": "1234"})) == ["password"]


def test_with_verification_a_login_works_only_after_the_link_was_followed(mandatory: None) -> None:
    post("api-register", NEW)
    refused = post("api-login", NEW)
    wrong = post("api-login", NEW | {"password": "wrong one 99"})
    assert (refused.status_code, refused.json()) == (wrong.status_code, wrong.json())
    assert refused.json()["code"] == "invalid_credentials"
    link = next(word for word in delivered()[0].body.split() if "/confirm-email/" in word)
    Client().post(link.removeprefix("http://localhost:9999"))
    assert post("api-login", NEW).status_code == 200


def test_one_mailbox_is_not_flooded(mandatory: None, alice: User) -> None:
    for _ in range(5):
        assert post("api-register", NEW | {"email": alice.email}).status_code == 202
    assert len(delivered()) == 1


def test_with_optional_verification_one_is_logged_in_and_asked_to_confirm(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    assert post("api-register", NEW).status_code == 201
    assert [message.to for message in delivered()] == [["carol@example.org"]]
    assert post("api-login", NEW).status_code == 200


# ---- Log-in ---------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ("alice@example.org", " ALICE@Example.org", "ａｌｉｃｅ@example.org"))
def test_logging_in_gives_user_and_pair(alice: User, email: str) -> None:
    answer = post("api-login", {"email": email, "password": PASSWORD})
    assert (answer.status_code, set(answer.json())) == (200, {"user", "access", "refresh"})
    assert answer.json()["user"]["id"] == str(alice.public_id)
    assert me(answer.json()["access"]).status_code == 200
    assert not answer.cookies


def test_whatever_is_wrong_the_answer_is_the_same(alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    answers = [
        post("api-login", {"email": alice.email, "password": "wrong one 99"}),
        post("api-login", {"email": "nobody@example.org", "password": "wrong one 99"}),
        post("api-login", {"email": bob.email, "password": PASSWORD}),
        post("api-login", {"email": bob.email, "password": "wrong one 99"}),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json()["code"] == "invalid_credentials"
    assert len({frozenset(answer.headers) for answer in answers}) == 1


@pytest.mark.parametrize("email", ("alice@example.org", "nobody@example.org"))
def test_known_and_unknown_addresses_cost_one_hash(
    alice: User, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashes = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda self, *args: hashes.append(1) or encode(self, *args))
    assert post("api-login", {"email": email, "password": "wrong one 99"}).status_code == 401
    assert len(hashes) == 1


def test_a_login_that_is_no_object_is_400() -> None:
    answer = Client().post(reverse("api-login"), "[1]", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    answer = Client().post(reverse("api-login"), "{", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    answer = Client().post(reverse("api-login"), {"email": "x"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("name", ("api-register", "api-login", "api-refresh", "api-verify", "api-logout"))
def test_get_is_405(name: str) -> None:
    assert Client().get(reverse(name)).json()["code"] == "method_not_allowed"


def test_log_ins_are_logged_without_their_secrets(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    tokens_of_alice = post("api-login", {"email": alice.email, "password": PASSWORD}).json()
    post("api-login", {"email": alice.email, "password": "wrong one 99"})
    post("api-refresh", {"refresh": tokens_of_alice["refresh"]})
    post("api-refresh", {"refresh": tokens_of_alice["refresh"]})
    logged = str([record.__dict__ for record in caplog.records])
    assert "'event': 'login'" in logged
    assert "'event': 'login failed'" in logged
    for secret in (PASSWORD, "wrong one 99", tokens_of_alice["access"], tokens_of_alice["refresh"]):
        assert secret not in logged


@pytest.mark.parametrize("name", ("api-me", "api-login"))
def test_a_browser_sees_pages(portal: Client, name: str) -> None:
    answer = portal.get(reverse(name), headers={"Accept": "text/html"})
    assert answer["Content-Type"].startswith("text/html")
    assert answer.status_code == {"api-me": 200, "api-login": 405}[name]


# ---- Oneself --------------------------------------------------------------------------------


def as_user(pair: tokens.Pair) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {pair.access}"}, "content_type": "application/json"}


@pytest.mark.parametrize(("method", "name"), [("get", "api-me"), ("patch", "api-me"), ("post", "api-me-delete")])
def test_an_anonymous_client_gets_401(method: str, name: str) -> None:
    answer = getattr(Client(), method)(reverse(name))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_the_name_can_be_changed_and_nothing_else(alice: User, pair: tokens.Pair) -> None:
    before = me(pair.access).json()
    body = {
        "name": "Alicia", "email": "x@example.org", "id": "0" * 32, "is_staff": True, "quota": {"limit": 9},
        "quota_bytes": 9, "used_bytes": 9, "token_version": 9, "created_at": "2000-01-01T00:00:00Z",
    }  # fmt: skip
    answer = Client().patch(reverse("api-me"), body, **as_user(pair))
    assert (answer.status_code, answer.json()) == (200, before | {"name": "Alicia"})
    assert me(pair.access).json() == before | {"name": "Alicia"}
    alice.refresh_from_db()
    assert (alice.is_staff, alice.quota_bytes) == (False, None)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("Zoë 👩\u200d🔬", "Zoë 👩\u200d🔬"), ("علی\u200cرضا", "علی\u200cرضا"), ("a\u2028b\u202ec", "a b c")],
)
def test_a_name_keeps_its_joiners(pair: tokens.Pair, sent: str, shown: str) -> None:
    assert Client().patch(reverse("api-me"), {"name": sent}, **as_user(pair)).json()["name"] == shown


def test_a_patch_without_a_name_changes_nothing(pair: tokens.Pair) -> None:
    assert Client().patch(reverse("api-me"), {}, **as_user(pair)).json()["name"] == "Alice"


@pytest.mark.parametrize("name", ("x" * 101, None, ["x"], "a\0b"))
def test_a_bad_name_is_400(pair: tokens.Pair, name: Any) -> None:
    assert errors(Client().patch(reverse("api-me"), {"name": name}, **as_user(pair))) == ["name"]


def test_the_quota_is_shown(alice: User, pair: tokens.Pair) -> None:
    User.objects.filter(pk=alice.pk).update(quota_bytes=100, used_bytes=30)
    assert me(pair.access).json()["quota"] == {"limit": 100, "used": 30}


def test_deleting_the_account_ends_everything_at_once(alice: User, pair: tokens.Pair) -> None:
    answer = Client().post(reverse("api-me-delete"), {"password": PASSWORD}, **as_user(pair))
    assert (answer.status_code, answer.content) == (204, b"")
    assert me(pair.access).status_code == 401
    assert post("api-refresh", {"refresh": pair.refresh}).status_code == 401
    assert post("api-verify", {"token": pair.access}).status_code == 401
    assert post("api-login", {"email": alice.email, "password": PASSWORD}).status_code == 401


@pytest.mark.parametrize("body", ({"password": "wrong one 99"}, {"password": ""}, {}))
def test_without_the_password_no_account_is_deleted(pair: tokens.Pair, body: dict[str, str]) -> None:
    assert errors(Client().post(reverse("api-me-delete"), body, **as_user(pair))) == ["password"]
    assert me(pair.access).status_code == 200
