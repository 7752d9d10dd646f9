"""Selecting photos: by click, Shift, a long press and keys; what is done to them then, and the way back."""

import zipfile

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from images.tests.pictures import exif_bytes, jpeg_bytes, quarters, saved
from tests.browser.pages import WAIT_MILLISECONDS, check, in_bar, sign_in, tile, upload_photos, wait_until
from tests.people import Person

NAMES = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
PLACES = """tiles => tiles.map(tile => [
  tile.offsetLeft, tile.offsetTop + tile.parentElement.offsetTop, tile.offsetWidth, tile.offsetHeight
])"""


@pytest.fixture
def album(page: Page, context: BrowserContext, alice: Person) -> str:
    """An album of four photos, which the page shows by name."""
    album = alice.album()
    upload_photos(alice, album, NAMES)
    sign_in(context, alice)
    page.goto(f"/albums/{album}/?ordering=name")
    return album


def selected(page: Page) -> list[str]:
    boxes = page.locator(".tile__check :checked")
    return [str(box.get_attribute("aria-label")).removeprefix("Select ") for box in boxes.all()]


def names(page: Page) -> list[str]:
    return page.locator(".tile__name").all_text_contents()


def count(page: Page, text: str) -> None:
    expect(page.locator("[data-selection-news]")).to_have_text(text)


def toast(page: Page, text: str) -> Locator:
    return page.locator(".toast").filter(has_text=text)


def test_clicks_select_one_or_a_range_and_open_nothing_until_the_selection_ends(page: Page, album: str) -> None:
    tile(page, "a.jpg").hover()
    check(page, "a.jpg").click()
    count(page, "1 selected")
    tile(page, "c.jpg").locator(".tile__link").click(modifiers=["Shift"])
    count(page, "3 selected")
    tile(page, "b.jpg").locator(".tile__link").click()
    count(page, "2 selected")
    assert selected(page) == ["a.jpg", "c.jpg"]
    in_bar(page, "Clear the selection").click()
    count(page, "None selected")
    expect(page.locator("[data-selection]")).to_be_hidden()
    tile(page, "b.jpg").locator(".tile__link").click()
    page.wait_for_url("**/images/**")


def test_the_keyboard_alone_selects_trashes_and_undoes(page: Page, album: str) -> None:
    tile(page, "b.jpg").locator(".tile__link").focus()
    page.keyboard.press("x")
    count(page, "1 selected")
    page.keyboard.press("Tab")
    expect(check(page, "b.jpg")).to_be_focused()
    page.keyboard.press("Space")
    count(page, "None selected")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    tile(page, "d.jpg").locator(".tile__link").focus()
    page.keyboard.press("Shift+X")
    count(page, "2 selected")
    assert selected(page) == ["c.jpg", "d.jpg"]
    in_bar(page, "Move to trash").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.locator("[data-count]").first).to_have_text("2 photos")
    toast(page, "2 photos are in the trash.").get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tile")).to_have_count(4)
    assert names(page) == NAMES
    expect(page.locator("[data-count]").first).to_have_text("4 photos")
    check(page, "a.jpg").focus()
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    count(page, "None selected")


def test_a_long_press_selects_and_opens_nothing(page: Page, context: BrowserContext, album: str) -> None:
    finger = context.new_cdp_session(page)
    box = tile(page, "b.jpg").bounding_box()
    assert box
    at = [{"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}]
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at})
    count(page, "1 selected")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tile(page, "c.jpg").locator(".tile__link").click()
    count(page, "2 selected")
    assert selected(page) == ["b.jpg", "c.jpg"]


def test_all_photos_of_the_list_move_to_a_new_album_and_back(page: Page, alice: Person, album: str) -> None:
    """Also those whose tiles have yet to load."""
    page.route("**/part/?*cursor=*", lambda route: None)
    page.goto(f"/albums/{album}/?ordering=name&page_size=2")
    expect(page.locator(".tile")).to_have_count(2)
    page.get_by_role("button", name="Select", exact=True).click()
    in_bar(page, "Select all").click()
    count(page, "4 selected")
    in_bar(page, "Move").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Move 4 photos to an album")
    dialog.get_by_label("new album").fill("Winter")
    dialog.get_by_role("button", name="Move").click()
    said = toast(page, "4 photos are in “Winter” now.")
    expect(said).to_be_visible()
    expect(page.locator(".tile")).to_have_count(0)
    assert sorted(each["image_count"] for each in alice.albums()) == [0, 4]
    said.get_by_role("button", name="Undo").click()
    expect(toast(page, "4 photos are back.")).to_be_visible()
    expect(page.locator(".tile__name")).to_have_text(NAMES)
    assert len(alice.images(album)) == 4


def test_favourites_bear_a_star_and_what_fails_says_why(page: Page, alice: Person, album: str) -> None:
    page.goto("/photos/?ordering=name")
    tile(page, "a.jpg").hover()
    check(page, "a.jpg").click()
    in_bar(page, "Favourite").click()
    expect(tile(page, "a.jpg").get_by_role("img", name="Favourite")).to_be_visible()
    count(page, "None selected")
    [gone] = [image["id"] for image in alice.images(album) if image["name"] == "b.jpg"]
    alice.delete(f"images/{gone}/", expect=204)
    for name in ("b.jpg", "c.jpg"):
        tile(page, name).hover()
        check(page, name).click()
    in_bar(page, "Move to trash").click()
    expect(toast(page, "It was not done to 1 photo.")).to_be_visible()
    expect(tile(page, "c.jpg")).to_have_count(0)
    count(page, "1 selected")


def test_the_menu_rotates_copies_and_corrects_dates(page: Page, alice: Person, album: str) -> None:
    def choose(action: str) -> None:
        in_bar(page, "More").click()
        in_bar(page, action).click()

    taken = jpeg_bytes(120, 60, exif=exif_bytes(taken="2020:05:01 23:30:00"))
    alice.picture(album, taken, "0.jpg")
    page.goto(f"/albums/{album}/?ordering=name&page_size=2")
    expect(page.locator(".tile")).to_have_count(5)
    page.get_by_role("button", name="Select", exact=True).click()
    check(page, "0.jpg").click()
    choose("Rotate right")
    expect(tile(page, "0.jpg")).to_have_attribute("data-width", "60", timeout=WAIT_MILLISECONDS)
    places = page.locator(".tile").evaluate_all(PLACES)
    count(page, "1 selected")
    choose("Copy to an album")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("new album").fill("Copies")
    dialog.get_by_role("button", name="Copy").click()
    expect(toast(page, "1 photo copied to “Copies”.")).to_be_visible()
    count(page, "None selected")
    tile(page, "0.jpg").hover()
    check(page, "0.jpg").click()
    choose("Correct the date")
    dialog.get_by_label("Hours").fill("2")
    dialog.get_by_role("button", name="Correct").click()
    expect(toast(page, "The date of 1 photo is corrected.")).to_be_visible()
    [copies] = [each["id"] for each in alice.albums() if each["title"] == "Copies"]
    [copy] = alice.images(copies)
    assert copy["taken_at"].startswith("2020-05-01T23:30:00")
    toast(page, "1 photo copied to “Copies”.").get_by_role("button", name="Undo").click()
    expect(toast(page, "1 photo removed again.")).to_be_visible()
    assert alice.images(copies) == []
    [corrected] = [image for image in alice.images(album) if image["name"] == "0.jpg"]
    assert corrected["taken_at"].startswith("2020-05-02T01:30:00")
    # The turned photo has had its place at once.
    page.reload()
    expect(page.locator(".tile")).to_have_count(5)
    assert page.locator(".tile").evaluate_all(PLACES) == places


def test_the_selected_photos_are_downloaded_in_one_archive(page: Page, album: str) -> None:
    for name in ("b.jpg", "c.jpg"):
        tile(page, name).hover()
        check(page, name).click()
    with page.expect_download() as started:
        in_bar(page, "Download").click()
    with zipfile.ZipFile(started.value.path()) as opened:
        assert opened.testzip() is None
        assert sorted(opened.namelist()) == ["b.jpg", "c.jpg"]


def test_a_tile_shows_its_turned_picture_without_a_reload(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    """Turned from the selection; then over the album, which is closed before the picture is made."""
    album = alice.album()
    # So large that it is still being made when the page asks first.
    image = alice.picture(album, saved(quarters(5000, 3000), "PNG", compress_level=1), "wide.png")["id"]
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    picture = f"document.querySelector('#i-{image} img')"
    page.get_by_role("button", name="Select", exact=True).click()
    check(page, "wide.png").click()
    in_bar(page, "More").click()
    in_bar(page, "Rotate right").click()
    turned = page.locator(f"#i-{image}")
    expect(turned).to_have_attribute("data-status", "turning")
    expect(turned).to_have_attribute("aria-busy", "true")
    expect(turned).to_have_attribute("data-status", "ready")
    wait_until(page, f"() => {picture}?.naturalHeight > {picture}?.naturalWidth")
    page.keyboard.press("Escape")
    turned.locator(".tile__link").click()
    dialog = page.get_by_role("dialog")
    with page.expect_request_finished(lambda request: request.url.endswith("/change/")):
        dialog.get_by_role("button", name="Rotate left").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    wait_until(page, f"() => {picture}?.naturalHeight < {picture}?.naturalWidth")
