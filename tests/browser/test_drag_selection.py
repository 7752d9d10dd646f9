"""Selecting by dragging: a rectangle with the mouse, a run of tiles with a finger after a long press."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from tests.browser.fill import fill
from tests.browser.pages import PHONE, check, serve_pictures, sign_in, tile, upload_photos
from tests.browser.test_selection import count, names, selected
from tests.people import Person
from tests.servers import Server

NAMES = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]


@pytest.fixture
def album(page: Page, context: BrowserContext, alice: Person) -> str:
    """An album of five photos, which the page shows by name: three and two of them in a row."""
    album = alice.album()
    upload_photos(alice, album, NAMES)
    sign_in(context, alice)
    page.goto(f"/albums/{album}/?ordering=name")
    page.wait_for_load_state("networkidle")
    return album


def middle(page: Page, name: str) -> tuple[float, float]:
    box = tile(page, name).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def start_on_check(page: Page, name: str) -> None:
    tile(page, name).hover()
    check(page, name).hover()
    page.mouse.down()


def to(page: Page, name: str) -> None:
    page.mouse.move(*middle(page, name), steps=4)


def test_a_rectangle_from_a_check_mark_selects_what_it_crosses(page: Page, album: str) -> None:
    start_on_check(page, "a.jpg")
    to(page, "b.jpg")
    count(page, "2 selected")
    expect(page.locator(".marquee")).to_be_visible()
    to(page, "e.jpg")
    count(page, "4 selected")
    assert selected(page) == ["a.jpg", "b.jpg", "d.jpg", "e.jpg"]
    to(page, "d.jpg")
    count(page, "2 selected")
    page.mouse.up()
    expect(page.locator(".marquee")).to_have_count(0)
    assert selected(page) == ["a.jpg", "d.jpg"]
    assert names(page) == NAMES
    # A click does again what it did before.
    tile(page, "b.jpg").locator(".tile__link").click()
    count(page, "3 selected")


def test_shift_adds_and_without_it_another_rectangle_replaces_the_selection(page: Page, album: str) -> None:
    start_on_check(page, "a.jpg")
    to(page, "b.jpg")
    page.mouse.up()
    page.keyboard.down("Shift")
    page.mouse.move(*middle(page, "d.jpg"))
    page.mouse.down()
    page.mouse.move(middle(page, "d.jpg")[0] + 20, middle(page, "d.jpg")[1] + 5, steps=3)
    count(page, "3 selected")
    page.mouse.up()
    page.keyboard.up("Shift")
    assert selected(page) == ["a.jpg", "b.jpg", "d.jpg"]
    to(page, "d.jpg")
    page.mouse.down()
    to(page, "e.jpg")
    count(page, "2 selected")
    page.mouse.up()
    assert selected(page) == ["d.jpg", "e.jpg"]


def test_escape_gives_the_selection_back_that_was_there_before(page: Page, album: str) -> None:
    tile(page, "c.jpg").hover()
    check(page, "c.jpg").click()
    page.mouse.move(4, 400)
    page.mouse.down()
    to(page, "a.jpg")
    count(page, "1 selected")
    assert selected(page) == ["a.jpg"]
    page.keyboard.press("Escape")
    assert selected(page) == ["c.jpg"]
    page.mouse.up()
    assert selected(page) == ["c.jpg"]
    page.keyboard.press("Escape")
    count(page, "None selected")


def test_a_rectangle_beside_the_tiles_selects_and_a_mere_click_there_does_not(page: Page, album: str) -> None:
    page.mouse.click(4, 400)
    expect(page.locator("[data-selection]")).to_be_hidden()
    page.mouse.move(4, middle(page, "a.jpg")[1])
    page.mouse.down()
    to(page, "b.jpg")
    count(page, "2 selected")
    page.mouse.up()


def test_in_an_album_by_hand_a_drag_selects_from_what_is_not_selected(
    page: Page, alice: Person, album: str
) -> None:
    alice.call("PATCH", f"albums/{album}/", json={"ordering": "position"}, expect=200)
    page.goto(f"/albums/{album}/")
    page.wait_for_load_state("networkidle")
    start_on_check(page, "a.jpg")
    to(page, "b.jpg")
    page.mouse.up()
    assert selected(page) == ["a.jpg", "b.jpg"]
    to(page, "d.jpg")
    page.mouse.down()
    to(page, "e.jpg")
    count(page, "2 selected")
    page.mouse.up()
    assert selected(page) == ["d.jpg", "e.jpg"]
    page.mouse.down()
    to(page, "a.jpg")
    expect(page.locator(".drop-line")).to_be_attached()
    page.mouse.up()
    assert selected(page) == ["d.jpg", "e.jpg"]
    expect(page.locator(".toast")).to_contain_text("2 photos are in another place.")


def test_the_page_scrolls_while_a_rectangle_grows_beyond_what_the_document_holds(
    page: Page, context: BrowserContext, alice: Person, server: Server
) -> None:
    album = alice.album("Long")
    fill(server, album, 400)
    sign_in(context, alice)
    serve_pictures(page)
    page.goto(f"/albums/{album}/?ordering=taken_at")
    page.wait_for_load_state("networkidle")
    page.mouse.move(4, middle(page, "IMG_00000.jpg")[1])
    page.mouse.down()
    page.mouse.move(1200, 715, steps=4)
    gone = page.get_by_alt_text("IMG_00000.jpg")
    for _ in range(600):
        page.wait_for_timeout(50)
        if not gone.count():
            break
    expect(gone).to_have_count(0)
    page.mouse.up()
    page.evaluate("scrollTo(0, 0)")
    expect(check(page, "IMG_00000.jpg")).to_be_checked()
    assert int(page.locator("[data-selection-news]").inner_text().split()[0]) > 100


def touch(finger: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    sent: list[dict[str, Any]] = [{"x": x, "y": y} for x, y in points]
    finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": sent})


def test_a_finger_selects_on_after_a_long_press_and_scrolls_without_one(
    page: Page, context: BrowserContext, album: str
) -> None:
    page.set_viewport_size(PHONE)
    finger = context.new_cdp_session(page)
    start = middle(page, "a.jpg")
    touch(finger, "touchStart", start)
    count(page, "1 selected")
    scrolled = page.evaluate("scrollY")
    for name in ("b.jpg", "d.jpg", "c.jpg"):
        touch(finger, "touchMove", middle(page, name))
    count(page, "3 selected")
    touch(finger, "touchEnd")
    assert selected(page) == ["a.jpg", "b.jpg", "c.jpg"]
    assert page.evaluate("scrollY") == scrolled
    page.keyboard.press("Escape")
    page.evaluate("document.body.style.paddingBlockEnd = '2000px'")
    x, y = middle(page, "c.jpg")
    touch(finger, "touchStart", (x, y))
    for step in range(1, 9):
        touch(finger, "touchMove", (x, y - 30 * step))
    touch(finger, "touchEnd")
    expect(page.locator(".tile__check :checked")).to_have_count(0)
    assert page.evaluate("scrollY") > scrolled
