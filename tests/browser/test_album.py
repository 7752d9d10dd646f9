"""A long album is one: it loads on, stays small, and one finds one's place in it. Tiles whose links end heal."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.fill import fill
from tests.browser.pages import PHONE, serve_pictures, sign_in, wait_until
from tests.people import PATIENCE, Person
from tests.servers import Server

COUNT = 2000
# Some parts around the window, never the album.
MOST_TILES = 700
# About a part of the list.
WHEEL_PX = 4000
# Between rows it is 4, and places are rounded.
GAP_PX = 5
WATCH_PARTS = """() => {
  const grid = document.querySelector("[data-tiles]");
  const seen = window.seen = { names: [], most: 0, gaps: [] };
  const read = (part) => {
    seen.names.push(...[...part.querySelectorAll("img")].map(({ alt }) => alt));
    seen.most = Math.max(seen.most, grid.querySelectorAll(".tile").length);
    const before = part.previousElementSibling;
    if (before) seen.gaps.push(part.getBoundingClientRect().top - before.getBoundingClientRect().bottom);
  };
  grid.querySelectorAll("[data-part]").forEach(read);
  grid.addEventListener("tiles:added", ({ detail }) => read(detail.part));
}"""
# The page has stored where the window stands now.
SAVED = """() => {
  const {id, y} = history.state.seen;
  return Math.abs(document.getElementById(`i-${id}`)?.getBoundingClientRect().y - y) < 1;
}"""
FIRST_IN_WINDOW = """() => {
  const tile = [...document.querySelectorAll('.tile')].find(tile => tile.getBoundingClientRect().y > 60);
  return [tile.id, tile.getBoundingClientRect().y];
}"""


@pytest.fixture
def long_album(context: BrowserContext, alice: Person, server: Server, page: Page) -> str:
    """The path of an album with 2000 photos, oldest first, whose pictures the browser gets from here."""
    album = alice.album("A long year")
    fill(server, album, COUNT)
    sign_in(context, alice)
    serve_pictures(page)
    return f"/albums/{album}/?ordering=taken_at"


def test_a_long_album_scrolls_to_its_end_with_few_tiles_in_the_document(page: Page, long_album: str) -> None:
    """By the wheel. Each photo comes once, in its place, and no part leaves a gap to the one before."""
    page.goto(long_album)
    page.evaluate(WATCH_PARTS)
    page.mouse.move(600, 400)
    names = [f"IMG_{number:05}.jpg" for number in range(COUNT)]
    deadline = time.monotonic() + 3 * PATIENCE
    while (name := page.evaluate("seen.names.at(-1)")) != names[-1]:
        assert time.monotonic() < deadline, f"only until {name}"
        page.mouse.wheel(0, WHEEL_PX)
    seen = page.evaluate("seen")
    assert seen["names"] == names
    assert seen["most"] <= MOST_TILES
    assert all(0 <= gap <= GAP_PX for gap in seen["gaps"])
    last = page.get_by_alt_text(names[-1])
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    expect(page.locator("[data-position]")).to_have_text(re.compile(r"^May 2020, 1,9\d\d of 2,000$"))
    page.evaluate("scrollTo(0, 0)")
    expect(page.get_by_alt_text(names[0])).to_be_in_viewport()
    assert page.locator(".tile").count() <= MOST_TILES


def test_the_dates_lead_to_a_month_and_a_reload_returns_there(page: Page, long_album: str) -> None:
    page.set_viewport_size(PHONE)
    page.goto(long_album)
    page.get_by_role("button", name="Dates").click()
    page.get_by_role("link", name="March 2020").click()
    # 425 days of four photos each come before.
    expect(page.get_by_alt_text("IMG_01698.jpg")).to_be_in_viewport()
    expect(page.locator("[data-position]")).to_have_text(re.compile("^March 2020, 1,(699|70.) of 2,000$"))
    assert page.evaluate("document.activeElement.closest('.tile').querySelector('img').alt") == "IMG_01698.jpg"
    # The part before comes without moving the tiles.
    expect(page.get_by_alt_text("IMG_01697.jpg")).to_be_attached()
    expect(page.get_by_alt_text("IMG_01698.jpg")).to_be_in_viewport()
    wait_until(page, "() => history.state?.seen")
    page.evaluate("scrollBy(0, 700)")
    wait_until(page, SAVED)
    tile, y = page.evaluate(FIRST_IN_WINDOW)
    page.reload()
    wait_until(
        page, "([id, y]) => Math.abs(document.getElementById(id)?.getBoundingClientRect().y - y) <= 2", [tile, y]
    )


def test_without_scripts_a_long_album_has_pages_and_dates(
    browser_without_scripts: Callable[[Person], Page], alice: Person, server: Server
) -> None:
    album = alice.album("A long year")
    fill(server, album, 150)
    page = browser_without_scripts(alice)
    serve_pictures(page)
    page.goto(f"/albums/{album}/?ordering=taken_at")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_alt_text("IMG_00050.jpg")).to_be_attached()
    page.get_by_role("button", name="Dates").click()
    page.get_by_role("link", name="January 2019").click()
    expect(page.get_by_alt_text("IMG_00000.jpg")).to_be_attached()
    page.get_by_alt_text("IMG_00001.jpg").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("IMG_00001.jpg")
    page.get_by_role("link", name="Next photo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("IMG_00002.jpg")
    page.get_by_role("link", name="A long year").click()
    expect(page.get_by_alt_text("IMG_00002.jpg")).to_be_in_viewport()


def test_pictures_whose_links_have_ended_show_again(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    """All by one request. Until then they show their placeholders, and no broken icon."""
    album = alice.album()
    names = [f"{width}.jpg" for width in (300, 310, 320, 330, 340, 350)]
    for name in names:
        alice.picture(album, jpeg_bytes(int(name[:3]), 200), name)
    sign_in(context, alice)
    asked = []

    def refuse(route: Route) -> None:
        route.fulfill(status=403, body="")

    page.route("**/media/**", refuse)
    page.route("**/tiles/?ids=*", lambda route: route.abort())
    page.on("request", lambda request: asked.append(request.url) if "/tiles/?ids=" in request.url else None)
    page.goto(f"/albums/{album}/")
    expect(page.locator("img.is-broken")).to_have_count(len(names))
    assert page.locator("img.is-broken").evaluate_all("all => all.map(one => getComputedStyle(one).opacity)") == [
        "0"
    ] * len(names)
    expect(page.locator(".tile[data-painted]")).to_have_count(len(names))
    page.unroute("**/media/**")
    page.unroute("**/tiles/?ids=*")
    page.evaluate("dispatchEvent(new Event('online'))")
    for name in names:
        expect(page.get_by_alt_text(name)).not_to_have_class(re.compile("is-broken"))
        assert page.get_by_alt_text(name).evaluate("image => image.naturalWidth") > 0
    assert asked[-1].count(",") == len(names) - 1
    # Its last messages come before it is closed.
    page.close()
    browser_errors.clear()


def test_new_photos_do_not_move_what_one_looks_at(page: Page, context: BrowserContext, alice: Person) -> None:
    """They gather behind a link, which leads to them."""
    album = alice.album()
    for width in (300, 310, 320, 330):
        alice.picture(album, jpeg_bytes(width, 200), f"{width}.jpg")
    sign_in(context, alice)
    page.goto(f"/albums/{album}/?ordering=-created_at")
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(4)
    places = "tiles => tiles.map(tile => [tile.id, tile.offsetLeft, tile.offsetTop, tile.offsetWidth])"
    before = tiles.evaluate_all(places)
    page.locator("#photos").set_input_files(
        [{"name": "new.jpg", "mimeType": "image/jpeg", "buffer": jpeg_bytes(400, 200)}]
    )
    news = page.locator("[data-news]")
    expect(news).to_contain_text("1 photo added.")
    assert tiles.evaluate_all(places) == before
    news.get_by_role("link", name="Show them").click()
    expect(tiles).to_have_count(5)
    expect(page.locator(".tile:focus-within img, .tile:focus-within .tile__state")).to_be_in_viewport()
    expect(news).to_be_hidden()
