"""Looking at images: the arrow keys, tiles that do not move, and what a browser stores."""

from playwright.sync_api import BrowserContext, Page, expect

from images.tests.pictures import jpeg_bytes, quarters, saved
from tests.browser.pages import EMAIL, WAIT_MILLISECONDS, sign_in
from tests.people import Person
from tests.servers import Server

PLACES = (
    "tiles => tiles.map(tile => { const b = tile.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; })"
)


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
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text("sea b.jpg")
    page.wait_for_load_state()
    page.keyboard.press("ArrowRight")
    expect(title).to_have_text("sea a.jpg")
    page.wait_for_load_state()
    expect(page.locator("[data-neighbour=next]")).to_have_count(0)
    last = page.url.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{listed}#i-{last}")


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
