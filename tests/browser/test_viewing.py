"""Looking at photos, over the album and on their own pages; tiles that do not move, and what a browser stores."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from images.tests.pictures import jpeg_bytes, quarters, saved
from tests.browser.fill import fill
from tests.browser.pages import AXE, EMAIL, PHONE, SHAPES, WAIT_MILLISECONDS, serve_pictures, sign_in, wait_until
from tests.people import Person
from tests.servers import Server

SHOWN = "document.querySelector('[data-at=\"0\"] [data-picture]')"
PLACES = (
    "tiles => tiles.map(tile => { const b = tile.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; })"
)


def dialog(page: Page) -> Any:
    return page.get_by_role("dialog")


def expect_photo(page: Page, name: str) -> None:
    """The dialog shows this photo, and the address is the photo's."""
    expect(dialog(page)).to_have_attribute("aria-label", name)
    expect(dialog(page).get_by_role("heading", level=1, include_hidden=True)).to_have_text(name)
    expect(page).to_have_url(re.compile("/images/"))


def expect_focused(page: Page, tile: str) -> None:
    picture = page.get_by_alt_text(tile)
    expect(picture.locator("xpath=ancestor::a")).to_be_focused()
    expect(picture).to_be_in_viewport()


def expect_album(page: Page, path: str, tile: str) -> None:
    """The album is there again, with the focus on this tile, which one sees."""
    expect(page).to_have_url(re.compile(re.escape(path) + "$"))
    expect(dialog(page)).to_have_count(0)
    expect_focused(page, tile)


def press(page: Page, key: str, times: int) -> None:
    for _ in range(times):
        page.keyboard.press(key)


@pytest.fixture
def album(context: BrowserContext, alice: Person, server: Server, page: Page) -> str:
    """The path of an album with 300 photos, oldest first."""
    album = alice.album("Iceland")
    fill(server, album, 300)
    sign_in(context, alice)
    serve_pictures(page)
    return f"/albums/{album}/?ordering=taken_at"


def test_closing_after_200_photos_leads_to_the_same_pixel_and_one_back_leaves(page: Page, album: str) -> None:
    page.goto(album)
    page.get_by_alt_text("IMG_00020.jpg").scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 33)")
    place = "document.querySelector('[alt=\"IMG_00020.jpg\"]').getBoundingClientRect().y"
    before = page.evaluate(place)
    page.get_by_alt_text("IMG_00020.jpg").click()
    expect_photo(page, "IMG_00020.jpg")
    press(page, "ArrowRight", 100)
    expect_photo(page, "IMG_00120.jpg")
    expect(page.locator("[data-viewer-news]")).to_contain_text("IMG_00120.jpg")
    press(page, "ArrowLeft", 100)
    expect_photo(page, "IMG_00020.jpg")
    page.keyboard.press("Escape")
    expect_album(page, album, "IMG_00020.jpg")
    assert abs(page.evaluate(place) - before) <= 2
    page.keyboard.press("Enter")
    expect_photo(page, "IMG_00020.jpg")
    press(page, "ArrowRight", 130)
    expect_photo(page, "IMG_00150.jpg")
    page.go_back()
    expect_album(page, album, "IMG_00150.jpg")
    page.go_forward()
    expect_photo(page, "IMG_00150.jpg")


def test_by_its_address_a_photo_leads_into_the_album_around_it(page: Page, album: str) -> None:
    page.goto("/albums/")
    page.goto(album)
    href = page.get_by_alt_text("IMG_00040.jpg").locator("xpath=ancestor::a").get_attribute("href")
    page.goto(str(href))
    title = page.get_by_role("heading", level=1)
    press(page, "ArrowRight", 80)
    expect(title).to_have_text("IMG_00120.jpg")
    page.keyboard.press("Escape")
    expect(title).to_have_text("Iceland")
    expect_focused(page, "IMG_00120.jpg")
    page.go_back()
    expect(title).to_have_text("IMG_00120.jpg")
    page.go_back()
    expect(page).to_have_url(re.compile(re.escape(album) + "$"))


class Finger:
    """On the screen of a phone."""

    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)

    def touch(self, kind: str, *points: tuple[int, int]) -> None:
        places = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    def drag(self, *points: tuple[int, int]) -> None:
        self.touch("touchStart", points[0])
        for point in points[1:]:
            self.touch("touchMove", point)


def test_a_finger_swipes_enlarges_and_closes(page: Page, album: str) -> None:
    page.set_viewport_size(PHONE)
    page.goto(album)
    page.get_by_alt_text("IMG_00001.jpg").click()
    expect_photo(page, "IMG_00001.jpg")
    expect(page.locator("[data-pane]")).to_have_count(3)
    finger = Finger(page)
    finger.drag((300, 400), (280, 400), (240, 400), (150, 400))
    expect(page.locator("[data-at='0']")).to_have_css("translate", re.compile("^-150px"))
    finger.touch("touchEnd")
    expect_photo(page, "IMG_00002.jpg")
    picture = page.locator("[data-at='0'] [data-picture]")
    finger.touch("touchStart", (150, 400), (250, 400))
    finger.touch("touchMove", (100, 400), (300, 400))
    finger.touch("touchEnd")
    expect(picture).to_have_css("scale", re.compile(r"^(1\.[5-9]|2)"))
    page.keyboard.press("0")
    expect(picture).to_have_css("scale", re.compile("^(1|none)$"))
    finger.drag((200, 300), (200, 330), (200, 400), (200, 560))
    finger.touch("touchEnd")
    expect_album(page, album, "IMG_00002.jpg")


def test_the_keys_enlarge_to_the_original_and_what_is_chosen_stays(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    album = alice.album()
    for width in (3001, 3000):
        alice.picture(album, saved(quarters(width, 2000), "JPEG"), f"{width}.jpg")
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    page.locator(".tile__link").first.focus()
    page.keyboard.press("Enter")
    expect_photo(page, "3001.jpg")
    with page.expect_request("**/original.jpg?*"):
        page.keyboard.press("1")
    expect(page.locator("[data-at='0'] [data-picture]")).to_have_attribute("src", re.compile("original"))
    wait_until(page, f"() => Math.abs({SHOWN}.getBoundingClientRect().width * devicePixelRatio - 3001) <= 3")
    page.keyboard.press("Escape")
    facts = page.get_by_role("complementary", name="About this photo")
    page.keyboard.press("i")
    expect(facts).to_be_hidden()
    page.keyboard.press("f")
    expect(page.locator(".stage:fullscreen")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect_photo(page, "3000.jpg")
    assert page.evaluate("Boolean(document.fullscreenElement)")
    expect(facts).to_be_hidden()
    page.keyboard.press("f")
    expect(page.locator(".stage:fullscreen")).to_have_count(0)
    # The focus stays among the controls of the photo.
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('.viewer')"
        )
    page.get_by_role("button", name="About this photo").focus()
    page.keyboard.press("Enter")
    expect(facts).to_be_visible()
    page.keyboard.press("Escape")
    expect_album(page, f"/albums/{album}/", "3000.jpg")


def test_a_photo_is_turned_and_marked_over_its_album(page: Page, context: BrowserContext, alice: Person) -> None:
    """By buttons and by keys. Address, facts, focus and full screen stay, and the tile follows."""
    album = alice.album()
    image = alice.picture(album, jpeg_bytes(400, 200), "sea.jpg")["id"]
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    page.get_by_alt_text("sea.jpg").click()
    expect_photo(page, "sea.jpg")
    right = dialog(page).get_by_role("button", name="Rotate right")
    right.click()
    wait_until(page, f"() => {SHOWN}.naturalHeight > {SHOWN}.naturalWidth")
    expect(right).to_be_focused()
    page.keyboard.press(".")
    expect(dialog(page).get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    dialog(page).get_by_role("button", name="Use as cover").click()
    expect(page.locator(".toast")).to_have_text(re.compile("This photo is the album’s cover now."))
    page.keyboard.press("f")
    expect(page.locator(".stage:fullscreen")).to_have_count(1)
    page.keyboard.press("Shift+R")
    wait_until(page, f"() => {SHOWN}.naturalWidth > {SHOWN}.naturalHeight")
    assert page.evaluate("Boolean(document.fullscreenElement)")
    page.keyboard.press("f")
    expect_photo(page, "sea.jpg")
    expect(page.get_by_role("complementary", name="About this photo")).to_be_visible()
    page.keyboard.press("Escape")
    expect_album(page, f"/albums/{album}/", "sea.jpg")
    expect(page.locator(".tile__favourite")).to_have_count(1)
    expect(page.locator(f"#i-{image}")).to_have_attribute("data-width", "400")


def test_a_slideshow_goes_on_by_itself_to_the_last_photo(page: Page, album: str) -> None:
    page.clock.install()
    page.goto(album)
    page.get_by_alt_text("IMG_00000.jpg").click()
    expect_photo(page, "IMG_00000.jpg")
    button = page.get_by_role("button", name="Slideshow")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.clock.run_for(5_100)
    expect_photo(page, "IMG_00001.jpg")
    page.keyboard.press("ArrowRight")
    expect_photo(page, "IMG_00002.jpg")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_photo_over_its_album_is_accessible(page: Page, album: str) -> None:
    page.goto(album)
    page.get_by_alt_text("IMG_00003.jpg").click()
    expect_photo(page, "IMG_00003.jpg")
    page.evaluate("document.querySelector('.viewer').dataset.facts = 'shown'")
    faults = []
    for size in [*SHAPES.values(), {"width": 320, "height": 640}]:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            results: Any = Axe().run(page, options=AXE)
            faults += [(fault["id"], fault["nodes"]) for fault in results.response["violations"]]
    assert faults == []


def test_the_arrow_keys_open_the_neighbours(page: Page, context: BrowserContext, alice: Person) -> None:
    album = alice.album()
    sizes = ((900, "first.jpg"), (901, "second.jpg"), (902, "third.jpg"))
    oldest, *_ = [alice.picture(album, jpeg_bytes(width, 600), name) for width, name in sizes]
    sign_in(context, alice)
    page.goto(f"/images/{oldest['id']}/")
    title = page.get_by_role("heading", level=1)
    steps = [
        ("", "first.jpg"), ("ArrowLeft", "first.jpg"), ("ArrowRight", "second.jpg"),
        ("ArrowRight", "third.jpg"), ("ArrowRight", "third.jpg"), ("ArrowLeft", "second.jpg"),
    ]  # fmt: skip
    for key, name in steps:
        if key:
            page.keyboard.press(key)
        expect(title).to_have_text(name)
    page.keyboard.press("Escape")
    expect(title).to_have_text("Summer")


def test_the_arrow_keys_stay_in_the_list_one_came_from(page: Page, context: BrowserContext, alice: Person) -> None:
    album = alice.album()
    for width, name in ((900, "sea b.jpg"), (901, "hills.jpg"), (902, "sea a.jpg")):
        alice.picture(album, jpeg_bytes(width, 600), name)
    sign_in(context, alice)
    listed = f"/albums/{album}/?search=sea&ordering=-name"
    page.goto(listed)
    page.locator(".tile__link").first.click()
    expect_photo(page, "sea b.jpg")
    page.keyboard.press("ArrowRight")
    expect_photo(page, "sea a.jpg")
    expect(page.locator("[data-neighbour=next]")).to_have_count(0)
    page.keyboard.press("Escape")
    expect_album(page, listed, "sea a.jpg")


def test_a_tile_that_waits_for_its_picture_stays_in_its_place_and_shows_it(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    """And the grid does not move while the pictures come."""
    album = alice.album()
    sign_in(context, alice)
    for number in range(5):
        alice.upload(album, saved(quarters(5000 + number, 4000), "PNG", compress_level=1), f"{number}.png")
    page.goto(f"/albums/{album}/")
    waiting = page.locator(".tile").evaluate_all(
        "tiles => tiles.filter(tile => tile.dataset.status === 'pending').length"
    )
    assert waiting > 0, "all were made before anybody could look"
    before = page.locator(".tile").evaluate_all(PLACES)
    expect(page.locator(".tile--ready img")).to_have_count(5, timeout=WAIT_MILLISECONDS)
    assert page.locator(".tile").evaluate_all(PLACES) == before


def test_no_token_reaches_the_browser(page: Page, context: BrowserContext, alice: Person, server: Server) -> None:
    page.goto("/accounts/login/")
    page.get_by_label(EMAIL).fill(alice.email)
    page.get_by_label("Password").fill(alice.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Albums")
    stored = page.evaluate(
        "[{...localStorage}, {...sessionStorage}, document.cookie.split('; ').map(c => c.split('=')[0])]"
    )
    assert stored == [{}, {}, ["csrftoken"]]
    [session] = [cookie for cookie in context.cookies(server.url) if cookie["name"] == "sessionid"]
    assert (session["httpOnly"], session["sameSite"]) == (True, "Lax")
    assert "eyJ" not in page.content()
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Log out").first.click()
    page.wait_for_url("/")
    assert [cookie["name"] for cookie in context.cookies(server.url) if cookie["name"] == "sessionid"] == []
    answer = page.request.get("/albums/", max_redirects=0)
    assert (answer.status, answer.headers["location"]) == (302, "/accounts/login/?next=/albums/")
