"""`make screenshots`: takes the pictures of README.md anew, of a store with the pictures of the landing page.

`python -m tests.browser.screenshots FOLDER` takes every page in every shape, light and dark, to look at.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from playwright.sync_api import Page, sync_playwright

import conftest  # noqa: F401 - keys and a folder, as for tests
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.pages import sign_in
from tests.people import Person
from tests.servers import ROOT, running

SHAPES = {"phone": (390, 844), "landscape": (844, 390), "desktop": (1440, 900)}
SCHEMES = ("light", "dark")
README = ROOT / "docs" / "screenshots"
# Page, shape and scheme of each picture that README.md shows.
SHOWN = {
    ("album", "desktop", "light"), ("photos", "desktop", "dark"), ("albums", "desktop", "light"),
    ("image", "desktop", "dark"), ("album", "phone", "light"), ("selection", "phone", "dark"),
}  # fmt: skip
ALBUMS = {
    "Around the moon": ("moon", "astronaut", "rocket", "liftoff"),
    "At home": ("coffee", "cup", "whiskers", "chelsea", "camera"),
    "A year in the sky": (
        "hubble",
        "galaxies",
        "moon",
        "rocket",
        "chelsea",
        "coffee",
        "astronaut",
        "liftoff",
        "cup",
    ),
}


def pictures(names: tuple[str, ...], seed: int) -> Iterator[tuple[str, bytes]]:
    """Twice each picture, as it is and as a part of its mirror image, with a date of its own."""
    for number, (name, mirrored) in enumerate(product(names, (False, True))):
        picture = Image.open(ROOT / "static" / "landing" / f"{name}.webp").convert("RGB")
        if mirrored:
            width, height = picture.size
            picture = ImageOps.mirror(picture).crop((0, 0, width, height * 3 // 4))
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"{2026 - seed - number // 4}:{1 + number % 12:02}:{1 + number:02} 12:00:00"
        packed = BytesIO()
        picture.resize((picture.width * 3, picture.height * 3)).save(packed, "JPEG", quality=88, exif=exif)
        yield f"{name}{'-2' * mirrored}.jpg", packed.getvalue()


def fill(person: Person) -> dict[str, str]:
    """The paths of the pages to take."""
    for seed, (title, names) in enumerate(ALBUMS.items()):
        album = person.album(title)
        person.bulk(album, pictures(names, seed))
        person.finished(album, [])
        shown = person.images(album)
    for image in shown[:3]:
        person.call("PATCH", f"images/{image['id']}/", json={"favourite": True}, expect=200)
    for image in shown[-2:]:
        person.delete(f"images/{image['id']}/", expect=204)
    return {
        "landing": "/", "albums": "/albums/", "album": f"/albums/{album}/", "photos": "/photos/",
        "search": "/photos/?search=moon", "selection": "/photos/", "image": f"/images/{shown[4]['id']}/",
        "trash": "/trash/", "profile": "/profile/",
        **dict.fromkeys(("move", "filter", "dates", "more"), "/photos/"),
    }  # fmt: skip


def select(page: Page) -> None:
    page.locator("[data-select]").click()
    for tile in page.locator(".tile__link").all()[1:4]:
        tile.click()


def ask(page: Page) -> None:
    select(page)
    page.get_by_role("button", name="Move", exact=True).click()
    page.locator("dialog").wait_for()


BEFORE: dict[str, Callable[[Page], Any]] = {
    "selection": select,
    "move": ask,
    "filter": lambda page: page.locator("[popovertarget=filter]").click(),
    "dates": lambda page: page.locator("[popovertarget=dates-menu]").first.click(),
    "more": lambda page: [select(page), page.locator("[popovertarget=selection-menu]").click()],
}


def look(page: Page, name: str, path: str) -> Iterator[tuple[str, bytes]]:
    """Scheme and PNG of each picture of one page."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.goto(path)
        page.wait_for_load_state("networkidle")
        BEFORE.get(name, lambda page: None)(page)
        yield scheme, page.screenshot()


def main(folder: Path | None) -> None:
    with tempfile.TemporaryDirectory() as data, running(Path(data)) as server, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        person = Person.sign_up(server, "photographer")
        paths = fill(person)
        for shape, (width, height) in SHAPES.items():
            phone = shape != "desktop"
            context = chromium.new_context(
                base_url=server.url, viewport={"width": width, "height": height}, is_mobile=phone, has_touch=phone
            )
            page = context.new_page()
            for name, path in paths.items():
                for scheme, content in look(page, name, path):
                    file = f"{name}-{shape}-{scheme}"
                    if folder:
                        (folder / f"{file}.png").write_bytes(content)
                    elif (name, shape, scheme) in SHOWN:
                        Image.open(BytesIO(content)).save(README / f"{file}.webp", quality=82)
                if name == "landing":
                    sign_in(context, person)
            context.close()
        chromium.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
