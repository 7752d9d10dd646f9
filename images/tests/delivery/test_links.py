"""Signed links: how long they live, and what no forgery gets past."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from images.delivery.links import Links, links_of, signed_link
from images.tests.delivery.helpers import fetch
from tests.rows import World, bearer, image_in

pytestmark = pytest.mark.django_db


HOUR = timedelta(hours=1)
NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)


def at(moment: datetime) -> Any:
    return time_machine.travel(moment, tick=False)


# ---- How long a link lives ---------------------------------------------------------------------


def test_a_link_is_the_same_for_every_call_within_a_window(world: World) -> None:
    seen = []
    for minutes in (0, 1, 59.99, 60, 119.99, 120):
        with at(NOON + timedelta(minutes=minutes)):
            seen.append(links_of(world.image).original)
    assert [seen.index(url) for url in seen] == [0, 0, 0, 3, 3, 5]


@pytest.mark.parametrize(("made", "ends"), [(0, 120), (30, 120), (59.9, 120), (60, 180)])
def test_a_link_lives_to_the_end_of_the_next_window(world: World, made: float, ends: float) -> None:
    """So at least one window, and never two."""
    with at(NOON + timedelta(minutes=made)):
        url = links_of(world.image).original
    end = NOON + timedelta(minutes=ends)
    statuses = []
    for moment in (end - timedelta(seconds=1), end, end + HOUR, end + 10_000 * HOUR):
        with at(moment):
            statuses.append(fetch(url).status_code)
    assert statuses == [200, 404, 404, 404]


def test_a_cache_may_store_a_file_to_the_links_end_and_no_longer(world: World) -> None:
    with at(NOON + timedelta(minutes=10)):
        url = links_of(world.image).original
    told = []
    for minutes in (10, 60, 119):
        with at(NOON + timedelta(minutes=minutes)):
            told.append(fetch(url).headers["Cache-Control"])
    assert told == [f"public, max-age={seconds}, immutable" for seconds in (110 * 60, 60 * 60, 60)]


def test_the_window_is_a_setting(world: World, settings: Any) -> None:
    settings.LINK_WINDOW = timedelta(seconds=10)
    with at(NOON):
        url = links_of(world.image).original
    statuses = []
    for seconds in (0, 19, 20):
        with at(NOON + timedelta(seconds=seconds)):
            statuses.append(fetch(url).status_code)
    assert statuses == [200, 200, 404]


def test_links_point_to_the_cdn_where_one_stands_in_front(world: World, settings: Any) -> None:
    settings.MEDIA_BASE_URL = "https://cdn.example.org"
    path = reverse("signed-file", args=[world.image.public_id, "original.jpg"])
    url = links_of(world.image).original
    assert url.startswith(f"https://cdn.example.org{path}?")
    assert fetch(url.removeprefix("https://cdn.example.org")).status_code == 200
    shown = Client().get(reverse("api-image", args=[world.image.public_id]), headers=bearer(world.alice)).json()
    assert shown["original"]["url"] == url


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
        f"{path.replace('original', 'thumb.v1')}?{query}",
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


def test_a_link_signed_with_another_key_is_404(world: World, settings: Any) -> None:
    url = links_of(world.image).original
    settings.SECRET_KEY = "another key of the same length, surely"
    assert fetch(url).status_code == 404


def test_links_outlive_a_change_of_keys(world: World, settings: Any) -> None:
    url = links_of(world.image).original
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of the same length, surely"
    assert fetch(url).status_code == 200


def test_a_genuine_link_to_a_file_that_is_gone_is_404(world: World) -> None:
    image = image_in(world.album, "third.jpg")
    url = signed_link(image, "large.v1.jpg")
    assert fetch(url).status_code == 404
