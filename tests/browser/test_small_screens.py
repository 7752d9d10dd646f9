"""What must stay in sight and within a finger's reach on a phone, upright and on its side."""

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, ViewportSize, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.pages import PHONE, pick_files, sign_in
from tests.people import Person

ON_ITS_SIDE: ViewportSize = {"width": 844, "height": 390}
FINGER = 44
# The area of a control that a finger hits: its own, or that of the pseudo-element around it.
TOUCHED = """control => {
    const { width, height } = control.getBoundingClientRect();
    const around = getComputedStyle(control, "::after");
    return [Math.max(width, parseFloat(around.width) || 0), Math.max(height, parseFloat(around.height) || 0)];
}"""


def edges(element: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in px."""
    box = element.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


@pytest.fixture
def wordy(page: Page, context: BrowserContext, alice: Person) -> str:
    """The path of an album whose title and description are long, with one photo."""
    album = alice.album(
        "Patagonia, Tierra del Fuego and the Falklands, by train and on foot, in the autumn of that year"
    )
    alice.call("PATCH", f"albums/{album}/", json={"description": "It was long. " * 16}, expect=200)
    alice.picture(album, jpeg_bytes(300, 200), "a.jpg")
    sign_in(context, alice)
    return f"/albums/{album}/"


def test_the_photos_begin_high_however_long_the_words_are(page: Page, wordy: str) -> None:
    for size, part in ((PHONE, 1 / 4), (ON_ITS_SIDE, 1 / 2)):
        page.set_viewport_size(size)
        page.goto(wordy)
        assert edges(page.locator(".tile"))[1] <= size["height"] * part
    # Also where a description of its length has space for all of its lines on a higher screen.
    _, _, _, before = edges(page.locator(".lead__text"))
    page.locator(".lead__more").click()
    assert edges(page.locator(".lead__text"))[3] > before


def test_the_buttons_of_photos_and_album_end_at_one_edge(page: Page, wordy: str) -> None:
    page.set_viewport_size(PHONE)
    page.goto(wordy)
    sort = edges(page.locator("[popovertarget=sort-menu]"))
    trash = edges(page.get_by_role("button", name="Move to trash").first)
    assert sort[2] == pytest.approx(trash[2], abs=1)


def test_what_looks_small_is_large_for_a_finger(page: Page, wordy: str) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{wordy}?search=a")
    for small in (".edit", ".found a", ".foot a", ".crumbs a", ".lead__more"):
        for control in page.locator(small).filter(visible=True).all():
            width, height = control.evaluate(TOUCHED)
            assert min(width, height) >= FINGER - 0.5, f"{small}: {width} × {height}"


def test_a_photo_is_in_sight_beside_its_facts(page: Page, context: BrowserContext, alice: Person) -> None:
    """Who turns a photo there sees what becomes of it."""
    image = alice.picture(alice.album(), jpeg_bytes(300, 600), "a.jpg")["id"]
    sign_in(context, alice)
    facts = page.get_by_role("complementary", name="About this photo")
    picture = page.get_by_role("img", name="a.jpg")
    for size in (PHONE, ON_ITS_SIDE):
        page.set_viewport_size(size)
        page.goto(f"/images/{image}/")
        expect(facts).to_be_hidden()
        page.get_by_role("button", name="About this photo").click()
        expect(facts).to_be_visible()
        _, top, right, bottom = edges(picture)
        left_of_facts, top_of_facts, _, _ = edges(facts)
        assert bottom <= top_of_facts or right <= left_of_facts
        assert bottom - top >= size["height"] / 4


def test_a_folded_panel_of_uploads_covers_nothing_of_a_photo_page(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    """Nor does a file without bytes end what the panel's script does."""
    album = alice.album()
    image = alice.picture(album, jpeg_bytes(300, 200), "a.jpg")["id"]
    sign_in(context, alice)
    page.set_viewport_size(PHONE)
    page.goto(f"/albums/{album}/")
    pick_files(page, ("empty.jpg", b""))
    expect(page.locator("[data-total]")).to_have_text("1 photo not added")
    page.goto(f"/images/{image}/")
    expect(page.locator("[data-uploads]")).to_be_visible()
    page.get_by_role("button", name="About this photo").click()
    removal = page.locator("[data-removal]")
    removal.scroll_into_view_if_needed()
    assert edges(removal)[3] <= edges(page.locator("[data-uploads]"))[1]
    # The browser tells of the refusal.
    assert len(browser_errors) == 1
    assert "415" in browser_errors.pop()
