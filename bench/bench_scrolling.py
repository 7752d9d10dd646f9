"""An album of 100,000 photos in Chromium: scrolled to its end with the wheel, and by jumps along the rail of dates.

The wheel turns on without waiting, so the page scrolls as fast as it loads parts. The photos are one small picture,
but each has its own link and its own request.
"""

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import CDPSession, Page, ViewportSize, sync_playwright

import conftest  # noqa: F401 - keys and a folder, as for tests
from images.tests.pictures import jpeg_bytes
from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.fill import fill
from tests.browser.pages import sign_in, wait_until
from tests.people import Person
from tests.servers import running

COUNT = 100_000
WINDOW: ViewportSize = {"width": 1440, "height": 900}
# About a part, so that the page loads parts rather than paints what nobody looks at.
WHEEL_PX = 4000
JUMPS = 20
# The most elements of the document, its tasks of more than 50 ms, its longest time between two frames (ms), and the
# number of the last photo that was in it.
WATCH = """() => {
  window.clear = () => Object.assign(seen, { parts: 0, elements: 0, tasks: [], frame: 0 });
  window.seen = { last: 0 };
  clear();
  document.querySelector("[data-tiles]").addEventListener("tiles:added", ({ detail: { part } }) => {
    seen.parts += 1;
    seen.elements = Math.max(seen.elements, document.querySelectorAll("*").length);
    const numbers = [...part.querySelectorAll("img")].map(({ alt }) => Number(alt.slice(4, -4)));
    seen.last = Math.max(seen.last, ...numbers);
  });
  new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: "longtask" });
  let last = performance.now();
  const frame = (now) => {
    seen.frame = Math.max(seen.frame, now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
IS_SHOWN = """month => document.querySelector("[data-position]").textContent.startsWith(month)
  && [...document.querySelectorAll(".tile img")].every((image) => {
    const { top, bottom } = image.getBoundingClientRect();
    return bottom < 0 || top > innerHeight || (image.complete && image.naturalWidth);
  })"""


class Watch:
    """What scrolling costs the page; prints it."""

    def __init__(self, page: Page, what: str) -> None:
        self._page, self._what = page, what
        self._protocol = page.context.new_cdp_session(page)
        # Seconds on the processor, whatever else this machine does.
        self._protocol.send("Performance.enable", {"timeDomain": "threadTicks"})

    def __enter__(self) -> None:
        self._page.evaluate("clear()")
        self._before, self._started = _metrics(self._protocol), time.monotonic()

    def __exit__(self, *error: object) -> None:
        seconds = time.monotonic() - self._started
        after, seen = _metrics(self._protocol), self._page.evaluate("seen")
        heap = [f"{each['JSHeapUsedSize'] / 1e6:.1f}" for each in (self._before, after)]
        cpu = after["TaskDuration"] - self._before["TaskDuration"]
        tasks = sorted(seen["tasks"]) or [0]
        print(
            f"{self._what}: {seconds:.0f} s, {cpu:.0f} s of CPU in the page; {seen['parts']} parts; "
            f"at most {seen['elements']} elements; heap {' -> '.join(heap)} MB; {len(tasks)} long tasks, median "
            f"{tasks[len(tasks) // 2]:.0f} ms, longest {tasks[-1]:.0f} ms; longest frame {seen['frame']:.0f} ms"
        )


def _metrics(protocol: CDPSession) -> dict[str, float]:
    protocol.send("HeapProfiler.collectGarbage")
    return {each["name"]: each["value"] for each in protocol.send("Performance.getMetrics")["metrics"]}


def scroll(page: Page, last: int) -> None:
    """By the wheel, a tenth of the album at a time."""
    page.mouse.move(600, 500)
    for tenth in range(1, 11):
        with Watch(page, f"wheel, {tenth * 10} %"):
            while page.evaluate("seen.last") < last * tenth // 10:
                page.mouse.wheel(0, WHEEL_PX)


def jump(page: Page, last: int) -> None:
    rail, label = page.locator("[data-rail]"), page.locator("[data-rail-label]")
    box = rail.bounding_box()
    assert box
    seconds = []
    with Watch(page, f"{JUMPS} jumps"):
        for number in range(1, JUMPS + 1):
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + (box["height"] - 1) * number / JUMPS)
            month = label.evaluate("label => label.firstChild.data")
            started = time.monotonic()
            page.mouse.down()
            page.mouse.up()
            wait_until(page, IS_SHOWN, month)
            seconds.append(time.monotonic() - started)
    median = sorted(seconds)[JUMPS // 2]
    print(f"a jump until all its pictures are shown: median {median:.2f} s, longest {max(seconds):.2f} s")
    page.mouse.move(600, 500)
    while page.evaluate("seen.last") < last:
        page.mouse.wheel(0, WHEEL_PX)


def main(count: int = COUNT) -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server, sync_playwright() as playwright:
        person = Person.sign_up(server, "scroller")
        album = person.album("A long life")
        picture = Path(folder) / "picture.jpg"
        picture.write_bytes(jpeg_bytes(60, 40))
        fill(server, album, count, picture)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for way in (jump, scroll):
            context = browser.new_context(base_url=server.url, viewport=WINDOW)
            sign_in(context, person)
            page = context.new_page()
            page.goto(f"/albums/{album}/?ordering=taken_at", wait_until="networkidle")
            page.evaluate(WATCH)
            way(page, count - 1)
            context.close()
        browser.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
