"""Texts that are edited where they stand: of albums and of photos, on their pages and over the album."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.pages import AXE, SHAPES, pick_files, sign_in, wait_until
from tests.people import Person

Y = "element => Math.round(element.getBoundingClientRect().y)"


@pytest.fixture
def album(page: Page, context: BrowserContext, alice: Person) -> str:
    """The page of an album with two photos."""
    album = alice.album("Iceland")
    for number in range(2):
        alice.picture(album, jpeg_bytes(300 + number, 200), f"{number}.jpg")
    sign_in(context, alice)
    page.goto(f"/albums/{album}/?ordering=name")
    return album


def pencil(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


def field(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=name, exact=True)


def said(page: Page, text: str) -> Locator:
    return page.locator(".toast").filter(has_text=text)


def of_album(alice: Person, album: str) -> tuple[str, str]:
    [found] = [each for each in alice.albums() if each["id"] == album]
    return found["title"], found["description"]


def test_title_and_description_are_edited_in_place(page: Page, alice: Person, album: str) -> None:
    places = [page.locator(selector).first for selector in ("[data-count]", ".tile")]
    before = [place.evaluate(Y) for place in places]
    pencil(page, "Edit the title").focus()
    page.keyboard.press("Enter")
    title = field(page, "Title")
    expect(title).to_be_focused()
    expect(title).to_have_value("Iceland")
    assert [place.evaluate(Y) for place in places] == before
    page.keyboard.type(" again")
    page.keyboard.press("Escape")
    expect(title).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text("Iceland")
    expect(pencil(page, "Edit the title")).to_be_focused()
    page.keyboard.press("Enter")
    title.fill("Færøerne\nand Iceland")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Færøerne and Iceland")
    expect(said(page, "Saved.")).to_be_visible()
    expect(page).to_have_title(re.compile("^Færøerne and Iceland"))
    expect(pencil(page, "Edit the title")).to_be_focused()
    pencil(page, "Add a description").click()
    field(page, "Description").fill("Two weeks in July.")
    page.keyboard.press("Enter")
    page.keyboard.type("By bus.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".lead__text")).to_have_text("Two weeks in July.\nBy bus.", use_inner_text=True)
    expect(pencil(page, "Edit the description")).to_be_focused()
    assert of_album(alice, album) == ("Færøerne and Iceland", "Two weeks in July.\nBy bus.")
    pencil(page, "Edit the description").click()
    field(page, "Description").fill("")
    page.get_by_role("button", name="Save").click()
    expect(pencil(page, "Add a description")).to_be_focused()
    assert of_album(alice, album)[1] == ""


def test_leaving_the_field_saves_and_what_did_not_change_is_not_sent(page: Page, alice: Person, album: str) -> None:
    sent = []
    page.on("request", lambda request: sent.append(request.method) if request.method == "PATCH" else None)
    pencil(page, "Edit the title").click()
    # What edits is loaded first.
    expect(field(page, "Title")).to_be_focused()
    page.get_by_role("button", name="Select", exact=True).focus()
    expect(field(page, "Title")).to_have_count(0)
    assert sent == []
    pencil(page, "Edit the title").click()
    field(page, "Title").fill("Norway")
    page.locator(".tile__link").first.click()
    page.wait_for_url("**/images/**")
    expect(page.get_by_role("dialog")).to_be_visible()
    wait_until(page, "() => document.querySelector('h1').textContent === 'Norway'")
    assert of_album(alice, album)[0] == "Norway"
    assert sent == ["PATCH"]


def test_a_refusal_says_why_beside_the_field_and_loses_nothing(
    page: Page, alice: Person, album: str, browser_errors: list[str]
) -> None:
    pencil(page, "Edit the title").click()
    title = field(page, "Title")
    long = "Iceland " * 30
    title.fill(long)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("200 characters")
    expect(title).to_be_focused()
    expect(title).to_have_value(long)
    expect(title).to_have_attribute("aria-invalid", "true")
    expect(title).to_have_accessible_description(re.compile("200 characters"))
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The connection was lost. Try again.")
    page.context.set_offline(False)
    page.reload()
    pencil(page, "Edit the title").click()
    expect(title).to_have_value(long)
    title.fill("Iceland by bus")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Iceland by bus")
    assert len(browser_errors) == 2
    browser_errors.clear()


def test_a_title_is_edited_while_photos_are_uploaded(page: Page, alice: Person, album: str) -> None:
    pencil(page, "Edit the title").click()
    field(page, "Title").fill("Nor")
    pick_files(page, *[(f"new {number}.jpg", jpeg_bytes(500 + number, 400)) for number in range(3)])
    expect(page.locator("[data-news]")).to_contain_text("3 photos added.")
    expect(page.locator("[data-count]").first).to_have_text("5 photos")
    expect(field(page, "Title")).to_be_focused()
    page.keyboard.type("way")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Norway")
    assert len(alice.images(album)) == 5


def open_page(page: Page, image: str) -> None:
    page.goto(f"/images/{image}/")


def open_over_the_album(page: Page, image: str) -> None:
    page.locator(f"#i-{image} .tile__link").click()
    expect(page.get_by_role("dialog")).to_be_visible()


@pytest.mark.parametrize("open_photo", [open_page, open_over_the_album])
def test_name_and_caption_of_a_photo_are_edited_in_place(
    page: Page, alice: Person, album: str, open_photo: Callable[[Page, str], None]
) -> None:
    image = next(each["id"] for each in alice.images(album) if each["name"] == "0.jpg")
    open_photo(page, image)
    facts = page.get_by_role("complementary", name="About this photo")
    pencil(page, "Add a caption").click()
    caption = field(page, "Caption")
    # Keys that do something to the photo, elsewhere.
    caption.press_sequentially("if .r")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+Enter")
    expect(facts.locator(".facts__caption")).to_have_text("if .r")
    expect(pencil(page, "Edit the caption")).to_be_focused()
    expect(page.locator("[data-at='0'] [data-picture]")).to_have_attribute("alt", "if .r")
    pencil(page, "Edit the name").click()
    field(page, "Name").fill("sea.jpg")
    page.keyboard.press("Enter")
    expect(facts.get_by_role("heading", level=1)).to_have_text("sea.jpg")
    expect(page).to_have_title(re.compile("^sea.jpg"))
    expect(pencil(page, "Edit the name")).to_be_focused()
    # A draft that is left by leafing is saved, and is there when one is back.
    pencil(page, "Edit the caption").click()
    caption.fill("Surf")
    page.locator("[data-neighbour]").first.click()
    expect(facts.get_by_role("heading", level=1)).to_have_text("1.jpg")
    page.locator("[data-neighbour=previous]").click()
    expect(facts.locator(".facts__caption")).to_have_text("Surf")
    [saved] = [each for each in alice.images(album) if each["id"] == image]
    assert (saved["name"], saved["caption"]) == ("sea.jpg", "Surf")
    page.keyboard.press("Escape")
    expect(page.locator(f"#i-{image} img")).to_have_attribute("alt", "Surf")


@pytest.mark.usefixtures("album")
def test_the_fields_are_accessible(page: Page, browser_errors: list[str]) -> None:
    faults = []
    for size in SHAPES.values():
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.reload()
            pencil(page, "Edit the title").click()
            field(page, "Title").fill("")
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert")).not_to_be_empty()
            results: Any = Axe().run(page, options=AXE)
            faults += [(fault["id"], fault["nodes"]) for fault in results.response["violations"]]
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0
            page.keyboard.press("Escape")
    assert faults == []
    # Refusals, which browsers log.
    assert len(browser_errors) == 4
    browser_errors.clear()


def test_without_scripts_the_form_is_the_way(
    browser_without_scripts: Callable[[Person], Page], alice: Person
) -> None:
    album = alice.album("Iceland")
    page = browser_without_scripts(alice)
    page.goto(f"/albums/{album}/")
    expect(page.locator("[data-edit]").first).to_be_hidden()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Title").fill("Norway")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Norway")
