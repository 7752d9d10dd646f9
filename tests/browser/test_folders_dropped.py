"""Folders of a disk, dropped on the page of albums as a file manager drops them."""

from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.pages import sign_in
from tests.people import Person


def drop(page: Page, context: BrowserContext, *paths: Path) -> None:
    """By the browser's own protocol, so that the page gets directory entries, which no script could make."""
    browser = context.new_cdp_session(page)
    files = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 400, "data": files})


def test_folders_become_albums_of_their_names_and_so_do_the_folders_in_them(
    page: Page, context: BrowserContext, alice: Person, tmp_path: Path
) -> None:
    names = ["Trip/a.jpg", "Trip/b.jpg", "Trip/Day 1/c.jpg", "Home/d.jpg"]
    for number, name in enumerate(names):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg_bytes(60 + number, 40))
    (tmp_path / "Trip" / ".DS_Store").write_bytes(b"rubbish")
    sign_in(context, alice)
    page.goto("/albums/")
    drop(page, context, tmp_path / "Trip", tmp_path / "Home")
    expect(page.get_by_text("4 photos added").first).to_be_visible()
    albums = {album["title"]: alice.images(album["id"]) for album in alice.albums()}
    assert {title: sorted(image["name"] for image in images) for title, images in albums.items()} == {
        "Trip": ["a.jpg", "b.jpg"],
        "Trip / Day 1": ["c.jpg"],
        "Home": ["d.jpg"],
    }
    assert page.url.endswith("/albums/")
