"""The API keeps its contract: each row of it is asked, and the answer is the one that the schema documents."""

import json
from datetime import timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from images.models import Image
from imagestore.kit import problems
from tests.access.endpoints import assert_problem, read_to_end
from tests.contract import (
    ACCOUNT,
    CODES,
    ELSEWHERE,
    ENTRY,
    IMAGE,
    OF_ADMIN_PAGES,
    OF_BROKEN_SERVERS,
    OF_THE_SERVER,
    PROBLEM,
    REFUSALS,
    SUCCESSES,
    UNKNOWN_METHODS,
    UPLOAD,
    Form,
    Row,
    Rows,
    photo,
)
from tests.openapi import resolved
from tests.rows import bearer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture(scope="module")
def schema(schema_file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(schema_file.read_text())
    return read


def asked(row: Row, rows: Rows, schema: dict[str, Any]) -> Any:
    """The answer, which is as the row and the schema say."""
    answer = read_to_end(row.ask(rows))
    shown = getattr(answer, "streamed", None) or answer.content
    assert answer.status_code == row.status, shown[:500]
    assert {name for name in row.headers if name not in answer.headers} == set()
    if row.code:
        assert_problem(answer)
        assert answer.json()["code"] == row.code
    if row.fields:
        assert answer.json().keys() == set(row.fields.split())
    if row not in UNKNOWN_METHODS:
        assert_documented(row, answer, schema)
    return answer


def assert_documented(row: Row, answer: Any, schema: dict[str, Any]) -> None:
    method, path = row.template
    documented = resolved(schema, schema["paths"][path][method]["responses"][str(answer.status_code)])
    headers = {name: resolved(schema, header) for name, header in documented["headers"].items()}
    assert {name for name, header in headers.items() if header.get("required")} <= answer.headers.keys()
    media_type = answer.headers.get("Content-Type", "").split(";")[0]
    if answer.status_code == 204 or not media_type:
        assert (answer.content, "content" in documented) == (b"", False)
    elif media_type.endswith("json"):
        body = documented["content"][media_type]
        jsonschema.validate(answer.json(), {**body["schema"], "components": schema["components"]})
        assert not row.code or row.code in body["examples"]
    else:
        kinds = {"application/zip"} if path.endswith("/archive/") else {"image/*"}
        assert fnmatch(media_type, *kinds)
        assert documented["content"].keys() == kinds


# ---- The table ------------------------------------------------------------------------------


@pytest.mark.parametrize("row", SUCCESSES, ids=str)
def test_a_success_is_as_the_contract_says(row: Row, rows: Rows, schema: dict[str, Any]) -> None:
    asked(row, rows, schema)


@pytest.mark.parametrize("row", [*REFUSALS, *UNKNOWN_METHODS], ids=str)
def test_a_refusal_is_as_the_contract_says(row: Row, rows: Rows, schema: dict[str, Any]) -> None:
    asked(row, rows, schema)


def test_each_operation_of_the_schema_is_in_the_table(schema: dict[str, Any]) -> None:
    documented = {(method, path) for path, methods in schema["paths"].items() for method in methods}
    assert {row.template for row in SUCCESSES} == documented


def test_the_codes_are_those_of_the_contract_and_each_is_provoked() -> None:
    assert {code: status for code, (status, _) in problems.CODES.items()} == CODES
    provoked = {row.code for row in (*REFUSALS, *UNKNOWN_METHODS)}
    assert provoked | ELSEWHERE | OF_BROKEN_SERVERS | OF_THE_SERVER | OF_ADMIN_PAGES == CODES.keys()


def test_each_code_but_those_of_pages_is_documented_with_its_status(schema: dict[str, Any]) -> None:
    examples = {code: example["value"]["status"] for code, example in schema["components"]["examples"].items()}
    others = OF_ADMIN_PAGES | OF_THE_SERVER | {"method_not_allowed"}
    assert examples == {code: status for code, status in CODES.items() if code not in others}


# ---- What a row cannot say ------------------------------------------------------------------


def test_the_same_bytes_again_are_200_and_the_same_image(rows: Rows, schema: dict[str, Any]) -> None:
    first = asked(Row(UPLOAD, 201, send=Form(file=photo())), rows, schema).json()
    again = asked(Row(UPLOAD, 200, IMAGE, Form(file=photo()), headers=("Location",)), rows, schema)
    assert (again.json()["id"], again.headers["Location"]) == (first["id"], first["url"])


def test_a_bulk_answer_has_an_image_or_a_problem_for_each_file(rows: Rows, schema: dict[str, Any]) -> None:
    files = Form(files=[photo(), photo(b"text", "notes.txt")])
    results = asked(Row(f"{UPLOAD}bulk/", 207, send=files), rows, schema).json()["results"]
    assert [set(result) for result in results] == [{"name", "status", "image"}, {"name", "status", "problem"}]
    assert [result["status"] for result in results] == [201, 415]
    assert results[0]["image"].keys() == set(IMAGE.split())
    assert results[1]["problem"].keys() == set(PROBLEM.split())


def test_the_trash_lists_albums_and_images(rows: Rows, schema: dict[str, Any]) -> None:
    entries = asked(Row("GET trash/", 200), rows, schema).json()["results"]
    assert {entry["type"] for entry in entries} == {"album", "image"}
    assert all(entry.keys() == set(ENTRY.split()) for entry in entries)


def test_a_file_that_has_not_changed_is_304(rows: Rows, schema: dict[str, Any]) -> None:
    etag = asked(Row("GET images/{image}/file/", 200), rows, schema).headers["ETag"]
    unchanged = Row("GET images/{image}/file/", 304, more={"If-None-Match": etag}).ask(rows)
    assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", etag)


def test_head_of_a_file_has_the_headers_alone(rows: Rows) -> None:
    answer = Row("HEAD images/{image}/file/", 200).ask(rows)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


def test_a_signed_link_needs_no_login(rows: Rows) -> None:
    url = Row("GET images/{image}/", 200).ask(rows).json()["original"]["url"]
    link, client = url.removeprefix("http://testserver"), Client()
    assert read_to_end(client.get(link)).status_code == 200
    assert client.head(link).status_code == 200
    part = read_to_end(client.get(link, headers={"Range": "bytes=0-9"}))
    assert (part.status_code, len(part.streamed)) == (206, 10)
    assert client.get(link.replace("signature=", "signature=0")).status_code == 404


def test_mandatory_verification_answers_202_alike_for_all(rows: Rows, schema: dict[str, Any], settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    for email in (ACCOUNT["email"], "alice@example.org"):
        row = Row("POST auth/register/", 202, send={**ACCOUNT, "email": email}, login="")
        assert asked(row, rows, schema).json() == {}


# ---- Refusals that need more than a row -----------------------------------------------------


def test_an_old_token_has_expired(rows: Rows, schema: dict[str, Any]) -> None:
    token = bearer(rows.alice)["Authorization"].removeprefix("Bearer ")
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        asked(Row("GET albums/", 401, code="token_expired", login=token), rows, schema)


def test_a_session_without_its_csrf_token_is_refused(rows: Rows) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(rows.alice)
    answer = client.post("/api/v1/albums/", {"title": "Sea"}, content_type="application/json")
    assert_problem(answer)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_limits_of_files_and_quota_are_413_with_figures(rows: Rows, schema: dict[str, Any], settings) -> None:
    settings.MAX_PIXELS = 100
    asked(Row(UPLOAD, 413, send=Form(file=photo()), code="too_many_pixels"), rows, schema)
    settings.MAX_UPLOAD_BYTES = 100
    asked(Row(UPLOAD, 413, f"{PROBLEM} limit", Form(file=photo()), code="file_too_large"), rows, schema)
    settings.MAX_UPLOAD_BYTES, settings.MAX_PIXELS, settings.USER_QUOTA_BYTES = 10**6, 10**6, 10
    full = Row(UPLOAD, 413, f"{PROBLEM} limit used", Form(file=photo()), code="quota_exceeded")
    refusal = asked(full, rows, schema)
    assert refusal.json()["limit"] == 10


def test_too_many_attempts_are_429(rows: Rows, schema: dict[str, Any]) -> None:
    wrong = Row("POST auth/login/", 401, send={"email": "alice@example.org", "password": "x"}, login="")
    for _ in range(5):
        asked(wrong, rows, schema)
    throttled = Row("POST auth/login/", 429, send=wrong.send, login="", code="throttled", headers=("Retry-After",))
    asked(throttled, rows, schema)


def test_a_broken_server_says_so(rows: Rows, schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(type(Image.objects.none()), "owned_by", broken)
    asked(Row("GET images/{image}/", 500, code="internal_error"), rows, schema)
