"""The panel of uploads, and the ways in which files come: picked, dropped, in folders, many at once."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, Route, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.pages import expect_pictures, pick_files, sign_in
from tests.browser.test_accessibility import AXE, SHAPES
from tests.people import Person

MANY = 300
# Drops so many files, and counts the rows that the panel ever has at once.
DROP_MANY = """count => {
    const transfer = new DataTransfer();
    for (let i = 0; i < count; i += 1) transfer.items.add(new File([`photo ${i}`], `${i}.jpg`));
    window.mostRows = 0;
    new MutationObserver(() => {
        window.mostRows = Math.max(window.mostRows, document.querySelectorAll(".upload").length);
    }).observe(document.querySelector(".uploads__list"), { childList: true });
    const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
    return !document.body.dispatchEvent(new DragEvent("drop", options));
}"""
TAKES_DROP = """() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["photo"], "a.jpg"));
    const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
    return ["dragover", "drop"].map(type => document.body.dispatchEvent(new DragEvent(type, options)));
}"""


def folder_of(path: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(jpeg_bytes(200 + number, 100))
    return path


def open_album(page: Page, context: BrowserContext, person: Person) -> str:
    album = person.album()
    sign_in(context, person)
    page.goto(f"/albums/{album}/")
    return album


def test_hundreds_of_files_in_one_drop_keep_the_page_small(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    open_album(page, context, alice)
    sent = []

    def answer(route: Route) -> None:
        sent.append(route)
        route.fulfill(status=201, json={"id": f"00000000-0000-7000-8000-{len(sent):012}"})

    page.route("**/images/", answer)
    assert page.evaluate(DROP_MANY, MANY) is True
    expect(page.locator("[data-total]")).to_have_text(f"{MANY} photos added")
    assert len(sent) == MANY
    assert 0 < page.evaluate("window.mostRows") < 20
    expect(page.locator(".upload")).to_have_count(0)


@pytest.mark.parametrize("path", ["/profile/", "/accounts/login/"])
def test_a_file_that_is_dropped_anywhere_never_opens(
    page: Page, context: BrowserContext, alice: Person, path: str
) -> None:
    if path == "/profile/":
        sign_in(context, alice)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(TAKES_DROP) == [False, False]


def test_a_folder_goes_into_the_album(page: Page, context: BrowserContext, alice: Person, tmp_path: Path) -> None:
    open_album(page, context, alice)
    trip = folder_of(tmp_path / "Trip", "a.jpg", "Day 1/b.jpg", ".hidden.jpg")
    page.locator("#folder").set_input_files(trip)
    expect(page.locator("[data-total]")).to_have_text("2 photos added")
    expect_pictures(page, 2)


def test_folders_become_albums(page: Page, context: BrowserContext, alice: Person, tmp_path: Path) -> None:
    sign_in(context, alice)
    page.goto("/albums/")
    trip = folder_of(tmp_path / "Trip", "a.jpg", "b.jpg", "Day 1/c.jpg")
    page.locator("#folders").set_input_files(trip)
    expect(page.locator("[data-total]")).to_have_text("3 photos added")
    expect(page.locator(".album__title")).to_contain_text(["New album", "Trip", "Trip"])
    assert {(album["title"], album["image_count"]) for album in alice.albums()} == {
        ("Trip", 2),
        ("Trip / Day 1", 1),
    }


def test_what_the_album_has_is_not_sent(page: Page, context: BrowserContext, alice: Person) -> None:
    album = open_album(page, context, alice)
    old = jpeg_bytes(640, 480)
    alice.picture(album, old)
    bodies = []
    page.on("request", lambda request: request.method == "POST" and bodies.append(request.url.rsplit("/", 2)[-2]))
    pick_files(page, ("again.jpg", old))
    expect(page.locator("[data-total]")).to_have_text("1 photo already here")
    assert bodies == ["exists"]


def test_pause_resume_and_cancel(page: Page, context: BrowserContext, alice: Person) -> None:
    album = open_album(page, context, alice)
    held: list[Any] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/images/", hold)
    pick_files(page, *((f"{width}.jpg", jpeg_bytes(width, 200)) for width in (200, 300, 400, 500)))
    total = page.locator("[data-total]")
    expect(page.locator(".upload[data-state=sending], .upload[data-state=checking]")).to_have_count(3)
    page.get_by_role("button", name="Pause").click()
    expect(total).to_have_text("Paused, 0 of 4 photos done")
    page.reload()
    expect(total).to_have_text("Paused, 0 of 4 photos done")
    page.get_by_role("button", name="Cancel 400.jpg").click()
    expect(total).to_have_text("Paused, 0 of 3 photos done")
    page.unroute("**/images/", hold)
    page.get_by_role("button", name="Go on").click()
    expect(total).to_have_text("3 photos added")
    page.route("**/images/", hold)
    pick_files(page, ("600.jpg", jpeg_bytes(600, 200)))
    expect(total).to_have_text("Adding 4 photos, 3 done")
    page.get_by_role("button", name="Cancel all").click()
    expect(total).to_have_text("3 photos added")
    page.get_by_role("button", name="Close uploads").click()
    expect(page.locator("[data-uploads]")).to_be_hidden()
    assert len(alice.images(album)) == 3


@pytest.mark.parametrize("shape", SHAPES)
def test_the_panel_is_accessible_and_leaves_the_photos_visible(
    page: Page, context: BrowserContext, alice: Person, shape: str, browser_errors: list[str]
) -> None:
    """With files that were refused, are being sent, and wait."""
    page.set_viewport_size(SHAPES[shape])  # type: ignore[arg-type]
    open_album(page, context, alice)
    refused = {"code": "unsupported_format", "detail": "No picture."}

    def answer(route: Route) -> None:
        if b"letter.jpg" in (route.request.post_data_buffer or b""):
            route.fulfill(status=415, json=refused)

    page.route("**/images/", answer)
    pick_files(page, ("letter.jpg", b"Dear store"), *((f"{n}.jpg", jpeg_bytes(n, 200)) for n in range(200, 208)))
    expect(page.locator("[data-total]")).to_have_text("Adding 9 photos, 0 done, 1 not added")
    panel = page.locator("[data-uploads]")
    if shape == "phone":
        box = panel.bounding_box()
        assert box is not None
        assert box["height"] < SHAPES[shape]["height"] / 8
        page.get_by_role("button", name="Show the files").click()
    expect(panel.get_by_role("listitem")).to_have_count(1 + 3 + 3)
    expect(panel).to_contain_text("and 2 more")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        results: Any = Axe().run(page, options=AXE)
        assert [fault["id"] for fault in results.response["violations"]] == []
    assert len(browser_errors) == 1
    browser_errors.clear()
