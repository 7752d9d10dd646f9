"""What a person does in a browser, with JavaScript and without."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from images.tests.corpus import CORPUS, needs_corpus
from images.tests.pictures import jpeg_bytes, png_bytes, quarters, saved
from tests.people import PATIENCE, Person
from tests.servers import Server
from tests.state import State

PHOTOS = [
    CORPUS / "photos" / name
    for name in (
        "exif-orientation-examples__Landscape_6.jpg",
        "exif-samples__DSCN0010.jpg",
        "exif-samples__jolla.jpg",
        "kodak__23.png",
        "metadata-extractor-images__Apple iPhone 4.jpg",
        "metadata-extractor-images__Canon EOS D60.jpg",
        "test-assets__IMG_2682.heic",
        "test-assets__denali.webp",
        "test-assets__japanese-shop.jpg",
        "test-assets__wood_anemones.jpg",
    )
]
OPENED = PHOTOS[4]
PASSWORD = "a long walk by the sea"
WAIT = PATIENCE * 1000
IMAGE = re.compile(r"/images/[0-9a-f-]+/$")
EMAIL = re.compile("^E-?mail", re.IGNORECASE)

PLACES = (
    "tiles => tiles.map(tile => { const b = tile.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; })"
)


@pytest.fixture
def plain_page(browser: Browser, server: Server) -> Iterator[Page]:
    """A browser that runs no scripts."""
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def sign_in(context: BrowserContext, person: Person) -> None:
    """As if the person had logged in with this browser."""
    cookies = [{"name": c.name, "value": c.value or "", "url": person.server.url} for c in person.portal().cookies]
    context.add_cookies(cookies)  # type: ignore[arg-type]


def sign_up(page: Page, name: str) -> None:
    page.goto("/")
    page.get_by_role("link", name="Create account").click()
    page.get_by_label(EMAIL).fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Albums")


def make_album(page: Page, title: str) -> str:
    """The path of the new album's page."""
    page.get_by_role("link", name="Create your first album").click()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Create album").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    return page.url


def expect_pictures(page: Page, count: int) -> None:
    """So many tiles, all with a picture that can be seen."""
    tiles = page.locator(".tile--ready img")
    expect(tiles).to_have_count(count, timeout=WAIT)
    expect(page.locator(".tile")).to_have_count(count)
    for tile in tiles.all():
        tile.scroll_into_view_if_needed()
        expect(tile).to_have_js_property("complete", True)
        assert tile.evaluate("image => image.naturalWidth") > 0


def open_and_download(page: Page, original: Path) -> None:
    page.locator(".tile__link").filter(has=page.get_by_alt_text(original.name)).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(original.name)
    expect(page.get_by_alt_text(original.name)).to_have_js_property("complete", True)
    with page.expect_download() as started:
        page.get_by_role("link", name="Original").click()
    assert started.value.suggested_filename == original.name
    assert Path(started.value.path()).read_bytes() == original.read_bytes()


def expect_gone(page: Page, path: str) -> None:
    assert page.request.get(path).status == 404


def to_trash_and_back(page: Page, image: str) -> None:
    page.get_by_role("button", name="Move to trash").click()
    said = page.get_by_role("status").first
    expect(said).to_contain_text(f"“{OPENED.name}” is in the trash.")
    said.get_by_role("button", name="Undo").click()
    expect(page).to_have_url(image)
    expect(page.get_by_role("status").first).to_contain_text(f"“{OPENED.name}” is back.")


# ---- The journey -------------------------------------------------------------------------------


@needs_corpus
def test_a_person_signs_up_fills_an_album_downloads_and_deletes(page: Page, state: State) -> None:
    sign_up(page, "journey")
    album = make_album(page, "Am Meer")
    page.evaluate("window.neverReloaded = true")
    with page.expect_file_chooser() as chooser:
        page.locator("label[for=photos]").first.click()
    assert chooser.value.is_multiple()
    chooser.value.set_files(PHOTOS)
    expect_pictures(page, 10)
    expect(page.locator(".upload")).to_have_count(10)
    expect(page.locator(".upload[data-state=done]")).to_have_count(10)
    expect(page.locator("[data-count]")).to_have_text("10 photos")
    assert page.evaluate("window.neverReloaded") is True

    open_and_download(page, OPENED)
    image = page.url
    to_trash_and_back(page, image)
    page.get_by_role("button", name="Move to trash").click()
    expect(page).to_have_url(IMAGE)
    page.wait_for_load_state()
    page.keyboard.press("Escape")
    expect_pictures(page, 9)
    expect(page.get_by_alt_text(OPENED.name)).to_have_count(0)
    expect_gone(page, image)

    page.get_by_role("button", name="Move to trash").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("The walls are still bare")
    expect_gone(page, album)
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("link", name="Trash").click()
    page.get_by_role("link", name="Empty trash").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 1 album and 10 photos for ever?")
    dialog.get_by_role("button", name="Empty trash").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("The trash is empty")
    state.wait_until_gone(album=album.rstrip("/").rsplit("/", 1)[-1], image=image.rstrip("/").rsplit("/", 1)[-1])


@needs_corpus
def test_the_same_journey_works_without_javascript(plain_page: Page) -> None:
    page = plain_page
    sign_up(page, "plain-journey")
    album = make_album(page, "Am Meer")
    page.locator("input[type=file]").set_input_files(PHOTOS)
    page.get_by_role("button", name="Add photos").click()
    expect(page.get_by_role("status").first).to_contain_text("10 photos added.")
    expect_pictures(page, 10)

    open_and_download(page, OPENED)
    image = page.url
    to_trash_and_back(page, image)
    page.get_by_role("button", name="Move to trash").click()
    expect(page).to_have_url(IMAGE)
    page.get_by_role("link", name="Am Meer").click()
    expect_pictures(page, 9)
    expect_gone(page, image)
    page.get_by_role("button", name="Move to trash").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("The walls are still bare")
    expect_gone(page, album)
    page.goto("/trash/")
    page.get_by_role("link", name="Empty trash").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete 1 album and 10 photos for ever?")
    page.get_by_role("button", name="Empty trash").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("The trash is empty")


# ---- Uploads -----------------------------------------------------------------------------------


def test_a_bad_file_among_good_ones_says_why_and_stops_no_other(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    files = [("a.jpg", jpeg_bytes(640, 480)), ("letter.jpg", b"Dear store"), ("b.png", png_bytes(300, 200))]
    page.locator("#photos").set_input_files(
        [{"name": name, "mimeType": "image/jpeg", "buffer": content} for name, content in files]
    )
    expect_pictures(page, 2)
    refused = page.locator(".upload[data-state=refused]")
    expect(refused.locator(".upload__name")).to_have_text("letter.jpg")
    told = alice.upload(album, b"Dear store").json()["detail"]
    expect(refused.locator(".upload__state")).to_contain_text(told)
    expect(page.locator(".upload[data-state=done]")).to_have_count(2)
    expect(refused.get_by_role("button", name="Try again")).to_be_hidden()
    assert len(browser_errors) == 1
    assert "415" in browser_errors.pop()


def picked(page: Page, *files: tuple[str, bytes]) -> None:
    page.locator("#photos").set_input_files(
        [{"name": name, "mimeType": "image/jpeg", "buffer": content} for name, content in files]
    )


def shown(page: Page) -> list[str]:
    """Header, toolbar and the tiles in their order, as text."""
    tiles = page.locator(".tile").evaluate_all("tiles => tiles.map(tile => tile.id)")
    return [page.locator(".page__head").inner_text(), page.locator("[data-live-part=toolbar]").inner_text(), *tiles]


def test_lost_answers_about_tiles_are_asked_for_again(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    """Two never come, one lacks the tiles; in the end the page is what a reload shows."""
    sign_in(context, alice)
    page.goto(f"/albums/{alice.album()}/")
    answers = [lambda route: route.abort()] * 2 + [lambda route: route.fulfill(content_type="text/html", body="")]
    page.route("**/tiles/*", lambda route: answers.pop(0)(route) if answers else route.continue_())
    picked(page, ("a.jpg", jpeg_bytes(640, 480)), ("b.jpg", jpeg_bytes(300, 200)))
    expect_pictures(page, 2)
    assert answers == []
    expect(page.locator("[data-empty]")).to_have_count(0)
    before = shown(page)
    page.reload()
    assert shown(page) == before
    assert len(browser_errors) == 2
    browser_errors.clear()


def test_a_picture_that_cannot_be_made_is_no_longer_called_added(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    sign_in(context, alice)
    page.goto(f"/albums/{alice.album()}/")
    cut = saved(quarters(1200, 800).effect_spread(30), "JPEG", quality=95)
    picked(page, ("good.jpg", jpeg_bytes(640, 480)), ("cut.jpg", cut[: len(cut) // 2]))
    broken = page.locator(".upload[data-state=broken]")
    expect(broken.locator(".upload__name")).to_have_text("cut.jpg", timeout=WAIT)
    reason = page.locator("[data-reason]").inner_text()
    expect(broken.locator(".upload__state")).to_have_text(f"In the album, but it could not be prepared. {reason}")
    expect(page.locator("[data-total]")).to_have_text("1 added, 1 could not be prepared")


def test_a_list_shows_only_what_belongs_to_it(page: Page, context: BrowserContext, alice: Person) -> None:
    """What is added under a search is told of; what the album has already is not put first again."""
    album = alice.album()
    old = jpeg_bytes(640, 480)
    alice.picture(album, old, "old.jpg")
    alice.picture(album, jpeg_bytes(300, 200), "sea.jpg")
    sign_in(context, alice)
    page.goto(f"/albums/{album}/?search=sea")
    expect(page.get_by_text("1 found")).to_be_visible()
    picked(page, ("new.jpg", jpeg_bytes(500, 400)), ("again.jpg", old))
    expect(page.locator("[data-news]")).to_contain_text("1 photo added.")
    expect(page.locator("[data-count]")).to_have_text("3 photos")
    expect(page.locator(".tile")).to_have_count(1)
    page.get_by_role("link", name="Show them").click()
    expect_pictures(page, 3)


def test_a_login_that_ended_meanwhile_is_asked_for(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    context.clear_cookies(name="sessionid")
    picked(page, ("a.jpg", jpeg_bytes(640, 480)))
    failed = page.locator(".upload[data-state=failed]")
    expect(failed).to_contain_text("You were signed out. Log in and try again.")
    link = failed.get_by_role("link", name="Log in")
    expect(link).to_have_attribute("href", f"/accounts/login/?next=/albums/{album}/")
    sign_in(context, alice)
    failed.get_by_role("button", name="Try again").click()
    expect_pictures(page, 1)
    assert len(browser_errors) == 1
    assert "401" in browser_errors.pop()


def test_a_store_that_is_away_for_a_moment_holds_the_queue_and_loses_nothing(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    sign_in(context, alice)
    page.goto(f"/albums/{alice.album()}/")
    answers = [lambda route: route.abort()] * 3 + [lambda route: route.fulfill(status=502, body="Bad gateway")]
    page.route("**/images/", lambda route: answers.pop(0)(route) if answers else route.continue_())
    picked(page, *((f"{width}.jpg", jpeg_bytes(width, 200)) for width in (200, 300, 400, 500)))
    expect(page.locator("[data-total]")).to_have_text("Waiting for the connection, 0 of 4 photos done")
    expect(page.locator(".upload__state", has_text="Waiting for the connection; tries again in 1 s")).to_have_count(
        3
    )
    expect(page.locator(".upload[data-state=done]")).to_have_count(4)
    assert answers == []
    assert len(browser_errors) == 4
    browser_errors.clear()


def test_a_store_that_stays_away_ends_in_try_again(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    """After ten minutes, by the page's clock; with the connection it begins anew."""
    sign_in(context, alice)
    page.clock.install()
    page.goto(f"/albums/{alice.album()}/")
    page.route("**/images/", lambda route: route.abort())
    picked(page, *((f"{width}.jpg", jpeg_bytes(width, 200)) for width in (200, 300, 400, 500, 600)))
    failed = page.locator(".upload[data-state=failed]")
    half_minutes = 0
    while not failed.count():
        page.clock.run_for(30_500)
        page.wait_for_timeout(50)
        half_minutes += 1
        assert half_minutes < 60
    assert half_minutes * 30.5 > 10 * 60
    expect(failed).to_have_count(5)
    expect(failed.first).to_contain_text("The connection was lost. Try again")
    browser_errors.clear()
    page.unroute("**/images/")
    page.get_by_role("button", name="Try 5 again").click()
    expect(page.locator(".upload[data-state=done]")).to_have_count(5)


def test_what_finds_no_room_is_tried_again_once_there_is_room(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    """One cause, told alike by the page and by the store; a retry asks how much room there is now."""
    album = alice.album()
    sign_in(context, alice)

    def with_little_room(route: Any) -> None:
        answer = route.fetch()
        little = answer.text().replace("data-max-bytes", 'data-free-bytes="900" data-max-bytes')
        route.fulfill(response=answer, body=little)

    full = {"code": "quota_exceeded", "detail": "Full."}
    page.route(f"**/albums/{album}/", with_little_room)
    page.goto(f"/albums/{album}/")
    page.route("**/images/", lambda route: route.fulfill(status=413, json=full))
    picked(page, ("small.jpg", jpeg_bytes(16, 16)), ("big.jpg", saved(quarters(1200, 800), "JPEG")))
    failed = page.locator(".upload[data-state=failed]")
    expect(failed).to_have_count(2)
    for row in failed.all():
        expect(row.locator(".upload__state")).to_have_text(
            "There is no room left for this file: delete something for ever first. Nothing was stored."
        )
        expect(row.get_by_role("link", name="Empty the trash to make room")).to_have_attribute("href", "/trash/")
        expect(row.get_by_role("button", name="Try again")).to_be_visible()
    page.unroute("**/images/")
    page.get_by_role("button", name="Try 2 again").click()
    expect(page.locator(".upload[data-state=done]")).to_have_count(1)
    expect(failed.locator(".upload__name")).to_have_text("big.jpg")
    page.unroute(f"**/albums/{album}/")
    failed.get_by_role("button", name="Try again").click()
    expect_pictures(page, 2)
    assert len(browser_errors) == 1
    assert "413" in browser_errors.pop()


def test_the_browsable_api_takes_a_file_through_its_form(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/api/v1/albums/{album}/images/")
    form = page.locator("form[enctype='multipart/form-data']")
    photo = saved(quarters(800, 600), "JPEG")
    form.locator("input[name=file]").set_input_files({"name": "é.jpg", "mimeType": "image/jpeg", "buffer": photo})
    form.locator("input[name=caption]").fill("By hand")
    form.get_by_role("button", name="POST").click()
    expect(page.locator(".response-info")).to_contain_text("HTTP 201 Created")
    [image] = alice.images(album)
    assert (image["name"], image["caption"], image["bytes"]) == ("é.jpg", "By hand", len(photo))


# ---- Looking -----------------------------------------------------------------------------------


def test_the_arrow_keys_turn_to_the_neighbours(page: Page, context: BrowserContext, alice: Person) -> None:
    album = alice.album()
    for width, name in ((900, "first.jpg"), (901, "second.jpg"), (902, "third.jpg")):
        newest = alice.picture(album, jpeg_bytes(width, 600), name)
    sign_in(context, alice)
    page.goto(f"/images/{newest['id']}/")
    title = page.get_by_role("heading", level=1)
    steps = [
        ("", "third.jpg"), ("ArrowLeft", "third.jpg"), ("ArrowRight", "second.jpg"),
        ("ArrowRight", "first.jpg"), ("ArrowRight", "first.jpg"), ("ArrowLeft", "second.jpg"),
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


def test_a_picture_that_is_being_made_keeps_its_place_and_turns_into_itself(
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
    expect(page.locator(".tile--ready img")).to_have_count(5, timeout=WAIT)
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


# ---- For everybody -----------------------------------------------------------------------------

SHAPES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1440, "height": 900}}
AXE = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture
def paths(alice: Person) -> dict[str, str]:
    """The pages of somebody whose names are long and one of whose pictures is broken."""
    long = "Unbreakable" * 15
    album = alice.album(long)
    cut = saved(quarters(1200, 800).effect_spread(30), "JPEG", quality=95)
    alice.picture(album, cut[: len(cut) // 2], "broken.jpg")
    alice.picture(album, jpeg_bytes(400, 1200), "tall.jpg")
    alice.picture(album, jpeg_bytes(1600, 200), "wide.jpg")
    image = alice.picture(album, saved(quarters(1500, 1000), "JPEG"), f"{long}.jpg")["id"]
    gone = alice.album(long)
    alice.delete(f"images/{alice.picture(gone, jpeg_bytes(90, 60), f'{long}.jpg')['id']}/", expect=204)
    alice.delete(f"albums/{gone}/", expect=204)
    return {
        "albums": "/albums/", "new album": "/albums/new/", "album": f"/albums/{album}/",
        "edit album": f"/albums/{album}/edit/", "delete album": f"/albums/{album}/delete/",
        "image": f"/images/{image}/", "edit image": f"/images/{image}/edit/",
        "delete image": f"/images/{image}/delete/",
        "trash": "/trash/", "empty trash": "/trash/empty/", "delete for ever": f"/trash/{gone}/delete/",
        "profile": "/profile/", "leave": "/profile/delete/", "password": "/accounts/password/change/",
    }  # fmt: skip


OUTSIDE = {
    "landing": "/",
    "login": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "reset": "/accounts/password/reset/",
}
CHECKED = {"landing", "login", "sign-up", "albums", "album", "image", "trash", "profile", "delete image"}


def faults_of(page: Page, name: str, path: str) -> list[str]:
    """What is wrong with a page in light and dark, on a phone and on a desktop."""
    page.goto(path)
    found = []
    for shape, size in SHAPES.items():
        page.set_viewport_size(size)  # type: ignore[arg-type]
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wider > 0:
            found.append(f"{name} on a {shape}: {wider} px wider than the screen")
        for scheme in ("light", "dark") if name in CHECKED else ():
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            results: Any = Axe().run(page, options=AXE)
            found += [
                f"{name}, {scheme}, on a {shape}: {fault['id']} at {[node['target'] for node in fault['nodes']]}"
                for fault in results.response["violations"]
            ]
    return found


def test_the_pages_are_accessible_and_fit_every_screen(
    page: Page, context: BrowserContext, alice: Person, paths: dict[str, str]
) -> None:
    """axe-core with the tags of WCAG 2.2 AA."""
    faults = [fault for name, path in OUTSIDE.items() for fault in faults_of(page, name, path)]
    sign_in(context, alice)
    faults += [fault for name, path in paths.items() for fault in faults_of(page, name, path)]
    assert faults == []


@pytest.mark.parametrize("path", ["/api/docs/", "/api/v1/albums/"])
def test_the_way_to_a_page_of_another_make_logs_no_error(page: Page, alice: Person, path: str) -> None:
    page.goto(f"/accounts/login/?next={path}")
    page.get_by_label(EMAIL).fill(alice.email)
    page.get_by_label("Password").fill(alice.password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(path)
    page.wait_for_load_state("networkidle")


def test_error_pages_speak_plainly(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    sign_in(context, alice)
    answer = page.goto("/nothing/here/")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing at this address")
    page.get_by_role("link", name="Go to your albums").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Albums")
    assert len(browser_errors) == 1
    assert "404" in browser_errors.pop()
