"""The main journey in Firefox: login, an album, three photos, the viewer and its way back, the trash and undo."""

from pathlib import Path

import pytest

from images.tests.pictures import jpeg_bytes
from tests.browser.firefox import PROGRAM, Firefox
from tests.people import Person

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Firefox is missing: apt-get install firefox-esr")

NAMES = ["a.jpg", "b.jpg", "c.jpg"]
PICTURES = """[...document.querySelectorAll(".tile--ready img")].filter(
  (image) => image.complete && image.naturalWidth > 0).length === arguments[0]"""
Y_OF = "return document.querySelector(`img[alt='${arguments[0]}']`).getBoundingClientRect().y"
BUTTON = "//button[normalize-space()='{}']"
IN_VIEWER = "//*[contains(@class, 'viewer--overlay')]" + BUTTON


def test_a_person_fills_an_album_looks_at_a_photo_and_takes_a_deletion_back(alice: Person, tmp_path: Path) -> None:
    url = alice.server.url
    for number, name in enumerate(NAMES):
        (tmp_path / name).write_bytes(jpeg_bytes(600 + number, 400))
    with Firefox() as firefox:
        firefox.open(f"{url}/accounts/login/")
        firefox.type("[name=login]", alice.email)
        firefox.type("[name=password]", alice.password)
        firefox.click(BUTTON.format("Log in"))
        firefox.click("//a[normalize-space()='Create your first album']")
        firefox.type("[name=title]", "By the sea")
        firefox.click(BUTTON.format("Create album"))
        firefox.type("#photos", "\n".join(str(tmp_path / name) for name in NAMES))
        firefox.wait(PICTURES, 3)
        firefox.wait("document.querySelector('[data-total]').textContent === '3 photos added'")
        album, y = firefox.run("return location.href"), firefox.run(Y_OF, "b.jpg")

        firefox.click("//a[.//img[@alt='b.jpg']]")
        firefox.wait("location.pathname.startsWith('/images/') && document.querySelector('.viewer h1')")
        assert firefox.run("return document.querySelector('.viewer h1').textContent.trim()") == "b.jpg"
        firefox.call("WebDriver:Back")
        firefox.wait("location.href === arguments[0] && !document.querySelector('.viewer')", album)
        assert firefox.run(Y_OF, "b.jpg") == pytest.approx(y, abs=2)
        firefox.wait("document.activeElement.querySelector('img')?.alt === 'b.jpg'")

        firefox.click("//a[.//img[@alt='b.jpg']]")
        firefox.click(IN_VIEWER.format("Move to trash"))
        firefox.click("//*[contains(@class, 'toast')]" + BUTTON.format("Undo"))
        firefox.wait(
            "document.querySelector('[data-toasts]').textContent.includes(arguments[0])", "“b.jpg” is back."
        )
        assert sorted(image["name"] for image in alice.images(album.rstrip("/").rpartition("/")[2])) == NAMES
        assert firefox.errors(url) == []
