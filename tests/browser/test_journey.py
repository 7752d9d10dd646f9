"""A person signs up, fills an album, downloads and deletes: with JavaScript and without."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from images.tests.corpus import needs_corpus
from tests.browser.pages import (
    IMAGE,
    OPENED,
    PHOTOS,
    WAIT_MILLISECONDS,
    expect_gone,
    expect_pictures,
    make_album,
    open_and_download,
    sign_up,
    to_trash_and_back,
)
from tests.servers import Server
from tests.state import State


@pytest.fixture
def plain_page(browser: Browser, server: Server) -> Iterator[Page]:
    """A browser that runs no scripts."""
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    context.set_default_timeout(WAIT_MILLISECONDS)
    yield context.new_page()
    context.close()


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
    expect(page.locator("[data-total]")).to_have_text("10 photos added")
    expect(page.locator(".upload")).to_have_count(0)
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
    page.get_by_role("link", name="Trash").click()
    page.get_by_role("link", name="Empty trash").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 1 album and 10 photos for ever?")
    dialog.get_by_role("button", name="Empty trash").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("The trash is empty")
    state.wait_until_gone(album=album.rstrip("/").rsplit("/", 1)[-1], image=image.rstrip("/").rsplit("/", 1)[-1])


@needs_corpus
def test_photos_chosen_before_the_scripts_have_come_are_uploaded(page: Page) -> None:
    sign_up(page, "early")
    album = make_album(page, "Early")
    held: list[Route] = []
    page.route("**/js/site.*.js", lambda route: held.append(route))
    page.goto(album, wait_until="commit")
    page.locator("#photos").set_input_files(PHOTOS[:2])
    assert held
    for route in held:
        route.continue_()
    expect_pictures(page, 2)


@needs_corpus
def test_the_same_journey_works_without_javascript(plain_page: Page) -> None:
    page = plain_page
    sign_up(page, "plain-journey")
    album = make_album(page, "Am Meer")
    page.locator("#photos").set_input_files(PHOTOS)
    page.get_by_role("button", name="Add photos").click()
    expect(page.get_by_role("status").first).to_contain_text("10 photos added.")
    expect_pictures(page, 10)

    open_and_download(page, OPENED)
    image = page.url
    to_trash_and_back(page, image)
    page.get_by_role("button", name="Move to trash").click()
    # The next photo, or the album after its last one: the store receives the photos of a form in any order.
    expect(page).not_to_have_url(image)
    page.goto(album)
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
