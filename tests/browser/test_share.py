"""Photos that another app shares go to the album that the user chooses, and to no one else."""

import time
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.pages import EMAIL, expect_heading, expect_pictures, sign_in
from tests.browser.worker import share, traces, wait_for_worker
from tests.people import Person

PHOTOS = [(f"{width}.jpg", jpeg_bytes(width, 200)) for width in (300, 400, 500)]
NOTHING = "No shared photos are waiting"


def names(person: Person, album: str) -> set[str]:
    return {image["name"] for image in person.images(album)}


def test_shared_photos_wait_for_the_login_and_go_to_the_album_that_is_chosen(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    alice.album("Winter")
    album = alice.album("Summer")
    page.goto("/")
    wait_for_worker(page)
    share(page, *PHOTOS)
    page.get_by_label(EMAIL).fill(alice.email)
    page.get_by_label("Password").fill(alice.password)
    page.get_by_role("button", name="Log in").click()
    expect_heading(page, "Add 3 photos to an album")
    page.get_by_label("Album", exact=True).select_option("Summer")
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url(f"**/albums/{album}/")
    expect_pictures(page, 3)
    assert names(alice, album) == {name for name, _ in PHOTOS}
    # Nothing is added twice.
    page.goto("/share/")
    expect_heading(page, NOTHING)
    page.goto(f"/albums/{album}/")
    expect(page.locator("[data-uploads]")).to_be_hidden()


def test_a_new_album_is_made_for_them(page: Page, context: BrowserContext, alice: Person) -> None:
    sign_in(context, alice)
    page.goto("/albums/")
    wait_for_worker(page)
    share(page, PHOTOS[0])
    # Two shares wait together.
    share(page, PHOTOS[1])
    expect_heading(page, "Add 2 photos to an album")
    page.get_by_role("button", name="Add", exact=True).click()
    # There is no album yet, so a title is needed.
    expect_heading(page, "Add 2 photos to an album")
    page.get_by_label("New album").fill("From my phone")
    page.get_by_role("button", name="Add", exact=True).click()
    expect_heading(page, "From my phone")
    expect_pictures(page, 2)
    [album] = alice.albums()
    assert names(alice, album["id"]) == {"300.jpg", "400.jpg"}


def test_photos_that_are_not_wanted_are_forgotten(page: Page, context: BrowserContext, alice: Person) -> None:
    sign_in(context, alice)
    page.goto("/albums/")
    wait_for_worker(page)
    share(page, *PHOTOS)
    page.get_by_role("button", name="Don’t add them").click()
    expect_heading(page, "Albums")
    page.goto("/share/")
    expect_heading(page, NOTHING)


def test_photos_that_nobody_came_for_are_forgotten_after_a_day(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    sign_in(context, alice)
    page.goto("/albums/")
    wait_for_worker(page)
    share(page, *PHOTOS)
    expect_heading(page, "Add 3 photos to an album")
    page.clock.set_fixed_time(time.time() + 23 * 3600)
    page.reload()
    expect_heading(page, "Add 3 photos to an album")
    page.clock.set_fixed_time(time.time() + 25 * 3600)
    page.reload()
    expect_heading(page, NOTHING)
    page.clock.set_fixed_time(time.time())
    page.reload()
    expect_heading(page, NOTHING)


def test_what_is_shared_offline_waits(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    sign_in(context, alice)
    page.goto("/albums/")
    wait_for_worker(page)
    context.set_offline(True)
    share(page, *PHOTOS)
    expect_heading(page, "The store cannot be reached just now")
    context.set_offline(False)
    expect_heading(page, "Add 3 photos to an album")
    assert [error for error in browser_errors if "ERR_INTERNET_DISCONNECTED" not in error] == []
    browser_errors.clear()


def test_photos_for_which_the_browser_has_no_room_are_refused_together(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    sign_in(context, alice)
    page.goto("/albums/")
    wait_for_worker(page)
    [worker] = context.service_workers
    worker.evaluate("navigator.storage.estimate = async () => ({ usage: 0, quota: 0 })")
    share(page, *PHOTOS)
    expect(page.get_by_role("status").first).to_contain_text("Share fewer at once.")
    expect_heading(page, NOTHING)


def test_without_a_worker_the_page_asks_to_share_once_more(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    """And the store takes nothing, however much comes."""
    sign_in(context, alice)
    context.add_init_script("delete Navigator.prototype.serviceWorker")
    page.goto("/albums/")
    share(page, ("large.jpg", bytes(1_000_000)))
    expect_heading(page, NOTHING)
    expect(page.locator("main")).to_contain_text("do it once more")
    assert alice.albums() == []


def test_the_log_out_leaves_no_shared_photo_and_no_page(page: Page, context: BrowserContext, alice: Person) -> None:
    sign_in(context, alice)
    page.goto("/albums/")
    wait_for_worker(page)
    share(page, *PHOTOS)
    expect_heading(page, "Add 3 photos to an album")
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/")
    found = traces(page)
    # The first page has a worker of its own again, which stores what it needs to say that it is offline.
    assert [path for path in found.pop("cached") if not path.startswith("/static/")] in ([], ["/offline/"])
    assert found == {"databases": [], "local": [], "session": []}


def test_without_javascript_the_page_says_what_to_do(
    browser_without_scripts: Callable[[Person], Page], alice: Person
) -> None:
    page = browser_without_scripts(alice)
    page.goto("/share/")
    expect_heading(page, "Sharing needs JavaScript")
    page.get_by_role("link", name="Go to your albums").click()
    expect_heading(page, "Albums")
