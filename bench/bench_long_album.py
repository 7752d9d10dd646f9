"""An album of 100,000 photos in Chromium, scrolled to its end: tiles in the document, memory, how smooth it is."""

import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.fill import fill
from tests.browser.pages import serve_pictures, sign_in
from tests.people import Person
from tests.servers import running

PHOTOS = 100_000
WHEEL_SECONDS = 10
WHEEL_PX = 120
# Milliseconds between two frames, while the wheel turns.
WATCH_FRAMES = """() => {
  window.frames_ms = [];
  let last = performance.now();
  const watch = (now) => { window.frames_ms.push(now - last); last = now; requestAnimationFrame(watch); };
  requestAnimationFrame(watch);
}"""


def megabytes(page: Page) -> float:
    """Of the page's own objects, after what is garbage went."""
    protocol = page.context.new_cdp_session(page)
    protocol.send("HeapProfiler.collectGarbage")
    return float(protocol.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def turn_the_wheel(page: Page) -> list[float]:
    page.mouse.move(700, 500)
    page.evaluate(WATCH_FRAMES)
    end = time.monotonic() + WHEEL_SECONDS
    while time.monotonic() < end:
        page.mouse.wheel(0, WHEEL_PX)
        page.wait_for_timeout(30)
    frames: list[float] = page.evaluate("() => window.frames_ms")
    return sorted(frames)


def scroll_to_the_end(page: Page) -> tuple[int, float]:
    """The most tiles at once, and seconds."""
    most, began = 0, time.monotonic()
    last = page.locator(f'img[alt="IMG_{PHOTOS - 1:05}.jpg"]')
    while not last.count():
        page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(20)
        most = max(most, page.locator(".tile").count())
    return most, time.monotonic() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server, sync_playwright() as playwright:
        person = Person.sign_up(server, "collector")
        album = person.album("A long life")
        fill(server, album, PHOTOS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
        sign_in(context, person)
        page = context.new_page()
        serve_pictures(page)
        page.goto(f"/albums/{album}/?ordering=taken_at")
        before, frames = megabytes(page), turn_the_wheel(page)
        most, seconds = scroll_to_the_end(page)
        position = page.locator("[data-position]").text_content()
        print(f"frames while the wheel turns: median {statistics.median(frames):.0f} ms, p95", end=" ")
        print(f"{frames[int(0.95 * len(frames))]:.0f} ms, longest {frames[-1]:.0f} ms ({len(frames)} frames)")
        print(f"to the end in {seconds:.0f} s, {most} tiles at most; it says {position!r}")
        print(f"heap: {before:.1f} MB at the beginning, {megabytes(page):.1f} MB at the end")
        browser.close()


if __name__ == "__main__":
    main()
