"""Uppy, a foreign client of resumable uploads in browsers, sends a photo to the store and goes on after a pause."""

import base64
import hashlib
import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from images.tests.pictures import jpeg_bytes
from tests.browser.pages import WAIT_MILLISECONDS
from tests.people import Person
from tests.servers import ROOT, Server

UPPY = ROOT / "node_modules" / "uppy" / "dist" / "uppy.min.js"
PIECE_BYTES = 200_000
SEND = """async ({ base, token, album, content, pieceBytes, pauseAt }) => {
  const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
  const uppy = new Uppy.Uppy({ meta: { album } });
  let paused = false;
  const methods = [];
  uppy.use(Uppy.Tus, {
    endpoint: `${base}/api/v1/uploads/`,
    headers: { Authorization: `Bearer ${token}` },
    chunkSize: pieceBytes,
    allowedMetaFields: ["album", "filename"],
    onBeforeRequest: (request) => { methods.push(request.getMethod()); },
  });
  const id = uppy.addFile({
    name: "sea.jpg", type: "image/jpeg", data: new Blob([bytes]), meta: { filename: "sea.jpg" },
  });
  uppy.on("upload-progress", (file, { bytesUploaded }) => {
    if (paused || !pauseAt || bytesUploaded < pauseAt) return;
    paused = true;
    uppy.pauseResume(id);
    setTimeout(() => uppy.pauseResume(id), 300);
  });
  const { successful, failed } = await uppy.upload();
  return { successful: successful.length, failed: failed.map(({ error }) => error), methods };
}"""


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page that any site might be: the store's own CSP would let no script of others in."""
    context = browser.new_context(base_url=server.url, bypass_csp=True)
    context.set_default_timeout(WAIT_MILLISECONDS)
    opened = context.new_page()
    opened.goto("/healthz/live")
    opened.add_script_tag(path=UPPY)
    yield opened
    context.close()


@pytest.mark.parametrize("pause_at", [0, 500_000])
def test_uppy_uploads_a_photo_and_goes_on_after_a_pause(page: Page, alice: Person, pause_at: int) -> None:
    album, content = alice.album(), jpeg_bytes(64, 48) + secrets.token_bytes(2**20)
    base = page.evaluate("() => location.origin")
    given = {"base": base, "token": alice.token, "album": album, "pieceBytes": PIECE_BYTES, "pauseAt": pause_at}
    said = page.evaluate(SEND, given | {"content": base64.b64encode(content).decode()})
    assert (said["successful"], said["failed"]) == (1, [])
    assert ("HEAD" in said["methods"]) == bool(pause_at)
    [image] = alice.images(album)
    assert (image["name"], image["bytes"]) == ("sea.jpg", len(content))
    assert image["sha256"] == hashlib.sha256(content).hexdigest()
