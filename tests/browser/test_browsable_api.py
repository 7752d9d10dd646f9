"""DRF's browsable pages in a browser: no page of an API view violates the Content-Security-Policy."""

from playwright.sync_api import BrowserContext, Page, expect

from images.tests.pictures import jpeg_bytes
from tests.access.endpoints import API, AUTH
from tests.browser.pages import sign_in
from tests.people import Person

# They answer with bytes, by tus, with a document or the page of Swagger.
NOT_BROWSABLE = {
    "api-image-file", "api-album-image-file", "api-archive", "api-uploads", "api-upload", "schema", "docs",
}  # fmt: skip


def test_the_page_of_every_api_view_meets_the_csp(
    page: Page, context: BrowserContext, alice: Person, browser_errors: list[str]
) -> None:
    sign_in(context, alice)
    album = alice.album()
    image = alice.picture(album, jpeg_bytes(90, 60))["id"]
    visited = set()
    for endpoint in [*AUTH, *API]:
        if endpoint.route in visited | NOT_BROWSABLE:
            continue
        visited.add(endpoint.route)
        answer = page.goto(endpoint.path(album, image).split("?")[0])
        assert answer is not None
        page.wait_for_load_state("networkidle")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if answer.status == 405:
            # A view without GET, whose forms are what it is opened for; Chromium logs the status.
            expect(page.get_by_role("button", name="OPTIONS")).to_be_visible()
            assert [error for error in browser_errors if "status of 405" not in error] == []
            browser_errors.clear()
        else:
            assert (answer.status, browser_errors) == (200, [])


def test_the_upload_form_of_swagger_has_a_file_input(page: Page, context: BrowserContext, alice: Person) -> None:
    sign_in(context, alice)
    page.goto("/api/docs/")
    upload = page.locator("#operations-images-albums_images_create")
    upload.click()
    upload.get_by_role("button", name="Try it out").click()
    expect(upload.locator("input[type=file]")).to_be_visible()
