"""Uploads go on after a cut line, a reload, on another page and in another tab."""

import hashlib
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.line import Line
from tests.browser.pages import WAIT_MILLISECONDS, expect_pictures, pick_files, sign_in, wait_until_kept
from tests.people import PATIENCE, Person
from tests.servers import Server
from tests.tus import offset_of

# The page sends parts of 8 MiB. Four arrive and are acknowledged, then half of the fifth.
PART_BYTES, LARGE_BYTES = 8 * 2**20, 40 * 2**20
ACKNOWLEDGED_BYTES, ARRIVED_BYTES = 4 * PART_BYTES, 4 * PART_BYTES + PART_BYTES // 2
SMALL = [(f"{width}.jpg", jpeg_bytes(width, 200)) for width in (200, 300, 400, 500)]


def total(page: Page) -> Any:
    return page.locator("[data-total]")


class Held:
    """The uploads of small files, which wait for their answers until they may go."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        context.route("**/images/", self._hold)

    def _hold(self, route: Any) -> None:
        if route.request.method != "POST":
            route.continue_()

    def let_go(self) -> None:
        self._context.unroute("**/images/", self._hold)


@pytest.fixture
def line(alice: Person) -> Iterator[Line]:
    with Line(alice.server.port) as line:
        yield line


@pytest.fixture
def large(tmp_path: Path) -> Path:
    photo = tmp_path / "large.jpg"
    photo.write_bytes((jpeg_bytes(640, 480) + secrets.token_bytes(LARGE_BYTES))[:LARGE_BYTES])
    return photo


def begin_large(page: Page, line: Line, person: Person, album: str, photo: Path) -> list[int]:
    """Until no more comes. Returns a list, to which the offset of each later request is appended."""
    page.goto(f"{line.url}/albums/{album}/")
    line.stall_after(ARRIVED_BYTES)
    with page.expect_response("**/api/v1/uploads/") as new:
        page.locator("#photos").set_input_files(photo)
    upload = new.value.headers["location"].rstrip("/").rpartition("/")[2]
    assert line.stalled.wait(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while offset_of(person, upload) < ACKNOWLEDGED_BYTES:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # Lets the page's events of what was sent until now come.
    page.evaluate("0")
    offsets: list[int] = []
    page.on(
        "request",
        lambda request: request.method == "PATCH" and offsets.append(int(request.headers["upload-offset"])),
    )
    line.sent_bytes = 0
    return offsets


def assert_sent_no_acknowledged_byte(line: Line, offsets: list[int]) -> None:
    assert offsets
    assert min(offsets) >= ACKNOWLEDGED_BYTES
    # The rest, a few times: the store may still read what the cut line brought, and refuse the first try.
    assert line.sent_bytes < ACKNOWLEDGED_BYTES


def assert_stored(person: Person, album: str, photo: Path) -> None:
    [image] = person.images(album)
    assert image["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
    assert person.get(f"images/{image['id']}/file/").content == photo.read_bytes()


def test_a_line_that_is_cut_costs_no_byte_that_was_acknowledged(
    page: Page, context: BrowserContext, alice: Person, line: Line, large: Path, browser_errors: list[str]
) -> None:
    album = alice.album()
    sign_in(context, alice)
    offsets = begin_large(page, line, alice, album, large)
    line.cut()
    expect(total(page)).to_have_text("Waiting for the connection, 0 of 1 photo done", timeout=WAIT_MILLISECONDS)
    line.repair()
    expect(total(page)).to_have_text("1 photo added", timeout=WAIT_MILLISECONDS)
    assert_sent_no_acknowledged_byte(line, offsets)
    # Nothing is under way any more when the line ends.
    expect_pictures(page, 1)
    assert_stored(alice, album, large)
    browser_errors.clear()


def test_a_store_that_is_killed_costs_no_byte_that_was_acknowledged(
    page: Page,
    context: BrowserContext,
    alice: Person,
    server: Server,
    line: Line,
    large: Path,
    browser_errors: list[str],
) -> None:
    album = alice.album()
    sign_in(context, alice)
    offsets = begin_large(page, line, alice, album, large)
    with server.killed():
        expect(total(page)).to_have_text("Waiting for the connection, 0 of 1 photo done", timeout=WAIT_MILLISECONDS)
    expect(total(page)).to_have_text("1 photo added", timeout=WAIT_MILLISECONDS)
    assert_sent_no_acknowledged_byte(line, offsets)
    expect_pictures(page, 1)
    assert_stored(alice, album, large)
    browser_errors.clear()


def test_a_large_file_goes_on_where_it_was_on_another_page(
    page: Page, context: BrowserContext, alice: Person, line: Line, large: Path, browser_errors: list[str]
) -> None:
    album = alice.album()
    sign_in(context, alice)
    offsets = begin_large(page, line, alice, album, large)
    wait_until_kept(page, 1)
    page.goto(f"{line.url}/albums/")
    expect(total(page)).to_have_text("1 photo added", timeout=WAIT_MILLISECONDS)
    assert_sent_no_acknowledged_byte(line, offsets)
    page.goto(f"{line.url}/albums/{album}/")
    expect_pictures(page, 1)
    assert_stored(alice, album, large)
    assert all("409" in error for error in browser_errors)
    browser_errors.clear()


def test_a_reload_loses_nothing(page: Page, context: BrowserContext, alice: Person) -> None:
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    held = Held(context)
    pick_files(page, *SMALL)
    wait_until_kept(page, 4)
    expect(total(page)).to_have_text("Adding 4 photos, 0 done")
    page.reload()
    expect(total(page)).to_have_text("Adding 4 photos, 0 done")
    held.let_go()
    page.goto("/profile/")
    expect(total(page)).to_have_text("4 photos added")
    page.goto(f"/albums/{album}/")
    expect_pictures(page, 4)
    expect(page.locator("[data-count]")).to_have_text("4 photos")
    expect(page.locator("[data-uploads]")).to_be_hidden()
    wait_until_kept(page, 0)


def test_another_tab_shows_the_uploads_and_goes_on_when_the_first_is_closed(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    held = Held(context)
    pick_files(page, *SMALL[:2])
    wait_until_kept(page, 2)
    other = context.new_page()
    other.goto(f"/albums/{album}/")
    expect(total(other)).to_have_text("Adding 2 photos, 0 done")
    pick_files(other, *SMALL[2:])
    expect(total(page)).to_have_text("Adding 4 photos, 0 done")
    wait_until_kept(other, 4)
    held.let_go()
    page.close()
    expect(total(other)).to_have_text("4 photos added")
    expect_pictures(other, 4)


def test_a_tab_that_is_suspended_holds_no_other_up(page: Page, context: BrowserContext, alice: Person) -> None:
    """It has the lock, but does not hear what another tab picks."""
    album = alice.album()
    sign_in(context, alice)
    page.add_init_script("BroadcastChannel.prototype.addEventListener = () => {}")
    page.goto(f"/albums/{album}/")
    pick_files(page, *SMALL[:1])
    expect(total(page)).to_have_text("1 photo added")
    other = context.new_page()
    other.goto(f"/albums/{album}/")
    pick_files(other, *SMALL[1:2])
    expect_pictures(other, 2)


def test_what_the_browser_could_not_keep_is_named_and_can_be_picked_again(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    album = alice.album()
    sign_in(context, alice)
    context.add_init_script("navigator.storage.estimate = async () => ({ usage: 0, quota: 0 })")
    page.goto(f"/albums/{album}/")
    held = Held(context)
    pick_files(page, *SMALL[:2])
    expect(total(page)).to_have_text("Adding 2 photos, 0 done")
    page.goto("/albums/")
    expect(total(page)).to_have_text("2 photos to be picked again")
    expect(page.locator(".upload[data-state=missing] .upload__name")).to_have_text(["200.jpg", "300.jpg"])
    held.let_go()
    files: Any = [{"name": name, "mimeType": "image/jpeg", "buffer": content} for name, content in SMALL]
    page.get_by_label("Photos to pick again").set_input_files(files)
    expect(total(page)).to_have_text("2 photos added")
    assert {image["name"] for image in alice.images(album)} == {"200.jpg", "300.jpg"}


def test_the_queue_of_one_user_is_not_shown_to_another(
    page: Page, context: BrowserContext, alice: Person, bob: Person
) -> None:
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    held = Held(context)
    pick_files(page, *SMALL[:1])
    wait_until_kept(page, 1)
    sign_in(context, bob)
    page.goto("/albums/")
    expect(page.locator("[data-uploads]")).to_be_hidden()
    held.let_go()
    sign_in(context, alice)
    page.goto("/albums/")
    expect(total(page)).to_have_text("1 photo added")


def test_the_browser_forgets_what_waits_when_its_user_logs_out(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    sign_in(context, alice)
    page.goto(f"/albums/{alice.album()}/")
    Held(context)
    pick_files(page, *SMALL[:1])
    wait_until_kept(page, 1)
    log_out = page.get_by_role("button", name="Log out")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Your account").click()
    log_out.click()
    expect(log_out).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    log_out.click()
    page.wait_for_url("**/")
    assert page.evaluate("indexedDB.databases()") == []


def test_a_login_in_another_tab_goes_on(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    context.clear_cookies(name="sessionid")
    pick_files(page, *SMALL[:2])
    expect(page.locator(".upload[data-state=failed]")).to_have_count(2)
    sign_in(context, alice)
    context.new_page().goto("/albums/")
    expect(total(page)).to_have_text("2 photos added")
    assert all("401" in error for error in browser_errors)
    browser_errors.clear()
