"""Downloading an album from the menu of its page."""

import zipfile

import pytest
from playwright.sync_api import Browser, expect

from images.tests.pictures import jpeg_bytes
from tests.browser.pages import sign_in
from tests.people import Person


@pytest.mark.parametrize("with_scripts", [True, False])
def test_the_menu_of_an_album_downloads_it(browser: Browser, alice: Person, *, with_scripts: bool) -> None:
    album = alice.album("Summer: 2026")
    content = jpeg_bytes(900, 600)
    alice.picture(album, content, "sea.png")
    context = browser.new_context(base_url=alice.server.url, java_script_enabled=with_scripts)
    sign_in(context, alice)
    page = context.new_page()
    page.goto(f"/albums/{album}/")
    for label, name in (("Originals", "sea.png"), ("Medium", "sea.jpg")):
        page.get_by_role("button", name="Download").click()
        with page.expect_download() as started:
            page.get_by_role("link", name=label).click()
        assert started.value.suggested_filename == "Summer_ 2026.zip"
        with zipfile.ZipFile(started.value.path()) as opened:
            assert opened.testzip() is None
            assert opened.namelist() == [name]
            assert (opened.read(name) == content) == (label == "Originals")
        page.reload()
    page.goto(f"/albums/{alice.album('Empty')}/")
    expect(page.get_by_role("button", name="Download")).to_have_count(0)
    context.close()
