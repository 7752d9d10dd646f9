"""What travels to a browser: pictures once, scripts in one round."""

import re
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page

from images.tests.pictures import jpeg_bytes
from imagestore.kit.static import with_imports
from tests.browser.pages import expect_pictures, sign_in, wait_until
from tests.people import Person

PICTURES = 6
# The first photo, and the next one in advance.
VIEWED = 2
LATENCY_MILLISECONDS = 200
# Of each picture or script of the page: its path, what was transferred (bytes), begin and end (milliseconds).
LOADED = """kind => performance.getEntriesByType("resource")
    .filter(entry => new URL(entry.name).pathname.match(kind))
    .map(entry => [new URL(entry.name).pathname, entry.transferSize, entry.startTime, entry.responseEnd])"""
PICTURE, SCRIPT = "^/media/", r"^/static/js/|^/static/vendor/.*\.js$"


@pytest.fixture
def album(context: BrowserContext, alice: Person) -> str:
    """The path of an album's page; the browser is signed in."""
    album = alice.album()
    for number in range(PICTURES):
        alice.picture(album, jpeg_bytes(900 + number, 600), f"{number}.jpg")
    sign_in(context, alice)
    return f"/albums/{album}/"


def pictures_of(page: Page) -> dict[str, int]:
    """The bytes that each picture of this page has cost."""
    return {path: size for path, size, *_ in page.evaluate(LOADED, PICTURE)}


def wait_for_pictures(page: Page, count: int) -> None:
    """Until so many different pictures of this page have come."""
    wait_until(
        page, f"([kind, count]) => new Set(({LOADED})(kind).map(([path]) => path)).size === count", [PICTURE, count]
    )


def test_the_second_visit_to_an_album_transfers_no_byte_of_a_picture(page: Page, album: str) -> None:
    page.goto(album)
    expect_pictures(page, PICTURES)
    first = pictures_of(page)
    assert len(first) == PICTURES
    assert min(first.values()) > 0
    page.goto("/albums/")
    page.goto(album)
    expect_pictures(page, PICTURES)
    assert pictures_of(page) == dict.fromkeys(first, 0)
    page.reload()
    expect_pictures(page, PICTURES)
    assert pictures_of(page) == dict.fromkeys(first, 0)


def test_nor_does_the_way_back_from_the_viewer(page: Page, album: str) -> None:
    page.goto(album)
    expect_pictures(page, PICTURES)
    tiles = pictures_of(page)
    page.locator(".tile__link").first.click()
    wait_for_pictures(page, len(tiles) + VIEWED)
    viewed = pictures_of(page).keys() - tiles.keys()
    viewer = page.url
    page.goto(album)
    expect_pictures(page, PICTURES)
    # Of a picture that it has larger already, Chromium shows that.
    assert set(pictures_of(page).values()) == {0}
    page.goto(viewer)
    wait_for_pictures(page, VIEWED)
    assert pictures_of(page) == dict.fromkeys(viewed, 0)


def scripts_named_by(page: Page) -> list[str]:
    """What the page itself names, as modules or for the preload of modules."""
    elements = "elements => elements.map(element => element.src || element.href)"
    named: list[str] = page.locator("script[type=module], link[rel=modulepreload]").evaluate_all(elements)
    return [urlsplit(url).path for url in named]


def without_hash(path: str) -> str:
    return re.sub(r"\.[0-9a-f]{12}(?=\.js$)", "", path)


@pytest.mark.parametrize("which", ["landing", "albums", "album", "photos", "image", "trash", "profile"])
def test_scripts_come_in_one_round(page: Page, context: BrowserContext, album: str, which: str) -> None:
    page.goto(album)
    paths: dict[str, Any] = {"landing": "/", "album": album, "image": page.locator(".tile__link").first}
    path = paths.get(which, f"/{which}/")
    if which == "image":
        path = urlsplit(str(path.get_attribute("href"))).path
    if which == "landing":
        context.clear_cookies()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    throughput = {"downloadThroughput": -1, "uploadThroughput": -1}
    network.send(
        "Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MILLISECONDS, **throughput}
    )
    page.goto(path)
    page.wait_for_load_state("networkidle")
    named = scripts_named_by(page)
    # Those of the photos over a grid come when the browser is idle.
    later = {f"/static/{name}" for name in with_imports(["js/overlay.js"])}
    loaded = [
        entry for entry in page.evaluate(LOADED, SCRIPT) if entry[0] in named or without_hash(entry[0]) not in later
    ]
    # Each other module is named, and nothing is named that no module needs.
    assert Counter(named) == Counter(path for path, *_ in loaded)
    begins, ends = ([entry[number] for entry in loaded] for number in (2, 3))
    assert max(begins) < min(ends)
