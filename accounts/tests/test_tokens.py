"""Tokens: who gets in, for how long, and what no token gets past (RFC 8725)."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import tokens
from accounts.models import ApiLogin, User
from accounts.tests.helpers import PASSWORD, codes_of, in_parallel, me, post
from accounts.token_form import LAST_SECOND

pytestmark = pytest.mark.django_db

OTHER_KEY = "somebody else's key, also of forty characters"


def codes(access: str, refresh: str) -> tuple[int, int, int]:
    """What access, verify and refresh answer."""
    return (
        me(access).status_code,
        post("api-verify", {"token": access}).status_code,
        post("api-refresh", {"refresh": refresh}).status_code,
    )


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# ---- The life of a login --------------------------------------------------------------------


def test_a_pair_lets_its_user_in_and_names_no_integer_key(alice: User, pair: tokens.Pair) -> None:
    assert me(pair.access).json()["id"] == str(alice.public_id)
    claims = claims_of(pair.access)
    assert claims["sub"] == str(alice.public_id)
    assert set(claims) == {"token_type", "exp", "iat", "jti", "sub", "fam", "ver", "iss", "aud"}


def test_refresh_gives_a_new_pair_and_ends_the_old_refresh_token(pair: tokens.Pair) -> None:
    answer = post("api-refresh", {"refresh": pair.refresh})
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh"}
    assert me(answer.json()["access"]).status_code == 200
    assert post("api-verify", {"token": pair.refresh}).status_code == 401
    assert post("api-verify", {"token": answer.json()["refresh"]}).json() == {}


def test_using_a_refresh_token_twice_ends_the_whole_family(pair: tokens.Pair) -> None:
    child = post("api-refresh", {"refresh": pair.refresh}).json()
    again = post("api-refresh", {"refresh": pair.refresh})
    assert (again.status_code, again.json()["code"]) == (401, "invalid_token")
    assert codes(child["access"], child["refresh"]) == (401, 401, 401)
    assert not ApiLogin.objects.exists()


def test_reuse_ends_no_other_login(alice: User, pair: tokens.Pair) -> None:
    laptop = tokens.issue(alice)
    tokens.rotate(pair.refresh)
    post("api-refresh", {"refresh": pair.refresh})
    assert codes(laptop.access, laptop.refresh) == (200, 200, 200)


def test_verify_of_a_used_refresh_token_does_not_end_its_family(pair: tokens.Pair) -> None:
    child = tokens.rotate(pair.refresh)
    post("api-verify", {"token": pair.refresh})
    assert codes(child.access, child.refresh) == (200, 200, 200)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_of_parallel_refreshes_exactly_one_wins(
    pair: tokens.Pair, attempt: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody, user_of = Barrier(8), tokens._user_of

    def wait_for_everybody(token: tokens.Claims) -> User:
        user = user_of(token)
        everybody.wait(timeout=60)
        return user

    monkeypatch.setattr(tokens, "_user_of", wait_for_everybody)
    answers = in_parallel([lambda: post("api-refresh", {"refresh": pair.refresh})] * 8)
    assert sorted(codes_of(answers)) == [200] + [401] * 7
    assert not ApiLogin.objects.exists()


def test_the_database_holds_no_token(pair: tokens.Pair) -> None:
    row = ApiLogin.objects.get()
    claims = claims_of(pair.refresh)
    assert claims["jti"] not in row.current_jti_hash
    assert len(row.current_jti_hash) == 64


def test_logout_ends_access_and_refresh_at_once(pair: tokens.Pair) -> None:
    assert post("api-logout", {"refresh": pair.refresh}).status_code == 204
    assert codes(pair.access, pair.refresh) == (401, 401, 401)


def test_logout_twice_or_with_a_used_token_is_no_error(pair: tokens.Pair) -> None:
    child = tokens.rotate(pair.refresh)
    assert post("api-logout", {"refresh": pair.refresh}).status_code == 204
    assert post("api-logout", {"refresh": pair.refresh}).status_code == 204
    assert me(child.access).status_code == 401


def test_logout_with_an_access_token_is_refused_as_it_would_end_nothing(pair: tokens.Pair) -> None:
    assert post("api-logout", {"refresh": pair.access}).status_code == 401


def test_an_expired_access_token_is_told_apart(pair: tokens.Pair) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=30)):
        answer = me(pair.access)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
        assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
        assert post("api-refresh", {"refresh": pair.refresh}).status_code == 200


def test_a_login_ends_after_thirty_days_however_often_it_is_refreshed(pair: tokens.Pair) -> None:
    login = timezone.now()
    with time_machine.travel(login + timedelta(days=29)):
        pair = tokens.rotate(pair.refresh)
    with time_machine.travel(login + timedelta(days=30, minutes=1)):
        assert me(pair.access).status_code == 401
        assert post("api-refresh", {"refresh": pair.refresh}).json()["code"] == "token_expired"
        assert post("api-logout", {"refresh": pair.refresh}).status_code == 204


def test_expired_logins_are_forgotten_and_living_ones_stay(alice: User, pair: tokens.Pair) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        kept = tokens.issue(alice)
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert tokens.forget_expired_logins() == 1
    assert str(ApiLogin.objects.get().family) == claims_of(kept.refresh)["fam"]


# ---- What ends all logins -------------------------------------------------------------------


def change_password(user: User) -> None:
    user.set_password("another one 77")
    user.save()


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def doom(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False, doomed_at=timezone.now())


@pytest.mark.parametrize("end", (change_password, deactivate, doom, User.end_logins, User.delete))
def test_it_ends_every_token_at_once(alice: User, end: Callable[[User], None]) -> None:
    first, second = tokens.issue(alice), tokens.issue(alice)
    end(alice)
    assert codes(first.access, first.refresh) == (401, 401, 401)
    assert codes(second.access, second.refresh) == (401, 401, 401)


def test_another_users_tokens_go_on(alice: User, bob: User) -> None:
    pair = tokens.issue(bob)
    alice.end_logins()
    assert codes(pair.access, pair.refresh) == (200, 200, 200)


def test_a_login_that_raced_a_password_change_is_dead(alice: User) -> None:
    read_before = User.objects.get(pk=alice.pk)
    change_password(alice)
    pair = tokens.issue(read_before)
    assert codes(pair.access, pair.refresh) == (401, 401, 401)


# ---- Keys -----------------------------------------------------------------------------------


def test_tokens_of_the_old_key_are_taken_while_it_is_listed(pair: tokens.Pair, settings: Any) -> None:
    settings.JWT_SIGNING_KEY_FALLBACKS = [OTHER_KEY, settings.JWT_SIGNING_KEY]
    settings.JWT_SIGNING_KEY = "the new key, which is also long enough"
    child = tokens.rotate(pair.refresh)
    assert me(pair.access).status_code == 200
    settings.JWT_SIGNING_KEY_FALLBACKS = []
    assert me(pair.access).status_code == 401
    assert me(child.access).status_code == 200


def test_an_expired_token_of_the_old_key_is_expired_not_invalid(pair: tokens.Pair, settings: Any) -> None:
    settings.JWT_SIGNING_KEY_FALLBACKS = [settings.JWT_SIGNING_KEY]
    settings.JWT_SIGNING_KEY = "the new key, which is also long enough"
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert me(pair.access).json()["code"] == "token_expired"


def test_the_signing_key_is_not_the_secret_key() -> None:
    assert settings.JWT_SIGNING_KEY != settings.SECRET_KEY


# ---- Hostile tokens -------------------------------------------------------------------------


def signed(header: dict[str, Any], claims: dict[str, Any], key: str = "", algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key or settings.JWT_SIGNING_KEY, algorithm, headers=header)


def signed_text(claims: str, header: str = '{"alg": "HS256", "typ": "JWT"}') -> str:
    """Signed by our key, though no library would write it."""
    body = ".".join(b64(text.encode(errors="surrogateescape")) for text in (header, claims))
    signature = hmac.digest(settings.JWT_SIGNING_KEY.encode(), body.encode(), "sha256")
    return f"{body}.{b64(signature)}"


# Headers that name a key, or what a verifier must understand (RFC 7515, 4.1; RFC 7797).
HEADERS_OF_OTHERS: dict[str, Any] = {
    "kid": "1",
    "jku": "https://example.org/keys",
    "jwk": {"kty": "oct", "k": "AA"},
    "x5u": "https://example.org/cert",
    "x5c": ["AA"],
    "x5t": "AA",
    "x5t#S256": "AA",
    "crit": ["exp"],
    "cty": "JWT",
    "zip": "DEF",
    "typ": "at+jwt",
}
NO_NUMBERS_OF_OURS = (
    True, 4e9, 1e308, float("inf"), float("-inf"), float("nan"), "4000000000", "", [], {}, None, -1, -(10**18)
)  # fmt: skip


def relabelled(token: str, **header: Any) -> str:
    """The token under another header, its signature as it was."""
    _, payload, signature = token.split(".")
    return f"{b64(json.dumps(header).encode())}.{payload}.{signature}"


FORGERIES: dict[str, Callable[[str, dict[str, Any]], str]] = {
    "empty": lambda token, claims: "",
    "no dots": lambda token, claims: "token",
    "only dots": lambda token, claims: "..",
    "cut short": lambda token, claims: token[:-3],
    "signature cut off": lambda token, claims: token.rsplit(".", 1)[0],
    "empty signature": lambda token, claims: token.rsplit(".", 1)[0] + ".",
    "a dot more": lambda token, claims: token + ".",
    "four parts": lambda token, claims: token + ".e30",
    "twice": lambda token, claims: f"{token} {token}",
    "padded": lambda token, claims: token + "=",
    "NUL": lambda token, claims: token + "\0",
    "not ASCII": lambda token, claims: "é" + token,
    "huge": lambda token, claims: "e30." + "A" * 60_000 + ".e30",
    "nested deeply": lambda token, claims: b64(b"[" * 1200) + ".e30.e30",
    "header no object": lambda token, claims: b64(b"7") + ".e30.e30",
    "header not UTF-8": lambda token, claims: b64(b"\xff\xfe") + ".e30.e30",
    "alg none": lambda token, claims: relabelled(token, alg="none", typ="JWT"),
    "alg None, unsigned": lambda token, claims: relabelled(token, alg="None").rsplit(".", 1)[0] + ".AA",
    "alg missing": lambda token, claims: relabelled(token, typ="JWT"),
    "alg a number": lambda token, claims: relabelled(token, alg=256),
    "alg RS256 over our HMAC": lambda token, claims: relabelled(token, alg="RS256"),
    "alg HS512 with our key": lambda token, claims: signed({}, claims, algorithm="HS512"),
    "another key": lambda token, claims: signed({}, claims, OTHER_KEY),
    "the secret key": lambda token, claims: signed({}, claims, settings.SECRET_KEY),
    "kid": lambda token, claims: signed({"kid": "../../dev/null"}, claims, OTHER_KEY),
    "kid a list": lambda token, claims: relabelled(token, alg="HS256", kid=["x"]),
    "jku": lambda token, claims: signed({"jku": "http://127.0.0.1:1/keys"}, claims, OTHER_KEY),
    "x5u": lambda token, claims: signed({"x5u": "http://127.0.0.1:1/cert"}, claims, OTHER_KEY),
    "jwk": lambda token, claims: signed({"jwk": {"kty": "oct", "k": b64(OTHER_KEY.encode())}}, claims, OTHER_KEY),
    "crit": lambda token, claims: signed({"crit": ["exp"]}, claims, OTHER_KEY),
    "detached payload": lambda token, claims: relabelled(token, alg="HS256", b64=False, crit=["b64"]),
    "another issuer": lambda token, claims: signed({}, claims | {"iss": "somebody"}),
    "another audience": lambda token, claims: signed({}, claims | {"aud": "somebody"}),
    "from the future": lambda token, claims: signed({}, claims | {"iat": claims["iat"] + 60}),
    "not yet": lambda token, claims: signed({}, claims | {"nbf": claims["iat"] + 60}),
    "endless": lambda token, claims: signed({}, claims | {"exp": None}),
    "exp a word": lambda token, claims: signed({}, claims | {"exp": "never"}),
    "exp beyond the calendar": lambda token, claims: signed({}, claims | {"exp": 10**20}),
    "sub no UUID": lambda token, claims: signed({}, claims | {"sub": "1"}),
    "fam a list": lambda token, claims: signed({}, claims | {"fam": []}),
    "ver a word": lambda token, claims: signed({}, claims | {"ver": "x"}),
    "jti a number": lambda token, claims: signed({}, claims | {"jti": 1}),
    **{
        f"{name} under our signature": lambda token, claims, name=name, value=value: signed({name: value}, claims)
        for name, value in HEADERS_OF_OTHERS.items()
    },
    **{
        f"{claim} {value!r:.30}": lambda token, claims, claim=claim, value=value: signed(
            {}, claims | {claim: value}
        )
        for claim in ("exp", "iat", "nbf", "ver")
        for value in NO_NUMBERS_OF_OURS
    },
    "exp beyond the calendar's end": lambda token, claims: signed({}, claims | {"exp": LAST_SECOND + 1}),
    "iat 10**18": lambda token, claims: signed({}, claims | {"iat": 10**18}),
    "nbf 10**18": lambda token, claims: signed({}, claims | {"nbf": 10**18}),
    "exp 10**18": lambda token, claims: signed({}, claims | {"exp": 10**18}),
    "exp of 1000 digits": lambda token, claims: signed({}, claims | {"exp": 10**1000}),
    "exp twice": lambda token, claims: signed_text(json.dumps(claims)[:-1] + f', "exp": {claims["exp"]}}}'),
    "alg twice": lambda token, claims: signed_text(
        json.dumps(claims), header='{"alg": "none", "alg": "HS256", "typ": "JWT"}'
    ),
    "claims a list": lambda token, claims: signed_text("[]"),
    "claims no UTF-8": lambda token, claims: signed_text("\udcff"),
    "sub a number": lambda token, claims: signed({}, claims | {"sub": 1}),
    "fam a number": lambda token, claims: signed({}, claims | {"fam": 1}),
    "jti a list": lambda token, claims: signed({}, claims | {"jti": ["x"]}),
    "aud a number": lambda token, claims: signed({}, claims | {"aud": 7}),
    "aud of numbers": lambda token, claims: signed({}, claims | {"aud": [7]}),
    "iss a list": lambda token, claims: signed_text(json.dumps(claims | {"iss": ["image-store"]})),
    "typ of another kind": lambda token, claims: signed({}, claims | {"token_type": "upload"}),
    "typ a list": lambda token, claims: signed({}, claims | {"token_type": ["access"]}),
    **{
        f"without {claim}": lambda token, claims, claim=claim: signed(
            {}, {name: value for name, value in claims.items() if name != claim}
        )
        for claim in ("iss", "aud", "exp", "iat", "sub", "jti", "fam", "ver", "token_type")
    },
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_is_401_at_every_endpoint(pair: tokens.Pair, forge: Callable[..., str]) -> None:
    access, refresh = (forge(token, claims_of(token)) for token in (pair.access, pair.refresh))
    answers = [
        me(access),
        post("api-refresh", {"refresh": refresh}),
        post("api-logout", {"refresh": refresh}),
        post("api-verify", {"token": access}),
        post("api-verify", {"token": refresh}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(401, "invalid_token")] * 5
    assert {answer["WWW-Authenticate"] for answer in answers} == {'Bearer realm="api"'}
    assert codes(pair.access, pair.refresh) == (200, 200, 200)


ENDED = {
    "sub of nobody": {"sub": "0" * 32},
    "fam of no login": {"fam": "0" * 32},
    "ver of long ago": {"ver": -1},
    "ver beyond the column": {"ver": 10**30},
}


@pytest.mark.parametrize("change", ENDED.values(), ids=ENDED)
def test_a_token_of_no_living_login_is_401(pair: tokens.Pair, change: dict[str, Any]) -> None:
    access, refresh = (signed({}, claims_of(token) | change) for token in (pair.access, pair.refresh))
    assert codes(access, refresh) == (401, 401, 401)


def test_neither_type_is_taken_for_the_other(pair: tokens.Pair) -> None:
    assert me(pair.refresh).status_code == 401
    assert post("api-refresh", {"refresh": pair.access}).status_code == 401


def test_a_token_of_one_user_does_not_open_anothers_login(alice: User, bob: User, pair: tokens.Pair) -> None:
    claims = claims_of(pair.access) | {"sub": str(bob.public_id)}
    assert me(signed({}, claims)).status_code == 401


@pytest.mark.parametrize("value", (None, [], {}))
def test_a_token_that_is_no_text_is_400(db: None, value: Any) -> None:
    answer = post("api-refresh", {"refresh": value})
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (
        400,
        "invalid",
        ["refresh"],
    )


# ---- The header -----------------------------------------------------------------------------


def who(header: str | None) -> tuple[int, str]:
    headers = {} if header is None else {"Authorization": header}
    answer = Client().get(reverse("api-me"), headers=headers)
    return answer.status_code, answer.json()["code"]


def test_no_header_and_other_schemes_are_not_authenticated() -> None:
    assert who(None) == (401, "not_authenticated")
    assert who("") == (401, "not_authenticated")
    assert who("Basic YWxpY2U6eA==") == (401, "not_authenticated")


def test_a_bearer_header_without_one_token_is_invalid() -> None:
    assert who("Bearer") == (401, "invalid_token")
    assert who("Bearer a b") == (401, "invalid_token")
    assert who("Bearer €") == (401, "invalid_token")


def test_the_scheme_may_be_written_in_lower_case(pair: tokens.Pair) -> None:
    answer = Client().get(reverse("api-me"), headers={"Authorization": f"bearer  {pair.access}"})
    assert answer.status_code == 200


def test_a_bad_header_does_not_hinder_a_login(alice: User) -> None:
    body = {"email": alice.email, "password": PASSWORD}
    assert post("api-login", body, headers={"Authorization": "Bearer stale"}).status_code == 200


def test_a_bad_header_is_401_on_a_browsable_page_too() -> None:
    headers = {"Authorization": "Bearer stale", "Accept": "text/html"}
    assert Client().get(reverse("api-me"), headers=headers).status_code == 401


def test_access_costs_one_query(pair: tokens.Pair, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert me(pair.access).status_code == 200


# ---- The portal's session at the API --------------------------------------------------------


def test_a_session_reads_the_api(portal: Client) -> None:
    assert portal.get(reverse("api-me")).json()["email"] == "alice@example.org"


def test_a_session_without_its_csrf_token_is_403(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    answer = browser.patch(reverse("api-me"), {"name": "Mallory"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    alice.refresh_from_db()
    assert alice.name == "Alice"


def test_a_token_needs_no_csrf_token(pair: tokens.Pair) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.patch(
        reverse("api-me"),
        {"name": "Alicia"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {pair.access}"},
    )
    assert answer.json()["name"] == "Alicia"
