"""The portal as an app: browsers install it, and without a connection it says so and goes on later."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.pages import expect_heading, expect_pictures, pick_files, sign_in, wait_until_kept
from tests.browser.worker import traces, wait_for_worker
from tests.people import Person

UNREACHABLE = "The store cannot be reached just now"
NOTICE = "You are offline. Uploads wait."


@pytest.fixture
def offline_errors(browser_errors: list[str]) -> Iterator[None]:
    """What a browser logs because it is offline is no error of ours."""
    yield
    assert [error for error in browser_errors if "ERR_INTERNET_DISCONNECTED" not in error] == []
    browser_errors.clear()


def test_chromium_would_install_it(page: Page, context: BrowserContext) -> None:
    page.goto("/")
    wait_for_worker(page)
    devtools = context.new_cdp_session(page)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["url"].endswith("/site.webmanifest")
    assert manifest["errors"] == []
    # A profile of a test is a private window, in which Chromium installs nothing.
    errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [error["errorId"] for error in errors] == ["in-incognito"]


def test_a_page_that_does_not_come_says_so_and_comes_when_the_connection_is_back(
    page: Page, context: BrowserContext, alice: Person, offline_errors: None
) -> None:
    sign_in(context, alice)
    page.goto("/albums/")
    wait_for_worker(page)
    context.set_offline(True)
    page.goto("/photos/")
    expect_heading(page, UNREACHABLE)
    expect(page.locator("main")).to_contain_text("Your uploads wait and go on by themselves.")
    # It has its styles.
    expect(page.locator("main")).to_have_css("display", "grid")
    page.get_by_role("link", name="Try again").click()
    expect_heading(page, UNREACHABLE)
    context.set_offline(False)
    expect_heading(page, "Photos")


def test_the_worker_stores_no_page_and_no_picture(page: Page, context: BrowserContext, alice: Person) -> None:
    album = alice.album()
    alice.picture(album, jpeg_bytes(900, 600))
    sign_in(context, alice)
    page.goto("/albums/")
    wait_for_worker(page)
    page.goto(f"/albums/{album}/")
    expect_pictures(page, 1)
    page.goto("/profile/")
    cached = traces(page)["cached"]
    assert "/offline/" in cached
    assert [path for path in cached if not path.startswith("/static/")] == ["/offline/"]


def test_pictures_do_not_wait_for_the_worker(page: Page, context: BrowserContext, alice: Person) -> None:
    album = alice.album()
    alice.picture(album, jpeg_bytes(900, 600))
    sign_in(context, alice)
    page.goto("/albums/")
    wait_for_worker(page)
    page.goto(f"/albums/{album}/")
    expect_pictures(page, 1)
    pictures = page.evaluate("""performance.getEntriesByType("resource")
        .filter(({ name }) => name.includes("/media/"))
        .map(({ workerMatchedSourceType }) => workerMatchedSourceType)""")
    assert set(pictures) == {"network"}


def test_a_new_worker_deletes_what_the_old_one_stored(page: Page) -> None:
    page.add_init_script("caches.open('shell-of-before')")
    page.goto("/")
    wait_for_worker(page)
    [name] = page.evaluate("caches.keys()")
    assert name != "shell-of-before"


def test_an_open_page_says_that_it_is_offline_and_its_uploads_go_on(
    page: Page, context: BrowserContext, alice: Person, offline_errors: None
) -> None:
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    wait_for_worker(page)
    notice = page.locator("[data-offline]")
    expect(notice).to_be_hidden()
    context.set_offline(True)
    expect(notice).to_have_text(NOTICE)
    pick_files(page, ("first.jpg", jpeg_bytes(300, 200)), ("second.jpg", jpeg_bytes(400, 200)))
    expect(page.locator("[data-total]")).to_have_text("Waiting for the connection, 0 of 2 photos done")
    context.set_offline(False)
    expect(notice).to_be_hidden()
    expect_pictures(page, 2)


def test_uploads_go_on_behind_the_page_that_says_so(
    page: Page, context: BrowserContext, alice: Person, offline_errors: None
) -> None:
    """The user has left the page, and does nothing when the connection is back."""
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    wait_for_worker(page)
    context.set_offline(True)
    pick_files(page, ("first.jpg", jpeg_bytes(300, 200)))
    wait_until_kept(page, 1)
    page.goto("/albums/")
    expect_heading(page, UNREACHABLE)
    context.set_offline(False)
    expect_heading(page, "Albums")
    expect(page.locator("[data-total]")).to_have_text("1 photo added")
    assert [image["name"] for image in alice.images(album)] == ["first.jpg"]
