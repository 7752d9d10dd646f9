"""The rail of dates beside a long list: month and year under the mouse, and the way there."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, FloatRect, Page, expect

from tests.browser.fill import fill
from tests.browser.pages import PHONE, serve_pictures, sign_in
from tests.people import Person
from tests.servers import Server

COUNT = 2000
MONTH_AND_COUNT = re.compile(r"^\w+ 20\d\d\d+$")


@pytest.fixture
def long_album(context: BrowserContext, alice: Person, server: Server, page: Page) -> str:
    """2000 photos from January 2019 on, four a day."""
    album = alice.album("A long year")
    fill(server, album, COUNT)
    sign_in(context, alice)
    serve_pictures(page)
    return album


def rail_box(page: Page) -> FloatRect:
    box = page.locator("[data-rail]").bounding_box()
    assert box
    return box


@pytest.mark.parametrize(
    ("path", "total"), [("/albums/{album}/?ordering=taken_at", " of 2,000"), ("/photos/?ordering=taken_at", "")]
)
def test_the_rail_tells_month_and_year_and_a_click_leads_there(
    page: Page, long_album: str, path: str, total: str
) -> None:
    page.goto(path.format(album=long_album))
    rail, label = page.locator("[data-rail]"), page.locator("[data-rail-label]")
    expect(rail).to_be_visible()
    width = page.evaluate("document.querySelector('.tiles').getBoundingClientRect().width")
    box = rail_box(page)
    x, middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, box["y"] + 1)
    expect(label).to_have_text(re.compile("^January 2019"))
    expect(label).to_be_in_viewport()
    page.mouse.move(x, middle)
    # The thousandth photo is of the 250th day.
    expect(label).to_have_text("September 2019120")
    expect(rail.locator(".rail__year")).to_have_text(["2019", "2020"])
    page.mouse.click(x, middle)
    # The photos of 243 days come before.
    expect(page.get_by_alt_text("IMG_00970.jpg")).to_be_in_viewport()
    expect(page.locator("[data-position]")).to_have_text(re.compile(f"^September 2019, 97[1-9]{total}$"))
    page.mouse.move(400, 400)
    expect(label).to_be_hidden()
    assert page.evaluate("document.querySelector('.tiles').getBoundingClientRect().width") == width
    here = page.locator("[data-rail-here]").bounding_box()
    assert here
    assert abs(here["y"] + here["height"] / 2 - box["y"] - 0.485 * box["height"]) < 6


def test_a_drag_along_the_rail_leads_to_where_it_ends(page: Page, long_album: str) -> None:
    page.goto(f"/albums/{long_album}/?ordering=taken_at")
    box = rail_box(page)
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 10)
    page.mouse.down()
    # Also beside the rail.
    page.mouse.move(x - 300, box["y"] + box["height"] - 1, steps=5)
    expect(page.locator("[data-rail-label]")).to_have_text(re.compile("^May 2020"))
    page.mouse.up()
    expect(page.locator("[data-position]")).to_have_text(re.compile("^May 2020, 1,9.. of 2,000$"))
    assert page.locator(".tile__check :checked").count() == 0


def test_lists_that_are_short_or_not_by_date_have_no_rail(
    page: Page, context: BrowserContext, alice: Person, server: Server
) -> None:
    album = alice.album("Short")
    fill(server, album, 150)
    sign_in(context, alice)
    serve_pictures(page)
    page.goto(f"/albums/{album}/?ordering=taken_at")
    expect(page.get_by_role("button", name="Dates")).to_be_visible()
    expect(page.locator("[data-rail]")).to_be_hidden()
    page.goto(f"/albums/{album}/?ordering=name")
    expect(page.locator("[data-rail]")).to_have_count(0)


def test_on_a_phone_the_rail_comes_while_one_scrolls_and_its_handle_leads_on(
    browser: Browser, server: Server, alice: Person
) -> None:
    album = alice.album("A long year")
    fill(server, album, COUNT)
    phone = browser.new_context(base_url=server.url, viewport=PHONE, has_touch=True, is_mobile=True)
    sign_in(phone, alice)
    page = phone.new_page()
    serve_pictures(page)
    page.goto(f"/albums/{album}/?ordering=taken_at")
    page.wait_for_load_state("networkidle")
    rail, handle = page.locator("[data-rail]"), page.locator("[data-rail-here]")
    expect(rail).to_be_hidden()
    page.evaluate("scrollBy(0, 300)")
    expect(rail).to_be_visible()
    expect(rail).to_be_hidden()
    page.evaluate("scrollBy(0, 300)")
    expect(rail).to_be_visible()
    box = handle.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger = phone.new_cdp_session(page)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        at = [{"x": x, "y": y + step * 60}]
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": at})
    expect(page.locator("[data-rail-label]")).to_have_text(MONTH_AND_COUNT)
    page.wait_for_timeout(300)
    month = page.locator("[data-rail-label]").evaluate("label => label.firstChild.data")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("[data-position]")).to_have_text(re.compile(f"^{month}, "))
    phone.close()
