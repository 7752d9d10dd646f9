"""A request that is no upload is refused, and so is an upload without a right album or login."""

import base64
from typing import Any

import pytest

from images.tests.pictures import png_bytes
from tests.bad_input.samples import (
    GOOD,
    HASH,
    JPEG,
    assert_problem,
)
from tests.people import UNUSED_ID, Person

FIELDS: dict[str, tuple[Any, int, str, list[str]]] = {
    "no file": ([("caption", (None, "Hello"))], 400, "invalid", ["file"]),
    "a file in another field": ([("picture", JPEG)], 400, "invalid", ["file"]),
    "a text where the file belongs": ([("file", (None, "Hello"))], 400, "invalid", ["file"]),
    "two files": ([("file", JPEG), ("file", ("b.png", png_bytes()))], 400, "invalid", ["file"]),
    "a NUL in the caption": ([("file", JPEG), ("caption", (None, "a\0b"))], 400, "invalid", ["caption"]),
    "too long a caption": ([("file", JPEG), ("caption", (None, "x" * 2001))], 400, "invalid", ["caption"]),
    "a checksum that is none": ([("file", JPEG), ("sha256", (None, "beef"))], 400, "invalid", ["sha256"]),
    "a checksum of other bytes": ([("file", JPEG), ("sha256", (None, "0" * 64))], 400, "checksum_mismatch", []),
}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("what", FIELDS)
def test_a_wrong_form_is_refused_by_field(alice: Person, album: str, what: str) -> None:
    parts, status, code, fields = FIELDS[what]
    problem = assert_problem(alice.post(f"albums/{album}/images/", files=parts), status, code)
    assert list(problem.get("errors", {})) == fields


def test_a_checksum_in_capitals_is_right(alice: Person, album: str) -> None:
    assert alice.upload(album, GOOD, sha256=HASH.upper()).status_code == 201


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("application/json", b'{"file": "x"}', 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", b"file=x", 415, "unsupported_media_type"),
        ("image/jpeg", GOOD, 415, "unsupported_media_type"),
        ("", GOOD, 415, "unsupported_media_type"),
        ("multipart/form-data", GOOD, 400, "parse_error"),
        ("multipart/form-data; boundary=", GOOD, 400, "parse_error"),
        ("multipart/form-data; boundary=" + "x" * 201, GOOD, 400, "parse_error"),
        ("multipart/mixed; boundary=x", GOOD, 415, "unsupported_media_type"),
        ("multipart/form-data; boundary=x", b"no boundary in sight", 400, "invalid"),
    ],
)
def test_an_upload_of_another_media_type_is_refused(
    alice: Person, album: str, kind: str, body: bytes, status: int, code: str
) -> None:
    for endpoint, wanted in (("", code), ("bulk/", code)):
        answer = alice.post(f"albums/{album}/images/{endpoint}", data=body, headers={"Content-Type": kind})
        assert_problem(answer, status, wanted)


@pytest.mark.usefixtures("nothing_left")
def test_an_upload_to_a_wrong_album_is_404(alice: Person, bob: Person, album: str) -> None:
    for wrong in (UNUSED_ID, bob.album("His"), "17", "not-a-uuid", album[:-1], f"{album}0"):
        for endpoint in ("", "bulk/"):
            answer = alice.post(f"albums/{wrong}/images/{endpoint}", files=[("file", JPEG), ("files", JPEG)])
            assert_problem(answer, 404, "not_found")
    bob.delete(f"albums/{bob.albums()[0]['id']}/?permanent=true", expect=204)


@pytest.mark.parametrize("wrong", [UNUSED_ID, "17", "not-a-uuid", "%00", "..%2f..%2fetc", "x" * 3000])
def test_a_wrong_id_is_404_whatever_is_asked_of_it(alice: Person, wrong: str) -> None:
    for path in (f"albums/{wrong}/", f"images/{wrong}/", f"images/{wrong}/file/", f"albums/{wrong}/images/"):
        for method in ("GET", "DELETE", "PATCH"):
            answer = alice.call(method, path, json={})
            assert_problem(
                answer, *((405, "method_not_allowed") if answer.status_code == 405 else (404, "not_found"))
            )


@pytest.mark.usefixtures("nothing_left")
def test_missing_and_forged_tokens_are_401_before_anything_else(alice: Person, album: str) -> None:
    head, claims, signature = alice.token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    forged = ["", "x", "a.b.c", f"{head}.{claims}.", f"{head}.{claims}", f"{none}.{claims}.",
              f"{head}.{claims}.{signature}.", f"{head}.{claims}.{signature[:-2]}AA", "\u00e9"]  # fmt: skip
    for token in forged:
        answer = alice.post(
            f"albums/{album}/images/", files={"file": JPEG}, headers={"Authorization": f"Bearer {token}"}
        )
        assert_problem(answer, 401, "invalid_token")
    answer = alice.post(f"albums/{album}/images/", files={"file": JPEG}, headers={"Authorization": ""})
    assert_problem(answer, 401, "not_authenticated")


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("path", ["images", "images/bulk", "images/exists", ""])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"])
def test_a_path_without_its_slash_is_404_and_names_the_right_one(
    alice: Person, album: str, method: str, path: str
) -> None:
    """A redirect would make a GET of an upload, whose 200 looks like a success."""
    url = f"albums/{album}/{path}".rstrip("/")
    answer = alice.call(method, url, files=[("file", JPEG)] if method == "POST" else None)
    assert answer.status_code == 404
    if method != "HEAD":
        problem = assert_problem(answer, 404, "not_found")
        assert problem["detail"] == f"This path ends with a slash: /api/v1/{url}/. Nothing was done."


def test_a_page_without_its_slash_is_redirected_and_stays_an_upload(alice: Person, album: str) -> None:
    session = alice.portal()
    form = {"csrfmiddlewaretoken": session.cookies["csrftoken"]}
    answer = session.get(f"{alice.base}/albums?search=sea", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (301, "/albums/?search=sea")
    session.post(f"{alice.base}/albums/{album}/upload", data=form, files={"files": JPEG})
    assert [image["name"] for image in alice.images(album)] == ["photo.jpg"]
