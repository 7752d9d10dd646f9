"""Nothing that a user gets counts what others do: no primary key, in no spelling, and no other change (P6)."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.http import int_to_base36

from accounts.models import ApiLogin
from accounts.tests.helpers import delivered
from albums.models import Album
from images.deletion.trash import trash_images
from images.models import Image
from tests.access.endpoints import API, AUTH, PAGES, Endpoint, read_to_end, signed_in
from tests.rows import PASSWORD, World, album_of, bearer, image_in, person

pytestmark = pytest.mark.django_db

# Bob's rows have this key, and alice's one of the next 999: as words, these numbers stand nowhere by chance.
FIRST_KEY = 1_987_656_000
DECIMAL, BASE36, HEXADECIMAL = str(FIRST_KEY)[:-3], int_to_base36(FIRST_KEY)[:-2], f"{FIRST_KEY:x}"[:-3]
KEY = re.compile(
    rf"(?<!\d){DECIMAL}\d{{3}}(?!\d)"
    rf"|(?<![0-9a-z]){BASE36}[0-9a-z]{{2}}(?![0-9a-z])"
    rf"|(?<![0-9a-f]){HEXADECIMAL}[0-9a-f]{{3}}(?![0-9a-f])",
    re.IGNORECASE,
)
LISTS = ("api-albums", "api-images", "api-timeline", "api-trash", "album-list", "album-detail", "trash")


@pytest.fixture
def world(db: None) -> World:
    bob = person("bob", pk=FIRST_KEY)
    EmailAddress.objects.create(pk=FIRST_KEY, user=bob, email=bob.email)
    ApiLogin.objects.create(pk=FIRST_KEY, user=bob, expires_at=timezone.now())
    image_in(Album.objects.create(pk=FIRST_KEY, owner=bob, title="His"), pk=FIRST_KEY)
    world = World(bob=bob)
    for number in range(3):
        image_in(album_of(world.alice, f"{number}"))
        image_in(world.album, f"{number}.jpg")
        trash_images(world.alice, Image.objects.filter(pk=image_in(world.album, f"old {number}.jpg").pk))
    return world


def readings(text: str) -> Iterator[str]:
    """The text, and what its words mean as base64, twice: cursors, tokens, signed values."""
    yield text
    for word in set(re.findall(r"[\w+/-]{6,}", text)):
        yield from inside(word, depth=2)


def inside(word: str, depth: int) -> Iterator[str]:
    try:
        decoded = base64.urlsafe_b64decode(word.replace("+", "-").replace("/", "_") + "=" * (-len(word) % 4))
    except (binascii.Error, ValueError):
        return
    text = decoded.decode("latin-1")
    yield text
    if depth > 1:
        for inner in set(re.findall(r"[\w+/-]{6,}", text, re.ASCII)):
            yield from inside(inner, depth - 1)


def keys_in(text: str) -> list[str]:
    return [reading for reading in readings(text) if KEY.search(reading)]


def everything_of(answer: Any) -> str:
    """Headers, cookies and body; of files only the headers."""
    read_to_end(answer)
    body = b"" if answer.streaming else answer.content
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return "\n".join([headers, answer.cookies.output(), body.decode(errors="replace")])


def gets(endpoints: list[Endpoint]) -> list[Endpoint]:
    return [each for each in endpoints if each.method == "GET" and each.owner < 400]


def test_the_search_finds_a_key_in_each_spelling() -> None:
    key = FIRST_KEY + 17
    packed = base64.urlsafe_b64encode(f'[0,"title","x",0,{key}]'.encode()).decode()
    for spelling in (f"/albums/{key}/", int_to_base36(key), f"{key:x}", packed, f"a.{packed}.b",
                     base64.b64encode(f"x:{packed}".encode()).decode()):  # fmt: skip
        assert keys_in(f"<a href='?cursor={spelling}'>"), spelling
    assert keys_in("a page without one, 987-654-321") == []


@pytest.mark.parametrize("endpoint", gets([*PAGES, *AUTH, *API]), ids=str)
def test_no_answer_bears_a_primary_key(endpoint: Endpoint, world: World) -> None:
    assert world.alice.pk > FIRST_KEY
    assert FIRST_KEY < world.image.pk < FIRST_KEY + 1000
    query = "?page_size=1" if endpoint.route in LISTS else ""
    answer = endpoint.request(signed_in(world.alice), endpoint.of(world) + query)
    assert answer.status_code < 400
    assert keys_in(everything_of(answer)) == []


@pytest.mark.parametrize("route", [name for name in LISTS if name.startswith("api-")])
def test_no_page_of_a_list_bears_a_primary_key(route: str, world: World) -> None:
    path = reverse(route, kwargs={"album": world.album.public_id} if route == "api-images" else {})
    url, pages = f"{path}?page_size=1", 0
    while url:
        answer = Client().get(url, headers=bearer(world.alice))
        assert keys_in(everything_of(answer)) == []
        url, pages = answer.json()["next"], pages + 1
    assert pages >= 3


def test_no_change_is_answered_with_a_primary_key(world: World) -> None:
    for endpoint in [*PAGES, *API]:
        if endpoint.method in ("POST", "PATCH") and endpoint.owner < 400:
            answer = endpoint.request(signed_in(world.alice), endpoint.of(world))
            assert keys_in(everything_of(answer)) == [], endpoint


def test_no_token_names_a_row_by_its_key(world: World) -> None:
    body = {"email": "new@example.org", "password": PASSWORD}
    registered = Client().post(reverse("api-register"), body, content_type="application/json")
    login = Client().post(reverse("api-login"), body, content_type="application/json")
    refresh = {"refresh": login.json()["refresh"]}
    refreshed = Client().post(reverse("api-refresh"), refresh, content_type="application/json")
    assert [answer.status_code for answer in (registered, login, refreshed)] == [201, 200, 200]
    assert [each.pk > FIRST_KEY for each in ApiLogin.objects.filter(user__email=body["email"])] == [True, True]
    for answer in (registered, login, refreshed):
        assert keys_in(everything_of(answer)) == []


def test_no_mail_names_a_row_by_its_key(world: World, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    sign_up = {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}
    answers = [
        Client().post(reverse("account_signup"), sign_up),
        Client().post(reverse("account_reset_password"), {"email": world.alice.email}),
    ]
    assert [answer.status_code for answer in answers] == [302, 302]
    bodies = [message.body for message in delivered()]
    assert EmailAddress.objects.get(email="new@example.org").pk > FIRST_KEY
    assert [("confirm-email/" in body, "reset/key/" in body) for body in bodies] == [(True, False), (False, True)]
    for text in (*bodies, *map(everything_of, answers)):
        assert keys_in(text) == []


# What differs between two equal requests: the request's id, the mask of the CSRF token, the end of a link.
OF_THE_MOMENT = re.compile(
    r"X-Request-ID: \S+|Expires: .*|csrftoken=[^;]+; expires=[^;]+"
    r'|csrfmiddlewaretoken" value="\w+|"csrfToken": "\w+'
    r"|expires=\d+&(?:amp;)?signature=\w+"
)


def test_what_alice_sees_stays_equal_while_bob_adds_rows(world: World) -> None:
    client = signed_in(world.alice)
    endpoints = gets([*PAGES, *API])

    def seen() -> dict[str, str]:
        return {
            str(each): OF_THE_MOMENT.sub("", everything_of(each.request(client, each.of(world))))
            for each in endpoints
        }

    before = seen()
    for number in range(3):
        person(f"more{number}")
        image_in(album_of(world.bob, f"More {number}"))
        trash_images(world.bob, Image.objects.filter(pk=image_in(album_of(world.bob)).pk))
    after = seen()
    assert len(before) > 25
    assert {name: (before[name], after[name]) for name in before if before[name] != after[name]} == {}
