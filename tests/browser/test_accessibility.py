"""The pages meet WCAG 2.2 AA, fit every screen and log no error."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from images.tests.pictures import jpeg_bytes, quarters, saved
from tests.browser.fill import fill
from tests.browser.pages import AXE, EMAIL, SHAPES, check, serve_pictures, sign_in, tile
from tests.people import Person
from tests.servers import Server


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
    trashed = alice.picture(gone, jpeg_bytes(90, 60), f"{long}.jpg")["id"]
    alice.delete(f"images/{trashed}/", expect=204)
    alice.delete(f"albums/{gone}/", expect=204)
    return {
        "albums": "/albums/", "new album": "/albums/new/", "album": f"/albums/{album}/",
        "edit album": f"/albums/{album}/edit/", "delete album": f"/albums/{album}/delete/",
        "image": f"/images/{image}/", "edit image": f"/images/{image}/edit/",
        "delete image": f"/images/{image}/delete/",
        "photos": "/photos/", "search": "/photos/?search=unbreakable", "selection": "/photos/", "move": "/photos/",
        "trashed photo": f"/trash/{trashed}/",
        "trash": "/trash/", "trash selection": "/trash/", "empty trash": "/trash/empty/",
        "delete for ever": f"/trash/{gone}/delete/",
        "profile": "/profile/", "leave": "/profile/delete/", "password": "/accounts/password/change/",
        "share": "/share/",
    }  # fmt: skip


OUTSIDE = {
    "landing": "/",
    "login": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "reset": "/accounts/password/reset/",
    "offline": "/offline/",
}
CHECKED = {
    "landing", "login", "sign-up", "albums", "album", "image", "trash", "profile", "delete image", "photos",
    "search", "selection", "move", "trash selection", "share", "offline",
}  # fmt: skip


def select_all(page: Page) -> None:
    page.get_by_role("button", name="Select", exact=True).click()
    page.get_by_role("button", name="Select all").click()
    expect(page.locator("[data-selection-news]")).to_have_text("4 selected")


def ask_where_to_move(page: Page) -> None:
    select_all(page)
    page.get_by_role("form", name="Selected photos").get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def select_in_the_trash(page: Page) -> None:
    page.get_by_role("button", name="Select", exact=True).click()
    page.get_by_role("button", name="Select all").click()
    expect(page.locator("[data-selection-news]")).to_have_text("1 selected")


STATES: dict[str, Callable[[Page], None]] = {
    "selection": select_all,
    "move": ask_where_to_move,
    "trash selection": select_in_the_trash,
}


def faults_of(page: Page, name: str, path: str) -> list[str]:
    """What is wrong with a page in light and dark, on a phone and on a desktop."""
    page.goto(path)
    if name in STATES:
        STATES[name](page)
    found = []
    for shape, size in SHAPES.items():
        page.set_viewport_size(size)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wider > 0:
            found.append(f"{name} on a {shape}: {wider} px wider than the screen")
        if name in CHECKED:
            found += violations(page, f"{name} on a {shape}")
    return found


def violations(page: Page, name: str) -> list[str]:
    """What axe finds in a page as it is, in light and dark."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        results: Any = Axe().run(page, options=AXE)
        found += [
            f"{name}, {scheme}: {fault['id']} at {[node['target'] for node in fault['nodes']]}"
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


def test_what_the_mouse_opens_over_a_long_album_is_accessible(
    page: Page, context: BrowserContext, alice: Person, server: Server
) -> None:
    """The rail of dates, a rectangle that selects, and the menu of an album by hand with a tile under way."""
    album = alice.album("Long")
    fill(server, album, 240)
    sign_in(context, alice)
    serve_pictures(page)
    page.set_viewport_size(SHAPES["desktop"])
    page.goto(f"/albums/{album}/?ordering=taken_at")
    page.wait_for_load_state("networkidle")
    page.locator("[data-rail]").hover()
    expect(page.locator("[data-rail-label]")).to_be_visible()
    found = violations(page, "rail")
    page.mouse.move(4, 450)
    page.mouse.down()
    page.mouse.move(700, 650, steps=4)
    expect(page.locator(".marquee")).to_be_visible()
    expect(page.locator(".tile__check :checked").first).to_be_attached()
    found += violations(page, "rectangle")
    page.mouse.up()

    page.goto(f"/albums/{album}/?ordering=position")
    page.wait_for_load_state("networkidle")
    check(page, "IMG_00002.jpg").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="More").click()
    menu = page.locator("#selection-menu")
    menu.get_by_role("button", name="Move earlier").click()
    expect(page.locator("[data-selection-news]")).to_have_text("Moved to place 2 of 240")
    expect(menu).to_be_visible()
    found += violations(page, "menu by hand")
    page.keyboard.press("Escape")
    tile(page, "IMG_00002.jpg").hover()
    page.mouse.down()
    page.mouse.move(700, 600, steps=4)
    expect(page.locator(".drop-line")).to_be_attached()
    found += violations(page, "tile under way")
    page.keyboard.press("Escape")
    page.mouse.up()
    assert found == []


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
