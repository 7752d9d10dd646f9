"""A store under /photos/ behind nginx, in the browser: no request leaves the sub-path, none finds nothing."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.pages import expect_heading, expect_pictures, make_album, pick_files, sign_up
from tests.browser.worker import traces, wait_for_worker
from tests.nginx_server import Nginx, under_photos


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with under_photos(tmp_path_factory.mktemp("browser-sub-path")) as nginx:
        yield nginx


def test_a_person_signs_up_adds_photos_looks_at_one_and_signs_out(page: Page, server: Nginx) -> None:
    answers: list[tuple[int, str]] = []
    page.context.on("response", lambda answer: answers.append((answer.status, answer.url)))
    sign_up(page, "sub-path", f"{server.url}/")
    wait_for_worker(page)
    assert page.evaluate("navigator.serviceWorker.getRegistration().then(({ scope }) => scope)") == f"{server.url}/"
    make_album(page, "Am Meer")
    # A small one, and one that goes by tus.
    pick_files(page, ("small.jpg", jpeg_bytes(900, 600)), ("large.jpg", jpeg_bytes(800, 600) + bytes(9 * 2**20)))
    expect_pictures(page, 2)
    page.get_by_alt_text("small.jpg").click()
    viewer = page.locator(".viewer")
    expect(viewer.get_by_role("heading", level=1)).to_have_text("small.jpg")
    expect(viewer.get_by_alt_text("small.jpg")).to_have_js_property("complete", True)
    page.keyboard.press("Escape")
    page.get_by_label("Select small.jpg").check(force=True)
    page.get_by_role("form", name="Selected photos").get_by_role("button", name="Favourite", exact=True).click()
    expect(page.get_by_role("img", name="Favourite")).to_have_count(1)
    stored = traces(page)
    assert {path[:8] for path in stored["cached"]} == {"/photos/"}
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{server.url}/")
    strays = [url for _, url in answers if not urlsplit(url).path.startswith("/photos/")]
    assert (strays, [answer for answer in answers if answer[0] >= 400]) == ([], [])


def test_a_login_leads_back_to_the_page_that_asked_for_it(page: Page, server: Nginx) -> None:
    page.goto(f"{server.url}/trash/")
    assert page.url == f"{server.url}/accounts/login/?next=/photos/trash/"
    expect_heading(page, "Log in")
