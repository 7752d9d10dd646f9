"""The pages meet WCAG 2.2 AA, fit every screen and log no error."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from images.tests.pictures import jpeg_bytes, quarters, saved
from tests.browser.pages import AXE, EMAIL, SHAPES, sign_in
from tests.people import Person


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
