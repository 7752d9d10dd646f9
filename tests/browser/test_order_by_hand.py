"""An album that is ordered by hand: tiles go to another place by mouse and by keys, and the store decides."""

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.browser.fill import fill
from tests.browser.pages import serve_pictures, sign_in, tile, upload_photos
from tests.people import Person
from tests.servers import Server

# By whether one scrolls upwards.
AT_END = ("scrollY + innerHeight >= document.documentElement.scrollHeight - 1", "scrollY <= 0")
NAMES_AND_PLACES = """[...document.querySelectorAll('.tile')].map(tile => {
  const {x, y} = tile.getBoundingClientRect();
  return [tile.querySelector('.tile__name').textContent, Math.round(y + scrollY) * 1e4 + x];
})"""
NAMES = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]


@pytest.fixture
def album(page: Page, context: BrowserContext, alice: Person) -> str:
    """An album of five photos that is ordered by hand, on the page."""
    album = alice.album()
    upload_photos(alice, album, NAMES)
    alice.call("PATCH", f"albums/{album}/", json={"ordering": "position"}, expect=200)
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    page.wait_for_load_state("networkidle")
    return album


def link(page: Page, name: str) -> Locator:
    return tile(page, name).locator(".tile__link")


def shown(page: Page) -> str:
    return "".join(name[0] for name in page.locator(".tile__name").all_text_contents())


def stored(person: Person, album: str) -> str:
    return "".join(image["name"][0] for image in person.images(album))


def is_stored(page: Page, person: Person, album: str, order: str) -> None:
    for _ in range(100):
        if stored(person, album) == order:
            return
        page.wait_for_timeout(50)
    assert stored(person, album) == order


def grab(page: Page, name: str) -> None:
    box = tile(page, name).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()


def drag_before(page: Page, name: str) -> None:
    """To the left part of this tile."""
    box = tile(page, name).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2, steps=5)
    page.wait_for_timeout(100)


def toast(page: Page, text: str) -> Locator:
    return page.locator(".toast").filter(has_text=text)


def test_a_tile_goes_where_the_mouse_drops_it_and_back_by_undo(page: Page, alice: Person, album: str) -> None:
    grab(page, "d.jpg")
    drag_before(page, "b.jpg")
    line, before = page.locator(".drop-line").bounding_box(), tile(page, "b.jpg").bounding_box()
    assert line
    assert before
    assert (line["x"] + line["width"], line["y"]) == pytest.approx((before["x"], before["y"]), abs=1)
    page.mouse.up()
    expect(toast(page, "1 photo is in another place.")).to_be_visible()
    assert shown(page) == "adbce"
    assert page.url.endswith(f"/albums/{album}/")
    is_stored(page, alice, album, "adbce")
    toast(page, "1 photo is in another place.").get_by_role("button", name="Undo").click()
    assert shown(page) == "abcde"
    is_stored(page, alice, album, "abcde")
    page.reload()
    assert shown(page) == "abcde"


def test_escape_ends_a_drag_without_effect_and_a_click_still_opens(page: Page, alice: Person, album: str) -> None:
    grab(page, "d.jpg")
    drag_before(page, "a.jpg")
    page.keyboard.press("Escape")
    expect(page.locator(".drop-line")).to_have_count(0)
    page.mouse.up()
    assert (shown(page), stored(alice, album)) == ("abcde", "abcde")
    assert page.url.endswith(f"/albums/{album}/")
    link(page, "d.jpg").click()
    page.wait_for_url("**/images/**")


def test_selected_photos_move_together_in_their_order(page: Page, alice: Person, album: str) -> None:
    for name in ("e.jpg", "b.jpg"):
        tile(page, name).hover()
        page.get_by_label(f"Select {name}").click()
    grab(page, "b.jpg")
    drag_before(page, "a.jpg")
    page.mouse.up()
    expect(toast(page, "2 photos are in another place.")).to_be_visible()
    assert shown(page) == "beacd"
    is_stored(page, alice, album, "beacd")
    toast(page, "2 photos are in another place.").get_by_role("button", name="Undo").click()
    is_stored(page, alice, album, "abcde")
    assert shown(page) == "abcde"


def test_keys_move_the_focused_tile_and_say_where_it_is(page: Page, alice: Person, album: str) -> None:
    news = page.locator("[data-selection-news]")
    link(page, "b.jpg").focus()
    expect(link(page, "b.jpg")).to_have_accessible_description(re.compile("Shift and the arrow keys"))
    page.keyboard.press("Shift+ArrowRight")
    expect(news).to_have_text("Moved to place 3 of 5")
    expect(link(page, "b.jpg")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowLeft")
    expect(news).to_have_text("Moved to place 1 of 5")
    is_stored(page, alice, album, "bacde")
    page.keyboard.press("Shift+End")
    expect(news).to_have_text("Moved to place 5 of 5")
    is_stored(page, alice, album, "acdeb")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Shift+Home")
    expect(news).to_have_text("Moved to place 1 of 5")
    is_stored(page, alice, album, "bacde")
    assert shown(page) == "bacde"
    expect(link(page, "b.jpg")).to_be_focused()
    # All these moves have one way back.
    expect(page.locator(".toast")).to_have_count(1)
    toast(page, "1 photo is in another place.").get_by_role("button", name="Undo").press("Enter")
    is_stored(page, alice, album, "abcde")
    assert shown(page) == "abcde"
    expect(link(page, "b.jpg")).to_be_focused()


def test_the_menu_of_the_selection_moves_without_a_drag(page: Page, alice: Person, album: str) -> None:
    """Step by step, because the menu stays open."""
    for name in ("b.jpg", "c.jpg"):
        tile(page, name).hover()
        page.get_by_label(f"Select {name}").click()
    page.get_by_role("button", name="More").click()
    menu, news = page.locator("#selection-menu"), page.locator("[data-selection-news]")
    menu.get_by_role("button", name="Move later").click()
    expect(news).to_have_text("Moved to place 3 of 5")
    menu.get_by_role("button", name="Move later").click()
    is_stored(page, alice, album, "adebc")
    menu.get_by_role("button", name="Move to the beginning").click()
    is_stored(page, alice, album, "bcade")
    assert shown(page) == "bcade"
    menu.get_by_role("button", name="Move to the end").click()
    is_stored(page, alice, album, "adebc")
    toast(page, "2 photos are in another place.").get_by_role("button", name="Undo").click()
    is_stored(page, alice, album, "abcde")
    assert shown(page) == "abcde"


@pytest.mark.parametrize("failure", ["refused", "offline"])
def test_what_the_store_does_not_do_goes_back(
    page: Page, alice: Person, album: str, failure: str, browser_errors: list[str]
) -> None:
    """Refused, because the neighbour is deleted meanwhile: then the page shows the album as it is."""
    if failure == "refused":
        [gone] = [image["id"] for image in alice.images(album) if image["name"] == "b.jpg"]
        alice.delete(f"images/{gone}/", expect=204)
    else:
        page.route("**/order/", lambda route: route.abort())
    grab(page, "d.jpg")
    drag_before(page, "b.jpg")
    page.mouse.up()
    expect(toast(page, "The order is as it was.")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(4 if failure == "refused" else 5)
    assert shown(page) == stored(alice, album) == ("acde" if failure == "refused" else "abcde")
    browser_errors.clear()


def test_keys_that_are_faster_than_the_store_end_at_the_last_place(page: Page, alice: Person, album: str) -> None:
    sent = []

    def slow(route: Route) -> None:
        sent.append(route.request.post_data_json)
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/order/", slow)
    link(page, "a.jpg").focus()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    assert shown(page) == "bcdea"
    is_stored(page, alice, album, "bcdea")
    assert len(sent) < 4


def test_two_people_at_once_order_one_album(page: Page, context: BrowserContext, alice: Person, album: str) -> None:
    """Each tile lands beside the neighbour that its mover saw."""
    other = context.new_page()
    other.goto(f"/albums/{album}/")
    other.wait_for_load_state("networkidle")
    link(page, "e.jpg").focus()
    page.keyboard.press("Shift+Home")
    is_stored(page, alice, album, "eabcd")
    link(other, "a.jpg").focus()
    other.keyboard.press("Shift+ArrowRight")
    is_stored(page, alice, album, "ebacd")


def test_a_long_album_stays_whole_when_a_photo_moves_far(
    page: Page, context: BrowserContext, alice: Person, server: Server
) -> None:
    """Its parts leave the document and come again; each photo is there once."""
    album = alice.album("Long")
    fill(server, album, 400)
    sign_in(context, alice)
    serve_pictures(page)
    page.goto(f"/albums/{album}/?ordering=position")
    page.wait_for_load_state("networkidle")
    page.locator(".tile__link").first.focus()
    place = 1
    # Until it has left the part that came with the page. The next ones load meanwhile.
    while place <= 60:
        page.keyboard.press("Shift+ArrowDown")
        page.wait_for_timeout(50)
        place = int(re.findall(r"\d+", page.locator("[data-selection-news]").inner_text())[0])
    page.evaluate("document.activeElement.blur()")
    seen = _scroll_through(page)
    expected = [f"IMG_{number:05}.jpg" for number in range(400)]
    expected.insert(place - 1, expected.pop(0))
    assert seen == expected
    first = alice.call("GET", f"albums/{album}/images/?ordering=position&page_size=200").json()["results"]
    assert [image["name"] for image in first] == expected[:200]
    assert _scroll_through(page, upwards=True) == expected


def _scroll_through(page: Page, *, upwards: bool = False) -> list[str]:
    """All names of the list, in its order, as one meets them."""
    names: dict[str, float] = {}
    for _ in range(400):
        names |= dict(page.evaluate(NAMES_AND_PLACES))
        if len(names) >= 400 and page.evaluate(AT_END[upwards]):
            break
        page.evaluate(f"scrollBy(0, {-800 if upwards else 800})")
        page.wait_for_timeout(60)
    return sorted(names, key=lambda name: names[name])
