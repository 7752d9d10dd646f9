"""The door before Django answers as Django does, and does less for it."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries
from django.test import RequestFactory

from images.delivery.door import MediaDoor
from images.delivery.links import Links, signed_link
from images.processing.sizes import RENDER_VERSION, SMALLEST
from images.storage.base import image_storage
from imagestore.kit.logging import formatter
from tests.rows import VARIANT, World, image_in

pytestmark = pytest.mark.django_db


class Refused(Exception):
    """The door has handed the request on."""


def hand_on(_environ: Any, _start_response: Any) -> Any:
    raise Refused


@pytest.fixture(autouse=True)
def _connection_stays_open() -> Iterator[None]:
    """As in Django's own test client."""
    request_started.disconnect(reset_queries)
    request_finished.disconnect(close_old_connections)
    request_started.disconnect(close_old_connections)
    yield
    request_started.connect(reset_queries)
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def ask(
    app: Any, url: str, method: str = "GET", *, secure: bool = False, **headers: str
) -> tuple[str, dict[str, str], bytes]:
    told: list[Any] = []
    environ = RequestFactory().generic(method, url, secure=secure, headers={"Host": "localhost", **headers}).environ
    # As gunicorn tells it.
    environ["RAW_URI"] = url
    body = app(environ, lambda status, fields: told.extend([status, fields]))
    content = b"".join(body)
    getattr(body, "close", lambda: None)()
    status, fields = told
    assert len({name for name, _ in fields}) == len(fields)
    named = dict(fields)
    assert named.pop("X-Request-ID")
    return status, named, content


@pytest.fixture
def django() -> Any:
    return WSGIHandler()


def thumb(links: Links) -> str:
    assert links.smallest is not None
    return links.smallest.url


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Range": "bytes=3-9"},
        {"Range": "bytes=-5"},
        {"Range": "bytes=0-1,4-5"},
        {"If-None-Match": "*"},
        {"If-None-Match": '"other"'},
        {"If-Range": '"other"', "Range": "bytes=0-0"},
        {"Cookie": "sessionid=" + "x" * 32, "Accept-Language": "de", "Accept-Encoding": "br"},
        {"Origin": "https://elsewhere.example"},
    ],
)
def test_what_the_door_answers_is_what_django_answers(
    django: Any, links: Links, method: str, headers: dict[str, str]
) -> None:
    for url in (thumb(links), links.original):
        with time_machine.travel(time.time(), tick=False):
            shown = ask(MediaDoor(hand_on), url, method, **headers)
            assert shown == ask(django, url, method, **headers)
        assert shown[0][:3] in ("200", "206", "304")
        assert shown[1]["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_link_to_an_older_version_goes_on_to_django(world: World) -> None:
    with pytest.raises(Refused):
        ask(MediaDoor(hand_on), signed_link(world.image, f"{SMALLEST}.v0.jpg"))


@pytest.mark.parametrize("secure", [False, True])
def test_over_https_too(django: Any, links: Links, settings: Any, *, secure: bool) -> None:
    settings.SECURE_HSTS_SECONDS = 3600
    with time_machine.travel(time.time(), tick=False):
        shown = ask(MediaDoor(hand_on), thumb(links), secure=secure)
        assert ("Strict-Transport-Security" in shown[1]) == secure
        assert shown == ask(WSGIHandler(), thumb(links), secure=secure)


def test_a_redirect_to_https_is_left_to_django(links: Links, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    with pytest.raises(Refused):
        ask(MediaDoor(hand_on), thumb(links))
    assert ask(MediaDoor(hand_on), thumb(links), secure=True)[0] == "200 OK"


@pytest.mark.parametrize(
    ("method", "change", "headers"),
    [
        ("GET", lambda url: url + "0", {}),
        ("GET", lambda url: url.replace("expires=", "expires=9"), {}),
        ("GET", lambda url: url.split("?")[0], {}),
        ("GET", lambda url: url.replace("/media/", "/media//"), {}),
        ("GET", lambda url: url.replace("/media/", "/MEDIA/"), {}),
        ("GET", lambda _: "/media/", {}),
        ("GET", lambda _: "/accounts/login/", {}),
        ("GET", lambda url: url, {"Host": "evil.example"}),
        ("GET", lambda url: url, {"If-Match": '"other"'}),
        ("GET", lambda url: url, {"Range": "bytes=900000-"}),
        ("POST", lambda url: url, {}),
        ("OPTIONS", lambda url: url, {}),
        ("DELETE", lambda url: url, {}),
    ],
)
def test_all_else_goes_on_to_django(links: Links, method: str, change: Any, headers: dict[str, str]) -> None:
    with pytest.raises(Refused):
        ask(MediaDoor(hand_on), change(thumb(links)), method, **headers)


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("/media/", "/%6dedia/"),
        lambda url: url.replace("/media/", "/media%2F"),
        lambda url: url.replace("thumb", "%74humb"),
        lambda url: f"http://localhost{url}",
        lambda url: f"{url}#x",
        lambda url: f"{url}&x=1",
        lambda url: "{0}?{2}&{1}".format(*url.replace("&", "?").split("?")),
    ],
)
def test_no_cache_stores_a_link_in_another_spelling(django: Any, links: Links, change: Any) -> None:
    """It would have a key of its own there, which no purge names."""
    url = change(thumb(links))
    with pytest.raises(Refused):
        ask(MediaDoor(hand_on), url)
    status, headers, content = ask(django, url)
    assert (status, content) == ("200 OK", VARIANT)
    assert headers["Cache-Control"] == "private, no-cache"
    assert "X-Accel-Expires" not in headers


def test_a_file_that_is_gone_goes_on_to_django(world: World) -> None:
    image = image_in(world.album, "third.jpg")
    with pytest.raises(Refused):
        ask(MediaDoor(hand_on), signed_link(image, f"large.v{RENDER_VERSION}.jpg"))


def test_a_storage_that_fails_is_asked_once(django: Any, links: Links, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may take its whole time-out to fail."""
    asked = []

    def fail(name: str) -> Any:
        asked.append(name)
        raise OSError("gone")

    monkeypatch.setattr(type(image_storage()), "open_stored", lambda _self, name: fail(name))
    with time_machine.travel(time.time(), tick=False):
        shown = ask(MediaDoor(django), thumb(links))
        assert (shown[0][:3], len(asked)) == ("503", 1)
        assert shown == ask(django, thumb(links))


def test_a_redirect_is_completed_by_django(django: Any, world: World) -> None:
    url = signed_link(world.image, f"{SMALLEST}.v0.jpg")
    shown = ask(MediaDoor(django), url)
    assert shown[0].startswith("302")
    assert shown == ask(django, url)


def test_the_server_sends_the_file(links: Links) -> None:
    """It gets the open file, which the kernel copies to the client."""
    environ = RequestFactory().get(thumb(links), headers={"Host": "localhost"}).environ
    environ["wsgi.file_wrapper"] = lambda file: file
    file: Any = MediaDoor(hand_on)(environ, lambda *_: None)
    assert file.read(1000) == VARIANT
    file.close()


@pytest.mark.parametrize("given", [None, "from-a-proxy-1"])
def test_the_log_tells_of_it_as_of_a_request_to_django(
    django: Any, links: Links, given: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter())
    requests = logging.getLogger("imagestore.requests")
    requests.addHandler(handler)
    requests.setLevel(logging.INFO)
    try:
        for app in (MediaDoor(hand_on), django):
            ask(app, thumb(links), **({"X-Request-ID": given} if given else {}))
    finally:
        requests.removeHandler(handler)
        requests.setLevel(logging.NOTSET)
    ours, djangos = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert [list(ours), ours["timestamp"][10::16]] == [list(djangos), djangos["timestamp"][10::16]]
    for changing in ("ms", "timestamp", *([] if given else ["request_id"])):
        assert type(ours.pop(changing)) is type(djangos.pop(changing))
    assert ours == djangos
    assert ours["path"] == thumb(links).split("?")[0]
