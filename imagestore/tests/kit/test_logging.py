"""Lines of the log: whose ids they bear, and that they tell no secret."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from typing import Any
from wsgiref.util import FileWrapper

import pytest
import structlog

from imagestore.kit.logging import OwnContext, formatter
from imagestore.kit.masking import masked

bound = structlog.contextvars.get_contextvars
bind = structlog.contextvars.bind_contextvars


@pytest.fixture(autouse=True)
def _no_ids_of_other_tests() -> None:
    structlog.contextvars.clear_contextvars()


def serve(app: Any, **environ: Any) -> tuple[Any, list[bytes]]:
    body = OwnContext(app)(environ, None)
    return body, list(body)


def test_a_request_begins_without_the_ids_of_the_one_before() -> None:
    found = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        found.append(bound())
        bind(user_id=environ["user"])
        found.append(bound())
        return [b""]

    for user in (1, 2):
        serve(app, user=user)
        assert bound() == {}
    assert found == [{}, {"user_id": 1}, {}, {"user_id": 2}]


def test_a_body_that_is_made_while_it_is_sent_has_the_ids_of_its_request() -> None:
    class Body:
        closed: dict[str, Any] | None = None

        def __iter__(self) -> Iterator[bytes]:
            yield str(bound()["user_id"]).encode()
            bind(user_id=8)
            yield str(bound()["user_id"]).encode()

        def close(self) -> None:
            self.closed = bound()

    made = Body()

    def app(environ: Any, start_response: Any) -> Body:
        bind(user_id=7)
        return made

    body, chunks = serve(app)
    body.close()
    assert chunks == [b"7", b"8"]
    assert made.closed == {"user_id": 8}
    assert bound() == {}


def test_a_file_reaches_the_server_as_the_file_that_it_is(tmp_path: Any) -> None:
    (tmp_path / "file").write_bytes(b"bytes")
    with (tmp_path / "file").open("rb") as file:
        wrapper = FileWrapper(file)
        environ = {"wsgi.file_wrapper": FileWrapper}
        assert OwnContext(lambda environ, start_response: wrapper)(environ, None) is wrapper


def test_an_error_of_the_app_leaves_no_ids_behind() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        bind(user_id=7)
        raise ZeroDivisionError

    try:
        serve(app)
    except ZeroDivisionError:
        assert bound() == {}
    else:
        raise AssertionError("the error must reach the server")


# ---- Secrets ---------------------------------------------------------------------------------

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTg5In0.q1w2e3r4t5"
SIGNATURE = "0123456789abcdef0123456789abcdef"
RESET = "0189000000007000800000000000000f-cabc12-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
CONFIRM = "eyJ1c2VyIjoiMDE4OSJ9:1vO4xY:kkkkkkkkkkkkkkkk_-kkkkkkkkkkkk"
SESSION = "q9w8e7r6t5z4u3i2o1p0a9s8d7f6g5h4"
SECRETS = {
    "a signed link": (f"/media/0189/original.jpg?expires=1700000000&signature={SIGNATURE}", SIGNATURE),
    "a signed link of a CDN": (f"https://cdn.example.org/media/a.jpg?expires=1&signature={SIGNATURE}", SIGNATURE),
    "a query with a quotation mark": (f"/media/a.jpg?x='&signature={SIGNATURE}", SIGNATURE),
    "a query with an umlaut": (f"/media/a.jpg?x=ä&signature={SIGNATURE}&y=1", SIGNATURE),
    "a query": ("/accounts/login/?next=private-page", "private-page"),
    "a Referer": (f"Referer checking failed - https://a.example/x?key={RESET} does not match", RESET),
    "a reset key": (f"/accounts/password/reset/key/{RESET}/", RESET),
    "a confirmation key": (f"/accounts/confirm-email/{CONFIRM}/", CONFIRM),
    "a token": (f"no such token {JWT}", JWT),
    "a token as a value": (f"{{'access': '{JWT}'}}", JWT),
    "a header of a token": (f"Authorization: Bearer {JWT}", JWT),
    "a header of another scheme": ("Authorization: Basic YWxpY2U6a29ycmVrdA==", "YWxpY2U6a29ycmVrdA"),
    "an environment's header": (f"{{'HTTP_COOKIE': 'sessionid={SESSION}'}}", SESSION),
    "a cookie": (f"Cookie: theme=dark; sessionid={SESSION}; csrftoken=abcdefgh12345678", SESSION),
    "a cookie behind TLS": (f"__Host-sessionid={SESSION}", SESSION),
    "a cookie in a dict": (f"{{'sessionid': '{SESSION}'}}", SESSION),
    "a password of a form": ("login=alice%40example.org&password=korrekt-horse-9", "korrekt-horse-9"),
    "a password in JSON": ('{"password": "korrekt-horse-9"}', "korrekt-horse-9"),
    "a database's address": ("mysql://store:s3cr3t-word@db:3306/store", "s3cr3t-word"),
    "a bucket's address": ("s3://KEY:s3cr3tword@host:8333/bucket", "s3cr3tword"),
}
LOGGERS = [
    "django.request",
    "django.security.csrf",
    "django.server",
    "gunicorn.error",
    "allauth",
    "py.warnings",
    "images",
]


def line_of(logger: str, message: str, *args: Any, **more: Any) -> str:
    """The line that this call of a plain logger writes."""
    extra = more.pop("extra", {})
    record = logging.getLogger(logger).makeRecord(
        logger, logging.WARNING, "file.py", 1, message, args, more.get("exc_info"), extra=extra
    )
    return formatter().format(record)


def error_of(text: str) -> Any:
    try:
        raise ValueError(text) from KeyError(text)
    except ValueError:
        return sys.exc_info()


@pytest.mark.parametrize("logger", LOGGERS)
@pytest.mark.parametrize("kind", SECRETS)
def test_no_logger_prints_a_secret(logger: str, kind: str) -> None:
    text, secret = SECRETS[kind]
    lines = [
        line_of(logger, f"Bad Request: {text}"),
        line_of(logger, "Bad Request: %s", text),
        line_of(logger, "%s", ValueError(text)),
        line_of(logger, "it broke", exc_info=error_of(text)),
        line_of(logger, "it broke", extra={"about": text, "inner": {"list": [text]}, "object": ValueError(text)}),
    ]
    assert [line for line in lines if secret in line] == []
    assert [line for line in lines if json.dumps(secret)[1:-1] in line] == []
    assert all(json.loads(line)["logger"] == logger for line in lines)


@pytest.mark.parametrize("kind", SECRETS)
def test_our_own_loggers_print_no_secret_either(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    text, secret = SECRETS[kind]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter())
    logging.getLogger("masked").addHandler(handler)
    try:
        structlog.get_logger("masked").warning(text, about=text, error=ValueError(text), many=(text,))
        try:
            raise OSError(text)
        except OSError:
            structlog.get_logger("masked").exception("it broke")
    finally:
        logging.getLogger("masked").removeHandler(handler)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 2
    assert secret not in printed


def test_fields_that_are_secrets_are_hidden_whatever_they_hold() -> None:
    line = json.loads(line_of("images", "x", extra={"password": "ab", "token": [JWT], "inner": {"Cookie": "a=b"}}))
    assert (line["password"], line["token"], line["inner"]) == ("…", "…", {"Cookie": "…"})


def test_an_object_without_a_text_stops_no_line() -> None:
    class Odd:
        def __str__(self) -> str:
            raise ZeroDivisionError

    assert json.loads(line_of("images", "x", extra={"odd": Odd()}))["odd"] == "a Odd without a text"


def test_a_request_is_told_by_method_and_path(rf: Any) -> None:
    request = rf.get(f"/media/a.jpg?expires=1&signature={SIGNATURE}", headers={"Authorization": f"Bearer {JWT}"})
    line = json.loads(line_of("django.request", "Not Found: %s", request.path, extra={"request": request}))
    assert (line["event"], line["request"]) == ("Not Found: /media/a.jpg", "GET /media/a.jpg")
    reset = rf.get(f"/accounts/password/reset/key/{RESET}/")
    line = json.loads(line_of("django.request", "x", extra={"request": reset}))
    assert line["request"] == "GET /accounts/password/reset/key/…/"


@pytest.mark.parametrize(
    "text",
    [
        "image 0189-00: damaged in attempt 2",
        "Forbidden (Permission denied): /admin/images/image/",
        "Why? Because the token: it has expired, and access: denied.",
        "upload refused: invalid_image, sha256 " + "a" * 64,
        "/accounts/password/reset/key/done/",
        "redis://host:6379/0 is away",
        'File "/srv/store/images/services.py", line 17, in receive',
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert json.loads(line_of("images", "%s", text))["event"] == text


@pytest.mark.parametrize(
    "piece", ["?", "/", "eyJ", "eyJ.", "://", "://:", "cookie: ", "bearer ", "password=", "a'\""]
)
def test_masking_takes_time_by_length_alone(piece: str) -> None:
    started = time.process_time()
    masked(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 1
