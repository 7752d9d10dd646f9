"""Signed links: how long they live, and what no forgery gets past."""

import os
import subprocess
import sys
from ast import literal_eval
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils.crypto import salted_hmac

from images.delivery.links import Links, links_of, signed_link
from images.models import Image
from images.processing.sizes import RENDER_VERSION
from images.tests.delivery.helpers import fetch
from images.tests.helpers import lose
from tests.rows import World, bearer, image_in

pytestmark = pytest.mark.django_db


THUMB = f"thumb.v{RENDER_VERSION}"
HOUR = timedelta(hours=1)
NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)


def at(moment: datetime) -> Any:
    return time_machine.travel(moment, tick=False)


# ---- How long a link lives ---------------------------------------------------------------------


def end(url: str) -> datetime:
    return datetime.fromtimestamp(int(parse_qs(urlsplit(url).query)["expires"][0]), UTC)


@pytest.fixture
def noon(world: World) -> datetime:
    """The begin of a window of the image's original, around noon."""
    with at(NOON):
        return end(links_of(world.image).original) - 2 * HOUR


def test_a_link_is_the_same_for_every_call_within_a_window(world: World, noon: datetime) -> None:
    seen = []
    for minutes in (0, 1, 59.99, 60, 119.99, 120):
        with at(noon + timedelta(minutes=minutes)):
            seen.append(links_of(world.image).original)
    assert [seen.index(url) for url in seen] == [0, 0, 0, 3, 3, 5]


@pytest.mark.parametrize(("made", "ends"), [(0, 120), (30, 120), (59.9, 120), (60, 180)])
def test_a_link_lives_to_the_end_of_the_next_window(world: World, noon: datetime, made: float, ends: float) -> None:
    """So at least one window, and never two."""
    with at(noon + timedelta(minutes=made)):
        url = links_of(world.image).original
    ended = noon + timedelta(minutes=ends)
    statuses = []
    for moment in (ended - timedelta(seconds=1), ended, ended + HOUR, ended + 10_000 * HOUR):
        with at(moment):
            statuses.append(fetch(url).status_code)
    assert statuses == [200, 404, 404, 404]


def test_a_cache_may_store_a_file_to_the_links_end_and_no_longer(world: World, noon: datetime) -> None:
    with at(noon + timedelta(minutes=10)):
        url = links_of(world.image).original
    told = []
    for minutes in (10, 60, 119):
        with at(noon + timedelta(minutes=minutes)):
            told.append(fetch(url).headers["Cache-Control"])
    assert told == [f"public, max-age={seconds}, immutable" for seconds in (110 * 60, 60 * 60, 60)]


def test_nginx_asks_again_soon_and_never_sends_a_file_beyond_the_links_end(world: World, noon: datetime) -> None:
    """It counts the second of X-Accel-Expires in; 0 is never stored."""
    with at(noon):
        url = links_of(world.image).original
    told = []
    for seconds in (7200, 60, 10, 9, 2, 1):
        with at(end(url) - timedelta(seconds=seconds)):
            told.append(fetch(url).headers["X-Accel-Expires"])
    assert told == ["9", "9", "9", "8", "1", "0"]


def test_sizes_keep_their_links_for_a_day_and_originals_for_an_hour(world: World) -> None:
    with at(NOON):
        links = links_of(world.image)
    assert links.smallest
    assert timedelta(days=1) < end(links.smallest.url) - NOON <= timedelta(days=2)
    assert HOUR < end(links.original) - NOON <= 2 * HOUR


def test_both_windows_are_settings(world: World, settings: Any) -> None:
    settings.LINK_WINDOW, settings.ORIGINAL_LINK_WINDOW = timedelta(minutes=5), timedelta(seconds=10)
    with at(NOON):
        links = links_of(world.image)
    assert links.smallest
    assert timedelta(minutes=5) < end(links.smallest.url) - NOON <= timedelta(minutes=10)
    assert timedelta(seconds=10) < end(links.original) - NOON <= timedelta(seconds=20)


def test_the_links_of_an_album_do_not_change_together(world: World) -> None:
    """200 of them at random in a day: in no minute more than a few, in no hour more than 25."""
    images = [Image(content_type="image/jpeg") for _ in range(200)]
    with at(NOON):
        ends = [end(signed_link(image, f"{THUMB}.jpg")) for image in images]
    minutes = Counter(int(moment.timestamp()) // 60 for moment in ends)
    hours = Counter(int(moment.timestamp()) // 3600 for moment in ends)
    assert max(minutes.values()) <= 6
    assert max(hours.values()) <= 25
    assert len(hours) >= 20


def test_links_point_to_the_cdn_where_one_stands_in_front(world: World, settings: Any) -> None:
    settings.MEDIA_BASE_URL = "https://cdn.example.org"
    path = reverse("signed-file", args=[world.image.public_id, "original.jpg"])
    url = links_of(world.image).original
    assert url.startswith(f"https://cdn.example.org{path}?")
    assert fetch(url.removeprefix("https://cdn.example.org")).status_code == 200
    shown = Client().get(reverse("api-image", args=[world.image.public_id]), headers=bearer(world.alice)).json()
    assert shown["original"]["url"] == url


def test_links_are_signed_as_by_the_versions_before(world: World, settings: Any) -> None:
    """Servers of both versions take each other's links."""
    path, query = links_of(world.image).original.removeprefix("/media/").split("?")
    expires, signature = parse_qs(query)["expires"][0], parse_qs(query)["signature"][0]
    key = settings.LINK_SIGNING_KEYS[0]
    mac = salted_hmac("images.delivery", f"{path}?{expires}", secret=key, algorithm="sha256")
    assert signature == mac.hexdigest()[:32]


# ---- Forgeries ---------------------------------------------------------------------------------


def forgeries(url: str, other: str) -> list[str]:
    path, query = url.split("?")
    expires, signature = (pair.split("=")[1] for pair in query.split("&"))
    later = str(int(expires) + 3600)
    return [
        path,
        f"{path}?expires={expires}",
        f"{path}?signature={signature}",
        f"{path}?expires={later}&signature={signature}",
        f"{path}?expires={expires}&signature={signature[:-1]}",
        f"{path}?expires={expires}&signature={signature}0",
        f"{path}?expires={expires}&signature={signature.swapcase()}",
        f"{path}?expires={expires}&signature={'0' * 32}",
        f"{path}?expires={expires}&signature=",
        f"{path}?expires={expires}&signature=%C3%A9",
        f"{path}?expires={expires}&signature=%00",
        f"{path}?expires=0{expires}&signature={signature}",
        f"{path}?expires=+{expires}&signature={signature}",
        f"{path}?expires={expires}.0&signature={signature}",
        f"{path}?expires=%D9%A3&signature={signature}",
        f"{path}?expires={'9' * 400}&signature={signature}",
        f"{path}?expires=-1&signature={signature}",
        f"{path}?expires=NaN&signature={signature}",
        f"{other.split('?')[0]}?{query}",
        f"{path.replace('original', THUMB)}?{query}",
        f"{path.replace('original.jpg', 'original.png')}?{query}",
        f"{path.replace('original.jpg', 'original')}?{query}",
        f"{path.replace('original.jpg', '%2e%2e%2foriginal.jpg')}?{query}",
        f"{path.replace('original.jpg', '..')}?{query}",
    ]


def test_a_forged_link_is_404_whatever_was_changed(world: World, links: Links) -> None:
    url = links.original
    assert fetch(url).status_code == 200
    opened = [
        forged for forged in forgeries(url, links_of(world.failed).original) if fetch(forged).status_code != 404
    ]
    # The number is what is signed, not how it is written.
    assert [forged for forged in opened if "expires=0" not in forged] == []


def test_a_new_key_ends_all_links(world: World, settings: Any) -> None:
    url = links_of(world.image).original
    settings.LINK_SIGNING_KEYS = ["another key of the same length, surely"]
    assert fetch(url).status_code == 404


def test_links_outlive_a_change_of_the_key_with_a_fallback(world: World, settings: Any) -> None:
    url = links_of(world.image).original
    settings.LINK_SIGNING_KEYS = ["another key of the same length, surely", *settings.LINK_SIGNING_KEYS]
    assert fetch(url).status_code == 200
    assert links_of(world.image).original != url


@pytest.mark.parametrize("own", [None, "a key for links alone, of enough characters"])
def test_links_have_a_key_of_their_own_where_one_is_set(own: str | None) -> None:
    code = "from django.conf import settings; print(settings.LINK_SIGNING_KEYS)"
    added = {"LINK_SIGNING_KEY": own} if own else {}
    asked = {**os.environ, "SECRET_KEY": "s" * 40, "SECRET_KEY_FALLBACKS": "f" * 40, **added}
    printed = subprocess.check_output([sys.executable, "-c", code], env=asked, text=True)
    assert literal_eval(printed) == ([own] if own else ["s" * 40, "f" * 40])


def test_a_genuine_link_to_a_file_that_is_gone_is_404(world: World) -> None:
    image = image_in(world.album, "third.jpg")
    thumb = image.variants["thumb"]["file"]
    url = signed_link(image, thumb)
    lose(f"{image.storage_prefix}/{thumb}")
    assert fetch(url).status_code == 404


def test_a_dead_link_is_a_problem_that_says_where_a_new_one_is(links: Links) -> None:
    answer = fetch(links.original.replace("signature=", "signature=x"))
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    problem = answer.json()
    assert problem["code"] == "not_found"
    assert problem["detail"].startswith("This link is wrong or has ended.")
    nowhere = fetch("/media/nothing")
    assert (nowhere.status_code, nowhere["Content-Type"]) == (404, "application/problem+json")


def test_a_link_with_another_state_wanted_is_412(links: Links) -> None:
    answer = fetch(links.original, **{"If-Match": '"x"'})
    assert (answer.status_code, answer["Content-Type"]) == (412, "application/problem+json")
    assert answer.json()["code"] == "precondition_failed"
    etag = fetch(links.original)["ETag"]
    assert fetch(links.original, **{"If-Match": etag}).status_code == 200
