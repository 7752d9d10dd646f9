"""The service worker, and what other apps give to it."""

from typing import Any

from playwright.sync_api import Page

from tests.browser.pages import wait_until

# What the browser stores of the site.
TRACES = """async () => ({
    databases: (await indexedDB.databases()).map(({ name }) => name),
    cached: (await Promise.all((await caches.keys()).map(async name => (await (await caches.open(name)).keys())
        .map(({ url }) => new URL(url).pathname)))).flat(),
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
})"""
# As the share sheet of a phone does it: a form with files is sent, and the browser shows what comes.
SHARE = """files => {
    const form = Object.assign(document.createElement("form"),
        { method: "post", action: "/share/", enctype: "multipart/form-data" });
    const input = Object.assign(document.createElement("input"), { type: "file", name: "photos", multiple: true });
    const transfer = new DataTransfer();
    for (const [name, bytes] of files) {
        transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
    }
    input.files = transfer.files;
    form.append(input);
    document.body.append(form);
    form.submit();
}"""


def wait_for_worker(page: Page) -> None:
    """Until it serves this page."""
    wait_until(page, "navigator.serviceWorker.controller?.state === 'activated'")


def share(page: Page, *files: tuple[str, bytes]) -> None:
    """Until the next page is there."""
    with page.expect_navigation():
        page.evaluate(SHARE, [[name, list(content)] for name, content in files])


def traces(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(TRACES)
    return found
