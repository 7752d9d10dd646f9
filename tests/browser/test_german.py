"""The portal for a browser that asks for German: pages, scripts, and that its longer words fit."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.conftest import TELL_VIOLATIONS
from tests.browser.pages import WAIT_MILLISECONDS, sign_in
from tests.people import Person
from tests.servers import Server

NARROW, LOW = (320, 640), (844, 390)
OUT_OF_SIGHT = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def page(browser: Browser, server: Server, browser_errors: list[str]) -> Iterator[Page]:
    context = browser.new_context(base_url=server.url, locale="de-DE")
    context.set_default_timeout(WAIT_MILLISECONDS)
    context.add_init_script(TELL_VIOLATIONS)
    context.on(
        "console",
        lambda message: message.type == "error" and browser_errors.append(f"{message.location}: {message.text}"),
    )
    yield context.new_page()
    context.close()
    assert browser_errors == []


def fits(page: Page, path: str) -> None:
    page.goto(path)
    assert page.evaluate("() => document.documentElement.lang") == "de"
    for width, height in (NARROW, LOW):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(OUT_OF_SIGHT) <= 0, f"{path} at {width} × {height}"


def test_pages_are_german_and_fit_narrow_and_low_screens(page: Page, alice: Person) -> None:
    album = alice.album("Norwegen")
    kept, trashed = (alice.picture(album, jpeg_bytes(90 + n, 60), f"{n}.jpg")["id"] for n in range(2))
    alice.delete(f"images/{trashed}/", expect=204)
    for path in ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        fits(page, path)
    sign_in(page.context, alice)
    pages = ("/albums/", f"/albums/{album}/", "/photos/", f"/images/{kept}/", f"/images/{kept}/edit/")
    for path in (*pages, "/trash/", "/trash/empty/", "/profile/", "/profile/delete/", "/share/", "/offline/"):
        fits(page, path)


def test_scripts_speak_german(page: Page, alice: Person) -> None:
    album = alice.album("Norwegen")
    alice.picture(album, jpeg_bytes(90, 60), "a.jpg")
    sign_in(page.context, alice)
    page.goto(f"/albums/{album}/")
    page.get_by_label("Fotos, die hinzukommen", exact=True).set_input_files(
        {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": jpeg_bytes(91, 60)}
    )
    expect(page.get_by_text("1 Foto hinzugefügt").first).to_be_visible()
    page.get_by_role("button", name="Auswählen").click()
    page.locator(".tile__link").first.click()
    expect(page.locator("[data-selected-count]")).to_have_text("1 gewählt")
    page.get_by_role("form", name="Ausgewählte Fotos").get_by_role("button", name="In den Papierkorb").click()
    expect(page.get_by_text("1 Foto ist im Papierkorb.")).to_be_visible()
