"""Pages on a slow phone: Chromium at 390 × 844 px of three pixels each, a quarter of the speed, slow 4G.

Slow 4G as Lighthouse has it: 1.6 Mbit/s down, 0.7 up, 150 ms more for each answer. First visit, nothing cached.
"""

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.pages import sign_in
from tests.browser.screenshots import fill
from tests.people import Person
from tests.servers import running

ROUNDS = 5
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 1_638_400 / 8, "uploadThroughput": 691_200 / 8}
CPU_SLOWDOWN = 4
# Milliseconds from the click to the end of the scripts, to the first and to the largest paint; bytes on the line.
MEASURE = """() => new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const [page] = performance.getEntriesByType("navigation");
    resolve({
      scripts: page.domContentLoadedEventEnd,
      first: performance.getEntriesByName("first-contentful-paint")[0].startTime,
      largest: list.getEntries().at(-1).startTime,
      bytes: [page, ...performance.getEntriesByType("resource")].reduce((sum, one) => sum + one.transferSize, 0),
    });
  }).observe({ type: "largest-contentful-paint", buffered: true });
})"""


def visit(browser: Browser, base: str, person: Person, path: str) -> dict[str, float]:
    context = browser.new_context(base_url=base, viewport={"width": 390, "height": 844}, device_scale_factor=3)
    sign_in(context, person)
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    protocol.send("Network.emulateNetworkConditions", SLOW_4G)
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    page.goto(path, wait_until="networkidle")
    seen: dict[str, float] = page.evaluate(MEASURE)
    context.close()
    return seen


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server, sync_playwright() as playwright:
        person = Person.sign_up(server, "phone")
        paths = fill(person)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for name in ("albums", "album", "photos"):
            visits = [visit(browser, server.url, person, paths[name]) for _ in range(ROUNDS)]
            median = {key: statistics.median(seen[key] for seen in visits) for key in visits[0]}
            print(
                f"{name}: first paint {median['first']:.0f} ms, scripts ran {median['scripts']:.0f} ms, "
                f"largest paint {median['largest']:.0f} ms, {median['bytes'] / 1000:.0f} kB in all"
            )
        browser.close()


if __name__ == "__main__":
    main()
