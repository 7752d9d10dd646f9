"""Photos in the trash, selected and then restored or deleted together."""

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.pages import check, in_bar, sign_in, upload_photos
from tests.people import Person

NAMES = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


@pytest.fixture
def album(page: Page, context: BrowserContext, alice: Person) -> str:
    """An album of which four photos are in the trash, last trashed first. The page shows the trash."""
    album = alice.album()
    for image in upload_photos(alice, album, NAMES):
        alice.delete(f"images/{image}/", expect=204)
    alice.delete(f"albums/{alice.album('Norway')}/", expect=204)
    sign_in(context, alice)
    page.goto("/trash/")
    return album


def count(page: Page, text: str) -> None:
    expect(page.locator("[data-selection-news]")).to_have_text(text)


def names(page: Page) -> Locator:
    return page.locator(".album__title")


def test_a_range_is_restored_and_the_page_shows_what_is_left(page: Page, alice: Person, album: str) -> None:
    expect(names(page)).to_have_text(["Norway", "d.jpg", "c.jpg", "b.jpg", "a.jpg"])
    page.get_by_role("link", name="d.jpg", exact=True).hover()
    check(page, "d.jpg").click()
    count(page, "1 selected")
    page.get_by_role("link", name="b.jpg", exact=True).click(modifiers=["Shift"])
    count(page, "3 selected")
    page.get_by_role("link", name="c.jpg", exact=True).click()
    count(page, "2 selected")
    in_bar(page, "Restore").click()
    expect(page.locator(".toast")).to_contain_text("2 photos are back.")
    expect(names(page)).to_have_text(["Norway", "c.jpg", "a.jpg"])
    count(page, "None selected")
    assert sorted(image["name"] for image in alice.images(album)) == ["b.jpg", "d.jpg"]
    page.get_by_role("link", name="c.jpg", exact=True).click()
    page.wait_for_url("**/trash/*-*/")


def test_all_are_deleted_for_ever_by_keys_after_a_question(page: Page, alice: Person, album: str) -> None:
    page.goto("/trash/?page_size=2")
    page.get_by_role("link", name="d.jpg", exact=True).focus()
    page.keyboard.press("x")
    count(page, "1 selected")
    page.keyboard.press("Escape")
    count(page, "None selected")
    page.get_by_role("button", name="Select", exact=True).press("Enter")
    in_bar(page, "Select all").press("Enter")
    count(page, "4 selected")
    in_bar(page, "Delete for ever").press("Enter")
    question = page.get_by_role("dialog")
    expect(question.get_by_role("heading")).to_have_text("Delete 4 photos for ever?")
    question.get_by_role("link", name="Cancel").press("Enter")
    count(page, "4 selected")
    in_bar(page, "Delete for ever").press("Enter")
    question.get_by_role("button", name="Delete for ever").press("Enter")
    expect(names(page)).to_have_text(["Norway"])
    expect(page.get_by_role("link", name="Next")).to_have_count(0)
    assert alice.images(album) == []


@pytest.mark.usefixtures("album")
def test_a_rectangle_from_beside_the_entries_selects_the_photos_that_it_crosses(page: Page) -> None:
    boxes = [names(page).nth(place).bounding_box() for place in (1, 2)]
    assert boxes[0]
    assert boxes[1]
    page.mouse.move(4, boxes[0]["y"])
    page.mouse.down()
    page.mouse.move(boxes[1]["x"] + 20, boxes[1]["y"] + 5, steps=4)
    expect(page.locator(".marquee")).to_be_visible()
    page.mouse.up()
    count(page, "2 selected")
    expect(check(page, "d.jpg")).to_be_checked()
    expect(check(page, "c.jpg")).to_be_checked()


@pytest.mark.usefixtures("album")
def test_a_finger_selects_on_after_a_long_press(page: Page, context: BrowserContext) -> None:
    finger = context.new_cdp_session(page)
    points = []
    for name in ("d.jpg", "b.jpg"):
        box = page.get_by_role("link", name=name, exact=True).locator("xpath=../..").bounding_box()
        assert box
        points.append({"x": box["x"] + box["width"] / 2, "y": box["y"] + 40})
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    count(page, "1 selected")
    finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points[1:]})
    count(page, "3 selected")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    for name in ("d.jpg", "c.jpg", "b.jpg"):
        expect(check(page, name)).to_be_checked()


@pytest.mark.usefixtures("album")
def test_a_long_press_selects(page: Page, context: BrowserContext) -> None:
    finger = context.new_cdp_session(page)
    box = page.get_by_role("link", name="c.jpg", exact=True).locator("xpath=../..").bounding_box()
    assert box
    at = [{"x": box["x"] + box["width"] / 2, "y": box["y"] + 40}]
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at})
    count(page, "1 selected")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(check(page, "c.jpg")).to_be_checked()


def test_what_cannot_be_restored_says_why(page: Page, alice: Person, album: str) -> None:
    alice.delete(f"albums/{album}/", expect=204)
    page.reload()
    page.get_by_role("link", name="a.jpg", exact=True).hover()
    check(page, "a.jpg").click()
    in_bar(page, "Restore").click()
    expect(page.locator(".toast")).to_contain_text("It was not done to 1 photo. Its album is in the trash.")
    count(page, "1 selected")


def test_the_last_photos_leave_an_empty_trash(page: Page, alice: Person, album: str) -> None:
    alice.delete("trash/", expect=204)
    image = alice.picture(album, jpeg_bytes(99, 60), "z.jpg")["id"]
    alice.delete(f"images/{image}/", expect=204)
    page.reload()
    page.get_by_role("button", name="Select", exact=True).click()
    in_bar(page, "Select all").click()
    in_bar(page, "Restore").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    expect(page.locator("[data-selection]")).to_be_hidden()
