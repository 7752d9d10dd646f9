"""What several browser tests do on the pages."""

import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, ViewportSize, expect

from images.tests.corpus import CORPUS
from images.tests.pictures import jpeg_bytes
from tests.people import PATIENCE, Person

PHOTOS = [
    CORPUS / "photos" / name
    for name in (
        "exif-orientation-examples__Landscape_6.jpg",
        "exif-samples__DSCN0010.jpg",
        "exif-samples__jolla.jpg",
        "kodak__23.png",
        "metadata-extractor-images__Apple iPhone 4.jpg",
        "metadata-extractor-images__Canon EOS D60.jpg",
        "test-assets__IMG_2682.heic",
        "test-assets__denali.webp",
        "test-assets__japanese-shop.jpg",
        "test-assets__wood_anemones.jpg",
    )
]
OPENED = PHOTOS[4]
PHONE: ViewportSize = {"width": 390, "height": 844}
SHAPES: dict[str, ViewportSize] = {"phone": PHONE, "desktop": {"width": 1440, "height": 900}}
AXE = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],  # the browser lists no nodes of what is well
}
PASSWORD = "a long walk by the sea"
WAIT_MILLISECONDS = PATIENCE * 1000
IMAGE = re.compile(r"/images/[0-9a-f-]+/$")
EMAIL = re.compile("^E-?mail", re.IGNORECASE)
# How many files the browser's store has of each user.
KEPT = """async count => {
    const names = (await indexedDB.databases()).map(({ name }) => name);
    let kept = 0;
    for (const name of names) {
        const database = await new Promise(resolve => {
            const request = indexedDB.open(name);
            request.onsuccess = () => resolve(request.result);
        });
        kept += await new Promise(resolve => {
            const request = database.transaction("files").objectStore("files").count();
            request.onsuccess = () => resolve(request.result);
        });
        database.close();
    }
    return kept === count;
}"""


def sign_in(context: BrowserContext, person: Person) -> None:
    """As if the person had logged in with this browser."""
    cookies = [{"name": c.name, "value": c.value or "", "url": person.server.url} for c in person.portal().cookies]
    context.add_cookies(cookies)  # type: ignore[arg-type]


def sign_up(page: Page, name: str, landing: str = "/") -> None:
    page.goto(landing)
    page.get_by_role("link", name="Create account").click()
    page.get_by_label(EMAIL).fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Albums")


def make_album(page: Page, title: str) -> str:
    """The path of the new album's page."""
    page.get_by_role("link", name="Create your first album").click()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Create album").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    return page.url


def upload_photos(person: Person, album: str, names: list[str]) -> list[str]:
    """Small photos of different bytes, made ready one after the other; their ids."""
    return [
        str(person.picture(album, jpeg_bytes(90 + number, 60), name)["id"]) for number, name in enumerate(names)
    ]


def tile(page: Page, name: str) -> Locator:
    return page.locator(".tile").filter(has=page.get_by_label(f"Select {name}"))


def check(page: Page, name: str) -> Locator:
    return page.get_by_label(f"Select {name}")


def in_bar(page: Page, name: str) -> Locator:
    """A button of what can be done to the selected photos."""
    return page.get_by_role("form", name="Selected photos").get_by_role("button", name=name, exact=True)


def expect_heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1).filter(visible=True)).to_have_text(text)


def expect_pictures(page: Page, count: int) -> None:
    """So many tiles, all with a picture that can be seen."""
    tiles = page.locator(".tile--ready img")
    expect(tiles).to_have_count(count, timeout=WAIT_MILLISECONDS)
    expect(page.locator(".tile")).to_have_count(count)
    for tile in tiles.all():
        tile.scroll_into_view_if_needed()
        expect(tile).to_have_js_property("complete", True)
        assert tile.evaluate("image => image.naturalWidth") > 0


def open_and_download(page: Page, original: Path) -> None:
    page.locator(".tile__link").filter(has=page.get_by_alt_text(original.name)).click()
    photo = page.locator(".viewer")
    expect(photo.get_by_role("heading", level=1)).to_have_text(original.name)
    expect(photo.get_by_alt_text(original.name)).to_have_js_property("complete", True)
    with page.expect_download() as started:
        page.get_by_role("link", name="Original").click()
    assert started.value.suggested_filename == original.name
    assert Path(started.value.path()).read_bytes() == original.read_bytes()


def expect_gone(page: Page, path: str) -> None:
    assert page.request.get(path).status == 404


def to_trash_and_back(page: Page, image: str) -> None:
    page.get_by_role("button", name="Move to trash").click()
    said = page.get_by_role("status").first
    expect(said).to_contain_text(f"“{OPENED.name}” is in the trash.")
    said.get_by_role("button", name="Undo").click()
    expect(page).to_have_url(image)
    expect(page.get_by_role("status").first).to_contain_text(f"“{OPENED.name}” is back.")


def serve_pictures(page: Page) -> None:
    """In place of the store, for rows without files (tests.browser.fill)."""
    picture = jpeg_bytes(60, 40)
    page.route("**/media/**", lambda route: route.fulfill(body=picture, content_type="image/jpeg"))


def wait_until(page: Page, function: str, argument: Any = None) -> None:
    """Until it returns something true. (Page.wait_for_function needs `eval`, which the CSP forbids.)"""
    deadline = time.monotonic() + PATIENCE
    while not page.evaluate(function, argument):
        assert time.monotonic() < deadline, f"never true: {function}"
        page.wait_for_timeout(50)


def pick_files(page: Page, *files: tuple[str, bytes]) -> None:
    page.locator("#photos").set_input_files(
        [{"name": name, "mimeType": "image/jpeg", "buffer": content} for name, content in files]
    )


def wait_until_kept(page: Page, count: int) -> None:
    wait_until(page, KEPT, count)
