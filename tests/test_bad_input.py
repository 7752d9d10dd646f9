"""Whatever is sent, the answer is a clear 4xx, and nothing is left behind."""

import base64
import hashlib
import json
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from images.tests.corpus import CORPUS, needs_corpus
from images.tests.pictures import jpeg_bytes, plain, png_bytes, saved
from tests.people import NOBODYS_ID, Person
from tests.servers import Server
from tests.state import State
from tests.wire import CLOSING, part, tell, upload_head

GOOD = jpeg_bytes(320, 240)
# One file, and what a form may have around it (bytes).
LIMIT, OVERHEAD = 100 * 1024 * 1024, 1024 * 1024


@pytest.fixture(scope="module")
def alice(server: Server) -> Person:
    """One for all tests here: each has an album of its own."""
    return Person.sign_up(server, "alice")


@pytest.fixture
def album(alice: Person) -> str:
    return alice.album()


@pytest.fixture
def nothing_left(alice: Person, album: str, state: State) -> Iterator[None]:
    """No row and no file more or fewer after the test, and the album is as empty as it was."""
    with state.unchanged():
        yield
    assert alice.images(album) == []


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), (
        answer.text[:300]
    )
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, "about:blank")
    assert problem["title"]
    assert problem["detail"]
    return problem


def png_that_claims(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bomb() -> bytes:
    """900 million black pixels in about 110 kB."""
    return png_that_claims(30_000, 30_000, bytes(30_000 * (1 + 30_000 // 8)))


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"

# ---- Files that are no pictures ----------------------------------------------------------------

FILES = {
    "an empty file": (b"", 415, "unsupported_format"),
    "one byte": (b"\xff", 415, "unsupported_format"),
    "text named .jpg": (b"Dear store, this is no picture.\n" * 50, 415, "unsupported_format"),
    "SVG": (SVG, 415, "unsupported_format"),
    "HTML": (HTML, 415, "unsupported_format"),
    "PDF": (b"%PDF-1.7\n1 0 obj\n", 415, "unsupported_format"),
    "BMP": (saved(plain(), "BMP"), 415, "unsupported_format"),
    "TIFF": (saved(plain(), "TIFF"), 415, "unsupported_format"),
    "ICO": (saved(plain(64, 64), "ICO"), 415, "unsupported_format"),
    "JPEG 2000": (saved(plain(), "JPEG2000"), 415, "unsupported_format"),
    "zeros": (bytes(4096), 415, "unsupported_format"),
    "the beginning of a JPEG alone": (b"\xff\xd8\xff\xe0\x00\x10JFIF", 400, "invalid_image"),
    "the beginning of a PNG alone": (png_bytes()[:20], 400, "invalid_image"),
    "a PNG without pixels": (png_that_claims(0, 0, b""), 400, "invalid_image"),
    "a PNG of 900 million pixels": (bomb(), 413, "too_many_pixels"),
    "a PNG that claims 4 billion pixels": (png_that_claims(65_535, 65_535, b"\0"), 413, "too_many_pixels"),
}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("what", FILES)
def test_what_is_no_picture_is_refused(alice: Person, album: str, what: str) -> None:
    content, status, code = FILES[what]
    assert_problem(alice.upload(album, content, "photo.jpg"), status, code)


@needs_corpus
@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("gen__empty.jpg", 415, "unsupported_format"),
        ("gen__html.png", 415, "unsupported_format"),
        ("gen__svg_as.jpg", 415, "unsupported_format"),
        ("gen__xss.svg", 415, "unsupported_format"),
        ("gen__billion_laughs.svg", 415, "unsupported_format"),
        ("gen__bomb_1bit_30000x30000.png", 413, "too_many_pixels"),
        ("gen__dims_2147483647.png", 413, "too_many_pixels"),
        ("gen__dims_zero.png", 400, "invalid_image"),
        ("gen__jpeg_dims_13000.jpg", 413, "too_many_pixels"),
        ("gen__magic_only.jpg", 400, "invalid_image"),
        ("fuzzdb__lottapixel.jpg", 413, "too_many_pixels"),
        ("lychee__pdf.pdf", 415, "unsupported_format"),
        ("image__Bad_height.bmp", 415, "unsupported_format"),
    ],
)
def test_hostile_files_of_the_corpus_are_refused(
    alice: Person, album: str, name: str, status: int, code: str
) -> None:
    assert_problem(alice.upload(album, (CORPUS / "hostile" / name).read_bytes(), name), status, code)


def test_a_picture_cut_in_half_ends_failed_with_a_reason(alice: Person, album: str) -> None:
    whole = saved(plain(1200, 900).effect_spread(40), "JPEG", quality=95)
    image = alice.upload(album, whole[: len(whole) // 2]).json()
    [failed] = alice.finished(album, [image["id"]])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "damaged")
    assert len(failed["error"]["detail"]) > 10
    assert failed["variants"] == {"thumb": None, "small": None, "medium": None, "large": None}
    answer = alice.get(f"images/{image['id']}/file/?size=thumb", expect=409)
    assert (answer.json()["code"], "Retry-After" in answer.headers) == ("not_ready", False)
    alice.delete(f"images/{image['id']}/?permanent=true", expect=204)


# ---- Requests that are no uploads --------------------------------------------------------------

HASH = hashlib.sha256(GOOD).hexdigest()
JPEG = ("photo.jpg", GOOD)
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
    for door, wanted in (("", code), ("bulk/", code)):
        answer = alice.post(f"albums/{album}/images/{door}", data=body, headers={"Content-Type": kind})
        assert_problem(answer, status, wanted)


@pytest.mark.usefixtures("nothing_left")
def test_an_upload_to_a_wrong_album_is_404(alice: Person, bob: Person, album: str) -> None:
    for wrong in (NOBODYS_ID, bob.album("His"), "17", "not-a-uuid", album[:-1], f"{album}0"):
        for door in ("", "bulk/"):
            answer = alice.post(f"albums/{wrong}/images/{door}", files=[("file", JPEG), ("files", JPEG)])
            assert_problem(answer, 404, "not_found")
    bob.delete(f"albums/{bob.albums()[0]['id']}/?permanent=true", expect=204)


@pytest.mark.parametrize("wrong", [NOBODYS_ID, "17", "not-a-uuid", "%00", "..%2f..%2fetc", "x" * 3000])
def test_a_wrong_id_is_404_whatever_is_asked_of_it(alice: Person, wrong: str) -> None:
    for path in (f"albums/{wrong}/", f"images/{wrong}/", f"images/{wrong}/file/", f"albums/{wrong}/images/"):
        for method in ("GET", "DELETE", "PATCH"):
            answer = alice.call(method, path, json={})
            assert_problem(
                answer, *((405, "method_not_allowed") if answer.status_code == 405 else (404, "not_found"))
            )


@pytest.mark.usefixtures("nothing_left")
def test_nobody_and_forged_tokens_are_401_before_anything_else(alice: Person, album: str) -> None:
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


# ---- JSON --------------------------------------------------------------------------------------

NO_JSON = {
    "an open brace": b"{",
    "no JSON at all": b"title=Summer",
    "bytes that are no UTF-8": b'{"title": "\xff\xfe"}',
    "a NaN": b'{"title": NaN}',
    "two values": b'{"title": "a"} {"title": "b"}',
    "100,000 brackets": b"[" * 100_000,
    "100,000 nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
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


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\0", "\ud800", "x" * 100_000, "é.é.é"])
def test_a_token_that_is_none_is_401(alice: Person, token: str) -> None:
    for path, field in (("auth/refresh/", "refresh"), ("auth/verify/", "token"), ("auth/logout/", "refresh")):
        answer = alice.post(path, data=json.dumps({field: token}), headers={"Content-Type": "application/json"})
        assert_problem(answer, 401, "invalid_token")


# ---- Bulk --------------------------------------------------------------------------------------


def test_one_bad_file_among_good_ones_stops_no_other(alice: Person, album: str) -> None:
    good = [jpeg_bytes(100 + n, 100) for n in range(4)]
    files = [
        ("0.jpg", good[0]), ("bad.jpg", b"no picture"), ("1.jpg", good[1]), ("empty.png", b""),
        ("2.jpg", good[2]), ("again.jpg", good[0]), ("bomb.png", bomb()), ("3.jpg", good[3]),
    ]  # fmt: skip
    answer = alice.bulk(album, files)
    assert answer.status_code == 207, answer.text
    results = answer.json()["results"]
    said = [(r["name"], r["problem"]["code"] if "problem" in r else r["image"]["sha256"]) for r in results]
    hashes = [hashlib.sha256(content).hexdigest() for content in good]
    assert said == [
        ("0.jpg", hashes[0]), ("bad.jpg", "unsupported_format"), ("1.jpg", hashes[1]),
        ("empty.png", "unsupported_format"), ("2.jpg", hashes[2]), ("again.jpg", hashes[0]),
        ("bomb.png", "too_many_pixels"), ("3.jpg", hashes[3]),
    ]  # fmt: skip
    status = [r["status"] for r in results]
    # Of two equal files either may be first; both are the same image.
    assert (sorted([status[0], status[5]]), status[1:5], status[6:]) == (
        [200, 201],
        [415, 201, 415, 201],
        [413, 201],
    )
    assert results[0]["image"]["id"] == results[5]["image"]["id"]
    ids = [r["image"]["id"] for r in results if "image" in r]
    assert {image["status"] for image in alice.finished(album, ids)} == {"ready"}
    assert len(alice.images(album)) == 4


@pytest.mark.usefixtures("nothing_left")
def test_a_bulk_request_of_bad_files_alone_is_still_207(alice: Person, album: str) -> None:
    answer = alice.bulk(album, [("a.jpg", b""), ("b.jpg", SVG)])
    assert (answer.status_code, [r["status"] for r in answer.json()["results"]]) == (207, [415, 415])


@pytest.mark.usefixtures("nothing_left")
def test_more_than_100_files_at_once_are_refused_whole(alice: Person, album: str) -> None:
    answer = alice.bulk(album, [(f"{n}.png", png_bytes(8 + n, 8)) for n in range(101)])
    assert_problem(answer, 400, "too_many_files")


@pytest.mark.usefixtures("nothing_left")
def test_a_bulk_request_without_files_is_refused(alice: Person, album: str) -> None:
    answer = alice.post(f"albums/{album}/images/bulk/", files=[("caption", (None, "Hello"))])
    assert list(assert_problem(answer, 400, "invalid")["errors"]) == ["files"]


# ---- Parameters --------------------------------------------------------------------------------


def cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


BAD_PARAMETERS = {
    "page_size": ["0", "-1", "201", "1000000000", "1e2", "NaN", "x", "", " 5", "٣", "5.0", "\0"],
    "cursor": [
        "x", "====", "%", "\0", "é", "A" * 3000, cursor([]), cursor({}), cursor(None), cursor([0]),
        cursor("x" * 50),
        cursor([0, "-created_at", "x", 1]), cursor([0, "-created_at", None, 1]), cursor([0, "-created_at", 17, 1]),
        cursor([0, "-created_at", "2020-01-01T00:00:00", 1]), cursor([2, "-created_at", "2020-01-01T00:00:00Z", 1]),
        *(cursor([0, "-created_at", "2020-01-01T00:00:00Z", pk]) for pk in (10**30, -1, "1", True, None, [1])),
        cursor([0, "created_at", "2020-01-01T00:00:00Z", 1]), cursor([0, "-created_at", "9999-99-99T00:00:00Z", 1]),
        cursor([0, "-created_at", ["x"], 1]), cursor([[0], "-created_at", "2020-01-01T00:00:00Z", 1]),
    ],
    "ordering": ["", "-", "--created_at", "owner", "owner__password", "password", "pk", "a,b", "?", "\0"],
    "search": ["\0", "x" * 201],
}  # fmt: skip


@pytest.mark.parametrize("parameter", BAD_PARAMETERS)
def test_a_lists_parameters_are_read_strictly(alice: Person, album: str, parameter: str) -> None:
    for path in ("albums/", f"albums/{album}/images/"):
        for value in BAD_PARAMETERS[parameter]:
            answer = alice.get(path, params={parameter: value})
            assert answer.status_code == 400, (path, parameter, value, answer.text[:200])
            assert list(assert_problem(answer, 400, "invalid")["errors"]) == [parameter]


@pytest.mark.parametrize("value", ["doomed", "receiving", "READY", "x", "\0"])
def test_images_are_filtered_by_states_that_show(alice: Person, album: str, value: str) -> None:
    answer = alice.get(f"albums/{album}/images/", params={"status": value})
    assert list(assert_problem(answer, 400, "invalid")["errors"]) == ["status"]


def test_a_cursor_of_another_list_is_refused_or_harmless(alice: Person) -> None:
    for number in range(2):
        alice.album(f"Album {number}")
    page = alice.get("albums/?page_size=1&ordering=title", expect=200).json()
    taken = page["next"].split("cursor=")[1].split("&")[0]
    for ordering in ("-title", "created_at"):
        assert_problem(alice.get(f"albums/?cursor={taken}&ordering={ordering}"), 400, "invalid")


@pytest.mark.parametrize("offset", ["-1", "NaN", str(10**18), "x"])
def test_there_is_no_offset_to_abuse(alice: Person, offset: str) -> None:
    alice.album()
    first = alice.get("albums/", expect=200).json()["results"]
    assert alice.get(f"albums/?offset={offset}&page=7", expect=200).json()["results"] == first


def test_flags_say_true_or_false(alice: Person, album: str) -> None:
    image = alice.picture(album, GOOD)["id"]
    for path in (
        f"albums/{album}/?permanent=maybe",
        f"images/{image}/?permanent=2",
        f"albums/{album}/images/?all=yes",
    ):
        assert_problem(alice.delete(path), 400, "invalid")
    for path in (f"albums/{album}/images/", f"albums/{album}/images/?all=false", f"albums/{album}/images/?all="):
        assert list(assert_problem(alice.delete(path), 400, "invalid")["errors"]) == ["all"]
    for query in ("size=huge", "size=", "download=maybe", "size=../../original", "size=thumb%00"):
        assert_problem(alice.get(f"images/{image}/file/?{query}"), 400, "invalid")
    assert [found["id"] for found in alice.images(album)] == [image]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sha256": "x"},
        {"sha256": ["x"]},
        {"sha256": [HASH + "0"]},
        {"sha256": [None]},
        {"sha256": [HASH] * 1001},
    ],
)
def test_exists_takes_up_to_1000_hashes(alice: Person, album: str, body: Any) -> None:
    assert_problem(alice.post(f"albums/{album}/images/exists/", json=body), 400, "invalid")


# ---- Names of files ----------------------------------------------------------------------------

NAMES: list[tuple[bytes, str]] = [
    (b'filename="../x.jpg"', "x.jpg"),
    (b'filename="..\\x.jpg"', "x.jpg"),
    (b'filename="/etc/passwd"', "passwd"),
    (b'filename="C:\\Users\\a\\x.jpg"', "x.jpg"),
    (b'filename="%2e%2e%2fx.jpg"', "%2e%2e%2fx.jpg"),
    (b'filename="a\0b.jpg"', "ab.jpg"),
    (b"filename*=UTF-8''a%00b.jpg", "ab.jpg"),
    ('filename="exe\u202egpj.jpg"'.encode(), "exegpj.jpg"),
    (b'filename="' + b"x" * 296 + b'.jpg"', "x" * 251 + ".jpg"),
    (('filename="' + "ü" * 300 + '.jpeg"').encode(), "ü" * 250 + ".jpeg"),
    (('filename="' + "海" * 255 + '.jpg"').encode(), "海" * 251 + ".jpg"),
    (b'filename="a%0D%0Ab.jpg"', "a%0D%0Ab.jpg"),
    (b"filename*=UTF-8''a%0D%0AX-Evil%3A%201.jpg", "aX-Evil: 1.jpg"),
    (b'filename="say \\"hi\\".jpg"', 'say "hi".jpg'),
    ('filename="Möwe 🌊 “am” Meer.jpg"'.encode(), "Möwe 🌊 “am” Meer.jpg"),
    (b"filename*=UTF-8''M%C3%B6we.jpg", "Möwe.jpg"),
    (b'filename="x.jpg.php"', "x.jpg.php"),
    (b'filename=".htaccess"', "htaccess"),
    (b'filename="<script>alert(1)</script>.jpg"', "script>.jpg"),
    (b'filename="..."', "image"),
    (b'filename="noending"', "noending"),
    (b'filename="CON.jpg"', "CON.jpg"),
    (b'filename="; rm -rf x.jpg"', "; rm -rf x.jpg"),
]  # fmt: skip


def saved_as(disposition: str) -> str:
    """The name under which a browser saves it (RFC 6266, RFC 8187)."""
    kind, _, rest = disposition.partition("; ")
    assert kind == "attachment"
    assert disposition.isascii()
    assert disposition.isprintable()
    if found := re.fullmatch(r"filename\*=utf-8''([^;\s]+)", rest):
        return unquote(found[1])
    found = re.fullmatch(r'filename="((?:[^"\\]|\\.)*)"', rest)
    assert found, disposition
    return re.sub(r"\\(.)", r"\1", found[1])


def test_odd_names_are_cleaned_and_never_refused(alice: Person, album: str) -> None:
    wrong = {}
    for number, (filename, cleaned) in enumerate(NAMES):
        body = part(b"", jpeg_bytes(20 + number, 20), filename=filename) + CLOSING
        answer = tell(alice.server, upload_head(alice, album, len(body), "Connection: close"), body)
        assert answer is not None
        if answer.status != 201 or answer.problem()["name"] != cleaned:
            wrong[filename] = (answer.status, answer.problem().get("name", answer.problem()))
            continue
        download = alice.get(f"images/{answer.problem()['id']}/file/?download=1", expect=200)
        stem = cleaned.rpartition(".")[0] or cleaned
        if saved_as(download.headers["Content-Disposition"]) != f"{stem}.jpg":
            wrong[filename] = download.headers["Content-Disposition"]
    assert wrong == {}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("name", [b"", b".", b"..", b"/", b"\xff\xfe.jpg"])
def test_a_part_whose_name_is_none_is_no_file(alice: Person, album: str, name: bytes) -> None:
    """How browsers say that no file was chosen; Django's parser takes names that are no UTF-8 alike."""
    body = part(name, GOOD) + CLOSING
    answer = tell(alice.server, upload_head(alice, album, len(body), "Connection: close"), body)
    assert answer is not None
    assert (answer.status, list(answer.problem()["errors"])) == (400, ["file"])


def test_a_new_name_is_cleaned_the_same_way(alice: Person, album: str) -> None:
    image = alice.picture(album, GOOD)["id"]
    names = {
        "../../x.jpg": "x.jpg",
        "a\u202eb\r\n.jpg": "ab.jpg",
        "x" * 400 + ".jpg": "x" * 251 + ".jpg",
        "...": "image",
    }
    given = {
        name: alice.call("PATCH", f"images/{image}/", json={"name": name}, expect=200).json()["name"]
        for name in names
    }
    assert given == names


# ---- By hand -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("length", [LIMIT + OVERHEAD + 1, 2**40, 10**30])
def test_a_body_over_the_limit_is_refused_before_it_is_sent(alice: Person, album: str, length: int) -> None:
    answer = tell(alice.server, upload_head(alice, album, length), seconds=2)
    assert answer is not None
    problem = answer.problem()
    assert (answer.status, problem["code"], problem["limit"]) == (413, "file_too_large", LIMIT)


@pytest.mark.usefixtures("nothing_left")
def test_json_is_bounded_before_it_is_sent_too(alice: Person) -> None:
    head = upload_head(alice, NOBODYS_ID, 50 * 2**20).replace(f"/albums/{NOBODYS_ID}/images/".encode(), b"/albums/")
    answer = tell(alice.server, head.replace(b"multipart/form-data", b"application/json"), seconds=2)
    assert answer is not None
    assert (answer.status, answer.problem()["code"]) == (413, "file_too_large")


@pytest.mark.usefixtures("nothing_left")
def test_a_client_that_asks_first_is_refused_without_a_go_ahead(alice: Person, album: str) -> None:
    """`Expect: 100-continue` (RFC 9110, 10.1.1)."""
    answer = tell(alice.server, upload_head(alice, album, 2**40, "Expect: 100-continue"), seconds=2)
    assert answer is not None
    assert answer.status == 413


@pytest.mark.usefixtures("nothing_left")
def test_wrong_albums_and_nobody_are_refused_before_the_body_is_sent(
    alice: Person, bob: Person, album: str
) -> None:
    his = bob.album("His")
    for target, door in ((NOBODYS_ID, ""), (his, ""), (his, "bulk/")):
        answer = tell(alice.server, upload_head(alice, target, 1000, door=door), seconds=2)
        assert answer is not None
        assert (answer.status, answer.problem()["code"]) == (404, "not_found")
    bob.delete(f"albums/{his}/?permanent=true", expect=204)
    stranger = upload_head(alice, album, 1000).replace(b"Bearer ", b"Bearer x")
    answer = tell(alice.server, stranger, seconds=2)
    assert answer is not None
    assert (answer.status, answer.problem()["code"]) == (401, "invalid_token")


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("door", ["", "bulk/"])
def test_a_body_shorter_than_announced_is_no_upload(alice: Person, album: str, door: str) -> None:
    field = b"files" if door else b"file"
    for body in (
        part(b"x.jpg", GOOD, field=field),
        part(b"x.jpg", GOOD, field=field) + CLOSING,
        part(b"x.jpg", GOOD[:500], field=field),
        b"",
    ):
        answer = tell(alice.server, upload_head(alice, album, len(body) + 1000, door=door), body, hang_up=True)
        if answer is not None:
            assert (answer.status, answer.problem()["code"]) == (400, "parse_error")


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\n--fron"])
def test_a_form_without_its_end_is_no_upload(alice: Person, album: str, end: bytes) -> None:
    """The length is right, but the last boundary is missing: nobody knows whether the file is whole."""
    body = part(b"x.jpg", GOOD) + end
    answer = tell(alice.server, upload_head(alice, album, len(body), "Connection: close"), body)
    assert answer is not None
    assert answer.status == 400


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: -5"],
        ["Content-Length: x"],
        ["Content-Length: 5, 6"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: nonsense"],
        ["Content-Length: ٣"],
        ["Content-Length : 5"],
        [" Content-Length: 5"],
        ["X: " + "y" * 20_000],
    ],
)
def test_a_head_that_can_be_read_two_ways_is_400(alice: Person, album: str, lines: list[str]) -> None:
    answer = tell(alice.server, upload_head(alice, album, "", *lines), b"0\r\n\r\n", hang_up=True)
    assert answer is None or answer.status in (400, 411, 413, 431, 501), answer


@pytest.mark.usefixtures("nothing_left")
def test_a_chunked_upload_passes_no_limit(alice: Person, album: str) -> None:
    """Without a length there is no refusing by it, so such a body is not taken."""
    body = part(b"x.jpg", GOOD) + CLOSING
    chunks = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    answer = tell(
        alice.server, upload_head(alice, album, "", "Transfer-Encoding: chunked", "Connection: close"), chunks
    )
    assert answer is not None
    assert answer.status in (400, 411)


def test_a_refused_upload_leaves_the_connection_in_a_known_state(alice: Person, album: str) -> None:
    """Answered before its body was read, a connection is closed and says so, or goes on working."""
    for _ in range(20):
        assert alice.upload(NOBODYS_ID, GOOD * 30).status_code == 404
        assert alice.get(f"albums/{album}/").status_code == 200


# ---- The page ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("nothing_left")
def test_the_page_says_in_plain_words_what_was_refused(alice: Person, bob: Person, album: str) -> None:
    portal = alice.portal()
    page, door = f"{alice.base}/albums/{album}/", f"{alice.base}/albums/{album}/upload/"
    form = {"csrfmiddlewaretoken": portal.cookies["csrftoken"]}

    def said(files: list[Any]) -> str:
        answer = portal.post(door, data=form, files=files, headers={"Referer": page})
        assert (answer.status_code, answer.url) == (200, page)
        return answer.text

    assert "Choose at least one picture first." in said([("x", (None, "y"))])
    text = said([("files", ("letter.jpg", b"no picture")), ("files", ("empty.png", b""))])
    assert "letter.jpg: " in text
    assert "empty.png: The file is empty. Nothing was stored." in text
    his = bob.album("His")
    answer = portal.post(f"{alice.base}/albums/{his}/upload/", data=form, files=[("files", JPEG)])
    assert (answer.status_code, "There is nothing at this address" in answer.text) == (404, True)
    bob.delete(f"albums/{his}/?permanent=true", expect=204)
    answer = portal.post(door, data={"csrfmiddlewaretoken": "forged"}, files=[("files", JPEG)])
    assert answer.status_code == 403
    for query in ("cursor=x", "ordering=owner", "page_size=0", "search=%00", "status=doomed"):
        answer = portal.get(f"{page}?{query}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
