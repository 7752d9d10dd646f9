"""Two megabytes of text that is slow to normalise, match or decode, in every field of every endpoint.

One request of it must not hold the server: a field's length is looked at before anything else.
"""

import codecs
import encodings
import json
import pkgutil
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import EMAIL_LENGTH, normalise_email
from images.models import NAME_LENGTH
from images.uploads.filenames import clean_name
from imagestore.api.serializers.uploads import MAX_HASHES
from imagestore.kit.middleware import ReadableContentType, Utf8Only
from tests.access.endpoints import API, AUTH, Endpoint
from tests.rows import World, bearer

pytestmark = pytest.mark.django_db

SIZE_BYTES = 2_000_000
HOSTILE = {
    "combining marks": "a" + "\u0301\u0327" * (SIZE_BYTES // 4),
    "a domain of CJK": "a@" + "漢" * (SIZE_BYTES // 3),
    "joiners": "a\u200d" * (SIZE_BYTES // 4),
    "digits": "9" * SIZE_BYTES,
    "letters that NFKC makes longer": "\ufdfa" * (SIZE_BYTES // 3),
    "spaces": " " * SIZE_BYTES,
    "slashes and dots": "../" * (SIZE_BYTES // 3),
}
# An answer to hostile text may cost so much more than a normal one, and this much in any case: less is noise.
FACTOR, FLOOR_SECONDS = 10, 0.5
MAX_ANSWER_BYTES = 4096
FORMS = {
    "account_login": ("login", "password"),
    "account_signup": ("email", "password1"),
    "account_reset_password": ("email",),
    "profile": ("name",),
    "profile-delete": ("password",),
    "album-create": ("title", "description"),
}
PUBLIC_BODIES = [
    Endpoint("api-login", "POST", 401, 401, 401, {"email": "a@example.org", "password": "wrong"}),
    Endpoint(
        "api-register", "POST", 201, 201, 201, {"email": "a@example.org", "password": "korrekt 9", "name": "A"}
    ),
]
BODIES = [(endpoint, name) for endpoint in [*PUBLIC_BODIES, *AUTH, *API] if endpoint.body for name in endpoint.body]


@pytest.fixture(autouse=True)
def no_limit_of_the_whole_body(settings: Any) -> None:
    """Each field must defend itself: MAX_TEXT_BYTES may be raised."""
    settings.MAX_TEXT_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * SIZE_BYTES


@pytest.fixture
def world(db: None) -> World:
    return World()


def cpu_seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    cache.clear()
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def assert_cheap(normal: Callable[[], Any], hostile: Callable[[], Any]) -> Any:
    usual, _ = cpu_seconds(normal)
    seconds, answer = cpu_seconds(hostile)
    assert seconds <= max(FACTOR * usual, FLOOR_SECONDS), f"{seconds:.1f} s of CPU, normally {usual:.3f} s"
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize(("endpoint", "name"), BODIES, ids=lambda value: str(value))
def test_every_field_of_the_api(world: World, endpoint: Any, name: str, kind: str) -> None:
    client, path, headers = Client(raise_request_exception=False), endpoint.of(world), bearer(world.alice)

    def ask(body: dict[str, Any]) -> Any:
        return client.generic(
            endpoint.method, path, _as_json(body), content_type="application/json", headers=headers
        )

    answer = assert_cheap(
        lambda: ask(endpoint.body), lambda: ask({**endpoint.body, name: _like(endpoint.body[name], HOSTILE[kind])})
    )
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert len(answer.content) <= MAX_ANSWER_BYTES


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize(("page", "name"), [(page, name) for page, names in FORMS.items() for name in names])
def test_every_field_of_the_forms(world: World, page: str, name: str, kind: str) -> None:
    client = Client(raise_request_exception=False)
    if not page.startswith("account_"):
        client.force_login(world.alice)
    fields = {field: "a@example.org" if field in ("login", "email") else "wrong" for field in FORMS[page]}
    answer = assert_cheap(
        lambda: client.post(reverse(page), fields),
        lambda: client.post(reverse(page), {**fields, name: HOSTILE[kind]}),
    )
    assert answer.status_code < 500


def _as_json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _like(value: Any, text: str) -> Any:
    return [text] if isinstance(value, list) else text


# ---- The places that normalise --------------------------------------------------------------------


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_address_that_is_too_long_stays_too_long(kind: str) -> None:
    """So validation refuses it; and its beginning is not taken for an address."""
    assert len(normalise_email(HOSTILE[kind])) == EMAIL_LENGTH + 1


def test_an_address_that_normalising_makes_too_long_is_too_long() -> None:
    assert len(normalise_email("\ufdfa" * 20 + "@example.org")) == EMAIL_LENGTH + 1


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_name_of_a_file_is_cut_before_it_is_cleaned(kind: str) -> None:
    seconds, name = cpu_seconds(lambda: clean_name(HOSTILE[kind]))
    assert len(name) <= NAME_LENGTH
    assert seconds <= FLOOR_SECONDS


# ---- Lists, and answers to errors -----------------------------------------------------------------


@pytest.mark.parametrize("items", [[1] * 300_000, ["a" * 64] * (MAX_HASHES + 1), [{}] * MAX_HASHES])
def test_a_list_is_refused_by_its_length_or_its_first_wrong_item(world: World, items: list[Any]) -> None:
    path = reverse("api-images-exists", args=[world.album.public_id])

    def ask(hashes: list[Any]) -> Any:
        return Client().post(path, {"sha256": hashes}, content_type="application/json", headers=bearer(world.alice))

    answer = assert_cheap(lambda: ask(["a" * 64] * MAX_HASHES), lambda: ask(items))
    assert answer.status_code == 400
    assert len(answer.json()["errors"]["sha256"]) == 1
    assert len(answer.content) <= MAX_ANSWER_BYTES


# ---- Charsets -------------------------------------------------------------------------------------


def _charsets() -> list[str]:
    names = {name for _, name, _ in pkgutil.iter_modules(encodings.__path__)} - {"aliases"}
    return sorted(names | {"utf-16", "utf-7", "nonsense", "punycode", "idna", "hex", "rot13", ""})


@pytest.mark.parametrize("charset", _charsets())
def test_only_utf_8_is_taken(charset: str) -> None:
    body, kind = b'{"email": "a@example.org", "password": "wrong"}', f"application/json; charset={charset}"
    answer = Client().generic("POST", reverse("api-login"), body, content_type=kind)
    is_utf_8 = charset.lower() in Utf8Only.ACCEPTED
    assert answer.status_code == (401 if is_utf_8 else 415)
    if not is_utf_8:
        assert answer.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "us-ascii", "ASCII"])
def test_utf_8_by_any_of_its_names(charset: str) -> None:
    assert codecs.lookup(charset)
    kind = f"application/json; charset={charset}"
    assert Client().generic("POST", reverse("api-login"), b"{}", content_type=kind).status_code == 400


def test_pages_take_only_utf_8_too() -> None:
    kind = "application/x-www-form-urlencoded; charset=punycode"
    assert Client().generic("POST", reverse("account_login"), b"login=a", content_type=kind).status_code == 415


def test_a_content_type_that_cannot_be_parsed_is_refused_and_not_a_500() -> None:
    """Django would raise before its first middleware."""
    seen = {}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        return []

    wrapped = ReadableContentType(application)
    wrapped({"CONTENT_TYPE": "application/json; charset*=nonsense''utf-8"}, None)
    assert seen["CONTENT_TYPE"] == "application/octet-stream; charset=unreadable"
    answer = Client().generic("POST", reverse("api-login"), b"{}", content_type=seen["CONTENT_TYPE"])
    assert answer.status_code == 415
    wrapped({"CONTENT_TYPE": "application/json; charset=utf-8"}, None)
    assert seen["CONTENT_TYPE"] == "application/json; charset=utf-8"
