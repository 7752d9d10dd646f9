"""An open photo leaves its list, for the trash or another album; the next one comes, and Undo brings it back."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.pages import sign_in, upload_photos
from tests.people import Person
from tests.servers import running

NAMES = ["a.jpg", "b.jpg", "c.jpg"]


@pytest.fixture
def album(page: Page, context: BrowserContext, alice: Person) -> str:
    """An album of three photos, which the page shows by name."""
    album = alice.album("Summer")
    upload_photos(alice, album, NAMES)
    sign_in(context, alice)
    page.goto(f"/albums/{album}/?ordering=name")
    return album


def open_photo(page: Page, name: str) -> None:
    page.get_by_alt_text(name).click()
    expect_photo(page, name)


def expect_photo(page: Page, name: str) -> None:
    expect(page.locator(".viewer").get_by_role("heading", level=1)).to_have_text(name)
    expect(page).to_have_title(re.compile(f"^{name}"))


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("complementary", name="About this photo").get_by_role("button", name=name)


def undo(page: Page, text: str) -> None:
    page.locator(".toast").filter(has_text=text).get_by_role("button", name="Undo").click()


def tiles(page: Page) -> list[str]:
    return page.locator(".tile__name").all_text_contents()


def names(alice: Person, album: str) -> list[str]:
    return sorted(image["name"] for image in alice.images(album))


def test_photos_go_to_the_trash_over_the_album_and_come_back(page: Page, alice: Person, album: str) -> None:
    open_photo(page, "b.jpg")
    button(page, "Move to trash").click()
    expect_photo(page, "c.jpg")
    expect(button(page, "Move to trash")).to_be_focused()
    # The page beside it no longer leads to the one that is gone.
    page.keyboard.press("ArrowLeft")
    expect_photo(page, "a.jpg")
    assert names(alice, album) == ["a.jpg", "c.jpg"]
    undo(page, "“b.jpg” is in the trash.")
    expect_photo(page, "b.jpg")
    assert names(alice, album) == NAMES
    page.keyboard.press("ArrowRight")
    expect_photo(page, "c.jpg")
    # The last one: the one before comes.
    page.keyboard.press("Delete")
    expect_photo(page, "b.jpg")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert tiles(page) == ["a.jpg", "b.jpg"]
    expect(page.locator("[data-count]").first).to_have_text("2 photos")
    expect(page.get_by_alt_text("b.jpg").locator("xpath=ancestor::a")).to_be_focused()
    undo(page, "“c.jpg” is in the trash.")
    expect(page.locator(".tile__name")).to_have_text(NAMES)
    expect(page.locator("[data-count]").first).to_have_text("3 photos")


def test_after_the_last_photo_the_album_shows_and_undo_brings_it_back(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    album = alice.album()
    alice.picture(album, jpeg_bytes(90, 60), "a.jpg")
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    open_photo(page, "a.jpg")
    page.keyboard.press("Delete")
    expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()
    expect(page).to_have_url(re.compile(f"/albums/{album}/$"))
    undo(page, "“a.jpg” is in the trash.")
    expect(page.locator(".tile__name")).to_have_text(["a.jpg"])
    assert names(alice, album) == ["a.jpg"]


def test_a_photo_moves_to_another_album_over_its_own_and_back(page: Page, alice: Person, album: str) -> None:
    open_photo(page, "a.jpg")
    page.get_by_role("link", name="Move to another album").click()
    question = page.locator("dialog")
    expect(question.get_by_role("heading")).to_have_text("Move 1 photo to an album")
    question.get_by_label("new album").fill("Winter")
    question.get_by_role("button", name="Move").click()
    expect_photo(page, "b.jpg")
    expect(page.get_by_role("link", name="Move to another album")).to_be_focused()
    [winter] = [each["id"] for each in alice.albums() if each["title"] == "Winter"]
    assert names(alice, winter) == ["a.jpg"]
    undo(page, "“a.jpg” is in “Winter” now.")
    expect_photo(page, "a.jpg")
    assert names(alice, album) == NAMES
    page.keyboard.press("Escape")
    assert tiles(page) == NAMES


def test_among_all_photos_a_moved_one_stays_where_it_is(page: Page, alice: Person, album: str) -> None:
    alice.album("Winter")
    page.goto("/photos/?ordering=name")
    open_photo(page, "b.jpg")
    page.get_by_role("link", name="Move to another album").click()
    page.locator("dialog").get_by_label("Album", exact=True).select_option("Winter")
    page.locator("dialog").get_by_role("button", name="Move").click()
    expect(page.locator(".toast")).to_contain_text("“b.jpg” is in “Winter” now.")
    expect_photo(page, "b.jpg")
    assert names(alice, album) == ["a.jpg", "c.jpg"]
    undo(page, "“b.jpg” is in “Winter” now.")
    expect(page.locator(".toast").filter(has_text="“b.jpg” is back.")).to_be_visible()
    assert names(alice, album) == NAMES


def test_what_is_refused_stays_and_says_why(page: Page, alice: Person, album: str) -> None:
    winter = alice.album("Winter")
    alice.picture(winter, jpeg_bytes(91, 60), "same.jpg")
    page.reload()
    open_photo(page, "b.jpg")
    page.get_by_role("link", name="Move to another album").click()
    expect(page.locator("dialog option")).to_have_text(["Winter"])
    page.locator("dialog").get_by_label("Album", exact=True).select_option("Winter")
    page.locator("dialog").get_by_role("button", name="Move").click()
    expect(page.locator(".toast")).to_contain_text("That album has these bytes already.")
    expect_photo(page, "b.jpg")
    assert names(alice, album) == NAMES


def test_on_its_own_page_a_photo_goes_on_to_the_next(page: Page, alice: Person, album: str) -> None:
    [image] = [each["id"] for each in alice.images(album) if each["name"] == "b.jpg"]
    page.goto(f"/images/{image}/?ordering=name")
    button(page, "Move to trash").click()
    expect_photo(page, "c.jpg")
    expect(page).not_to_have_url(re.compile(image))
    undo(page, "“b.jpg” is in the trash.")
    expect_photo(page, "b.jpg")
    assert names(alice, album) == NAMES


def test_without_scripts_the_store_leads_on(
    browser_without_scripts: Callable[[Person], Page], alice: Person
) -> None:
    album = alice.album()
    upload_photos(alice, album, NAMES)
    page = browser_without_scripts(alice)
    page.goto(f"/albums/{album}/?ordering=name")
    page.get_by_alt_text("a.jpg").click()
    page.get_by_role("button", name="Move to trash").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("b.jpg")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("a.jpg")


def test_without_a_trash_the_question_comes_first(page: Page, context: BrowserContext, tmp_path: Path) -> None:
    with running(tmp_path, TRASH_DAYS="0") as server:
        alice = Person.sign_up(server, "alice")
        album = alice.album()
        upload_photos(alice, album, NAMES)
        sign_in(context, alice)
        page.goto(f"{server.url}/albums/{album}/?ordering=name")
        open_photo(page, "a.jpg")
        page.keyboard.press("Delete")
        question = page.locator("dialog")
        expect(question.get_by_role("heading")).to_have_text("Delete “a.jpg” for ever?")
        question.get_by_role("link", name="Keep it").click()
        expect_photo(page, "a.jpg")
        page.keyboard.press("Delete")
        question.get_by_role("button", name="Delete for ever").click()
        expect_photo(page, "b.jpg")
        expect(page.locator(".toast")).to_contain_text("“a.jpg” is deleted.")
        assert names(alice, album) == ["b.jpg", "c.jpg"]
