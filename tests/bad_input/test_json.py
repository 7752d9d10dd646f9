"""A body that is no JSON, or JSON that fits no field, is refused by the field's name."""

import json
from typing import Any

import pytest

from tests.bad_input.samples import GOOD, assert_problem
from tests.people import Person

NO_JSON = {
    "an open brace": b"{",
    "no JSON at all": b"title=Summer",
    "bytes that are no UTF-8": b'{"title": "\xff\xfe"}',
    "a NaN": b'{"title": NaN}',
    "two values": b'{"title": "a"} {"title": "b"}',
    "60,000 brackets": b"[" * 60_000,
    "10,000 nested objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a number of 5,000 digits": b'{"title": ' + b"9" * 5000 + b"}",
}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("what", NO_JSON)
def test_what_is_no_json_is_a_parse_error(alice: Person, what: str) -> None:
    answer = alice.post("albums/", data=NO_JSON[what], headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "parse_error")


NO_ALBUM = {
    "nothing": b"",
    "null": b"null",
    "a list": b'[{"title": "a"}]',
    "a string": b'"title"',
    "a number": b"17",
    "a deep title": b'{"title": ' + b"[" * 500 + b"]" * 500 + b"}",
    "a NUL": b'{"title": "a\\u0000b"}',
    "a lone surrogate": b'{"title": "a\\ud800b"}',
    "a lone low surrogate": b'{"title": "\\udc00"}',
    "a truth": b'{"title": true}',
    "only blanks": '{"title": " \u2003 "}'.encode(),
    "a NUL in the description": b'{"title": "a", "description": "\\u0000"}',
    "a surrogate in the description": b'{"title": "a", "description": "\\ud83c"}',
}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("what", NO_ALBUM)
def test_json_that_is_no_album_is_invalid(alice: Person, what: str) -> None:
    answer = alice.post("albums/", data=NO_ALBUM[what], headers={"Content-Type": "application/json"})
    assert assert_problem(answer, 400, "invalid")["errors"]


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense", ""]
)
def test_an_album_is_made_from_json_only(alice: Person, kind: str) -> None:
    answer = alice.post("albums/", data=b'{"title": "a"}', headers={"Content-Type": kind})
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("field", ["name", "caption"])
def test_a_nul_or_a_surrogate_in_an_images_text_is_refused_or_cleaned(
    alice: Person, album: str, field: str
) -> None:
    image = alice.picture(album, GOOD)
    for text in ("\\u0000", "\\ud800"):
        body = f'{{"{field}": "a{text}b"}}'.encode()
        path = f"images/{image['id']}/"
        answer = alice.call("PATCH", path, data=body, headers={"Content-Type": "application/json"})
        assert_problem(answer, 400, "invalid")
    assert alice.get(f"images/{image['id']}/").json()[field] == image[field]


@pytest.mark.parametrize("value", ["true", 1, 0, None, [], {}, "x" * 60_000])
def test_a_flag_is_true_or_false(alice: Person, album: str, value: Any) -> None:
    image = alice.picture(album, GOOD)["id"]
    answer = alice.call("PATCH", f"images/{image}/", json={"favourite": value})
    assert list(assert_problem(answer, 400, "invalid")["errors"]) == ["favourite"]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("auth/register/", {"email": "a\0b@example.org", "password": "correct horse battery"}),
        ("auth/register/", {"email": "no address", "password": "correct horse battery"}),
        ("auth/register/", {"email": f"{'x' * 300}@example.org", "password": "correct horse battery"}),
        ("auth/register/", {"email": "c@example.org", "password": "x" * 129}),
        ("auth/register/", {"email": "c@example.org", "password": "password"}),
        ("auth/register/", {"email": "c@example.org", "password": "short 1"}),
        ("auth/register/", {"email": "c@example.org", "password": "correct\0horse battery"}),
        ("auth/register/", {"email": ["c@example.org"], "password": {"a": 1}}),
        ("auth/login/", {"email": "c\0@example.org", "password": "x"}),
        ("auth/login/", {"email": "c@example.org"}),
        ("auth/refresh/", {}),
        ("auth/refresh/", {"refresh": None}),
        ("auth/verify/", {"token": ["x"]}),
        ("users/me/delete/", {"password": "wrong"}),
        ("users/me/delete/", {}),
    ],
)
@pytest.mark.usefixtures("nothing_left")
def test_nonsense_about_accounts_is_invalid(alice: Person, path: str, fields: dict[str, Any]) -> None:
    assert assert_problem(alice.post(path, json=fields), 400, "invalid")["errors"]
    assert alice.get("users/me/", expect=200).json()["email"] == alice.email


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\0", "\ud800", "x" * 60_000, "é.é.é"])
def test_a_token_that_is_none_is_401(alice: Person, token: str) -> None:
    for path, field in (("auth/refresh/", "refresh"), ("auth/verify/", "token"), ("auth/logout/", "refresh")):
        answer = alice.post(path, data=json.dumps({field: token}), headers={"Content-Type": "application/json"})
        assert_problem(answer, 401, "invalid_token")
