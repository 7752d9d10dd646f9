"""Uploads in a browser: progress, refusals, lost answers and a store that is away."""

from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from images.tests.pictures import jpeg_bytes, png_bytes, quarters, saved
from tests.browser.pages import WAIT_MILLISECONDS, expect_pictures, pick_files, sign_in
from tests.people import Person


def test_a_bad_file_among_good_ones_says_why_and_stops_no_other(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    files = [("a.jpg", jpeg_bytes(640, 480)), ("letter.jpg", b"Dear store"), ("b.png", png_bytes(300, 200))]
    page.locator("#photos").set_input_files(
        [{"name": name, "mimeType": "image/jpeg", "buffer": content} for name, content in files]
    )
    expect_pictures(page, 2)
    refused = page.locator(".upload[data-state=refused]")
    expect(refused.locator(".upload__name")).to_have_text("letter.jpg")
    told = alice.upload(album, b"Dear store").json()["detail"]
    expect(refused.locator(".upload__state")).to_contain_text(told)
    expect(page.locator("[data-total]")).to_have_text("2 added, 1 not added")
    expect(refused.get_by_role("button", name="Try again")).to_be_hidden()
    assert len(browser_errors) == 1
    assert "415" in browser_errors.pop()


def shown(page: Page) -> list[str]:
    """Header, toolbar and the tiles in their order, as text."""
    tiles = page.locator(".tile").evaluate_all("tiles => tiles.map(tile => tile.id)")
    return [page.locator(".page__head").inner_text(), page.locator("[data-live-part=toolbar]").inner_text(), *tiles]


def test_lost_answers_about_tiles_are_asked_for_again(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    """Two never come, one lacks the tiles; in the end the page is what a reload shows."""
    sign_in(context, alice)
    page.goto(f"/albums/{alice.album()}/")
    answers = [lambda route: route.abort()] * 2 + [lambda route: route.fulfill(content_type="text/html", body="")]
    page.route("**/tiles/*", lambda route: answers.pop(0)(route) if answers else route.continue_())
    pick_files(page, ("a.jpg", jpeg_bytes(640, 480)), ("b.jpg", jpeg_bytes(300, 200)))
    expect_pictures(page, 2)
    assert answers == []
    expect(page.locator("[data-empty]")).to_have_count(0)
    before = shown(page)
    page.reload()
    assert shown(page) == before
    assert len(browser_errors) == 2
    browser_errors.clear()


def test_a_picture_that_cannot_be_made_is_no_longer_called_added(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    sign_in(context, alice)
    page.goto(f"/albums/{alice.album()}/")
    cut = saved(quarters(1200, 800).effect_spread(30), "JPEG", quality=95)
    pick_files(page, ("good.jpg", jpeg_bytes(640, 480)), ("cut.jpg", cut[: len(cut) // 2]))
    broken = page.locator(".upload[data-state=broken]")
    expect(broken.locator(".upload__name")).to_have_text("cut.jpg", timeout=WAIT_MILLISECONDS)
    reason = page.locator("[data-reason]").inner_text()
    expect(broken.locator(".upload__state")).to_have_text(f"In the album, but it could not be prepared. {reason}")
    expect(page.locator("[data-total]")).to_have_text("1 added, 1 could not be prepared")


def test_a_list_shows_only_what_belongs_to_it(page: Page, context: BrowserContext, alice: Person) -> None:
    """What is added under a search is told of; what the album has already is not put first again."""
    album = alice.album()
    old = jpeg_bytes(640, 480)
    alice.picture(album, old, "old.jpg")
    alice.picture(album, jpeg_bytes(300, 200), "sea.jpg")
    sign_in(context, alice)
    page.goto(f"/albums/{album}/?search=sea")
    expect(page.get_by_text("1 found")).to_be_visible()
    pick_files(page, ("new.jpg", jpeg_bytes(500, 400)), ("again.jpg", old))
    expect(page.locator("[data-news]")).to_contain_text("1 photo added.")
    expect(page.locator("[data-count]")).to_have_text("3 photos")
    expect(page.locator(".tile")).to_have_count(1)
    page.get_by_role("link", name="Show them").click()
    expect_pictures(page, 3)


def test_a_login_that_ended_meanwhile_is_asked_for(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/albums/{album}/")
    context.clear_cookies(name="sessionid")
    pick_files(page, ("a.jpg", jpeg_bytes(640, 480)))
    failed = page.locator(".upload[data-state=failed]")
    expect(failed).to_contain_text("You were signed out. Log in and try again.")
    link = failed.get_by_role("link", name="Log in")
    expect(link).to_have_attribute("href", f"/accounts/login/?next=/albums/{album}/")
    sign_in(context, alice)
    failed.get_by_role("button", name="Try again").click()
    expect_pictures(page, 1)
    assert len(browser_errors) == 1
    assert "401" in browser_errors.pop()


def test_a_store_that_is_away_for_a_moment_holds_the_queue_and_loses_nothing(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    sign_in(context, alice)
    page.goto(f"/albums/{alice.album()}/")
    answers = [lambda route: route.abort()] * 3 + [lambda route: route.fulfill(status=502, body="Bad gateway")]
    page.route("**/images/", lambda route: answers.pop(0)(route) if answers else route.continue_())
    pick_files(page, *((f"{width}.jpg", jpeg_bytes(width, 200)) for width in (200, 300, 400, 500)))
    expect(page.locator("[data-total]")).to_have_text("Waiting for the connection, 0 of 4 photos done")
    expect(page.locator(".upload__state", has_text="Waiting for the connection; tries again in 1 s")).to_have_count(
        3
    )
    expect(page.locator("[data-total]")).to_have_text("4 photos added")
    assert answers == []
    assert len(browser_errors) == 4
    browser_errors.clear()


def test_a_store_that_stays_away_ends_in_try_again(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    """After ten minutes, by the page's clock; with the connection it begins anew."""
    sign_in(context, alice)
    page.clock.install()
    page.goto(f"/albums/{alice.album()}/")
    page.route("**/images/", lambda route: route.abort())
    pick_files(page, *((f"{width}.jpg", jpeg_bytes(width, 200)) for width in (200, 300, 400, 500, 600)))
    failed = page.locator(".upload[data-state=failed]")
    half_minutes = 0
    while not failed.count():
        page.clock.run_for(30_500)
        page.wait_for_timeout(50)
        half_minutes += 1
        assert half_minutes < 60
    assert half_minutes * 30.5 > 10 * 60
    expect(failed).to_have_count(5)
    expect(failed.first).to_contain_text("The connection was lost. Try again")
    browser_errors.clear()
    page.unroute("**/images/")
    page.get_by_role("button", name="Try 5 again").click()
    page.clock.resume()
    expect(page.locator("[data-total]")).to_have_text("5 photos added")


def test_an_upload_over_the_quota_can_be_tried_again_once_there_is_space(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    """One cause, told alike by the page and by the store; a retry asks how much room there is now."""
    alice.delete(f"images/{alice.picture(alice.album(), jpeg_bytes(90, 60))['id']}/", expect=204)
    album = alice.album()
    sign_in(context, alice)

    def with_little_room(route: Any) -> None:
        answer = route.fetch()
        little = answer.text().replace("data-upload\n", 'data-upload data-free-bytes="900"\n')
        route.fulfill(response=answer, body=little)

    full = {"code": "quota_exceeded", "detail": "Full."}
    page.route(f"**/albums/{album}/", with_little_room)
    page.goto(f"/albums/{album}/")
    page.route("**/images/", lambda route: route.fulfill(status=413, json=full))
    pick_files(page, ("small.jpg", jpeg_bytes(16, 16)), ("big.jpg", saved(quarters(1200, 800), "JPEG")))
    failed = page.locator(".upload[data-state=failed]")
    expect(failed).to_have_count(2)
    for row in failed.all():
        expect(row.locator(".upload__state")).to_have_text(
            "There is no room left for this file: delete something for ever first. Nothing was stored."
        )
        expect(row.get_by_role("link", name="See what takes your space")).to_have_attribute("href", "/profile/")
        expect(row.get_by_role("button", name="Try again")).to_be_visible()
    page.unroute("**/images/")
    page.get_by_role("button", name="Try 2 again").click()
    expect(page.locator("[data-total]")).to_have_text("1 added, 1 not added")
    expect(failed.locator(".upload__name")).to_have_text("big.jpg")
    page.unroute(f"**/albums/{album}/")
    failed.get_by_role("button", name="Try again").click()
    expect_pictures(page, 2)
    assert len(browser_errors) == 1
    assert "413" in browser_errors.pop()


def test_the_browsable_api_takes_a_file_through_its_form(
    page: Page, context: BrowserContext, alice: Person
) -> None:
    album = alice.album()
    sign_in(context, alice)
    page.goto(f"/api/v1/albums/{album}/images/")
    form = page.locator("form[enctype='multipart/form-data']")
    photo = saved(quarters(800, 600), "JPEG")
    form.locator("input[name=file]").set_input_files({"name": "é.jpg", "mimeType": "image/jpeg", "buffer": photo})
    form.locator("input[name=caption]").fill("By hand")
    form.get_by_role("button", name="POST").click()
    expect(page.locator(".response-info")).to_contain_text("HTTP 201 Created")
    [image] = alice.images(album)
    assert (image["name"], image["caption"], image["bytes"]) == ("é.jpg", "By hand", len(photo))
