import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { UploadQueue } from "../../static/js/upload-queue.js";
import { detailText } from "../../static/js/upload-texts.js";
import { FakeBrowser, settle } from "./fake-browser.js";

const CREATED = { ok: true, duplicate: false, status: 201, retryAfter: 0, id: "new" };
const DUPLICATE = { ok: true, duplicate: true, status: 200, retryAfter: 0, id: "old" };
const DISCONNECTED = { ok: false, status: 0, retryAfter: 0, detail: "The connection was lost." };
const FULL = { ok: false, status: 413, retryAfter: 0, code: "quota_exceeded", detail: "Full." };
const TEN_MINUTES = 600; // in seconds

const refusal = (status, detail) => ({ ok: false, status, retryAfter: 0, detail });
const busy = (status, retryAfter) => ({ ok: false, status, retryAfter, detail: "Busy." });
const ALBUM = { id: "1", title: "Summer", freeBytes: 10_000 };
const picked = (name, size = 100, album = ALBUM) => ({ id: name, album, file: { name, size, lastModified: 1 } });

let browser;
let queue;

/** Adds files of these names, and lets the first uploads start. */
async function add(...names) {
  queue.add(names.map((name) => picked(name)));
  await settle();
}

/** A new page, which goes on with what the browser's store holds. */
async function reload(options) {
  const { store } = browser;
  browser = new FakeBrowser();
  browser.store = store;
  queue = new UploadQueue(browser, { maxBytes: 1000, ...options });
  await queue.restore();
  await settle();
}

/** Breaks every request until the queue gives up. Returns the seconds that this took. */
async function stayAway() {
  let seconds = 0;
  while (queue.busy) {
    await browser.respond(DISCONNECTED);
    await browser.pass(10);
    seconds += 10;
    assert.ok(seconds < 2 * TEN_MINUTES, "the queue never gave up");
  }
  return seconds;
}

const item = (name) => queue.items.find((one) => one.name === name);
const said = (name) => detailText(item(name).detail);
const states = () => Object.fromEntries(queue.items.map(({ name, state }) => [name, state]));

beforeEach(() => {
  browser = new FakeBrowser();
  queue = new UploadQueue(browser, { maxBytes: 1000 });
});

describe("uploads", () => {
  test("three run at once, and the next starts when one ends", async () => {
    await add("a", "b", "c", "d", "e");
    assert.deepEqual(browser.uploading, ["a", "b", "c"]);
    await browser.respond(CREATED, "b");
    assert.deepEqual(browser.uploading, ["a", "c", "d"]);
    assert.deepEqual(states(), { a: "sending", b: "done", c: "sending", d: "sending", e: "waiting" });
    assert.equal(queue.busy, true);
    await browser.respond(CREATED);
    await browser.respond(CREATED);
    assert.deepEqual(new Set(Object.values(states())), new Set(["done"]));
    assert.equal(queue.busy, false);
  });

  test("files that are added later queue behind the others", async () => {
    await add("a", "b", "c");
    await add("d");
    assert.deepEqual(browser.uploading, ["a", "b", "c"]);
    await browser.respond(CREATED, "a");
    assert.deepEqual(browser.sent, ["a", "b", "c", "d"]);
  });

  test("events tell of every change", async () => {
    const events = [];
    queue.addEventListener("changed", ({ items }) => {
      for (const { state, sentBytes } of items) events.push([state, sentBytes]);
    });
    await add("a");
    const request = browser.request("a");
    request.onProgress(50);
    request.onSent();
    await browser.respond(CREATED);
    assert.deepEqual(events, [
      ["waiting", 0],
      ["sending", 0],
      ["sending", 50],
      ["checking", 50],
      ["done", 100],
    ]);
    assert.equal(item("a").image, "new");
  });

  test("the bytes that were sent are counted once for each try", async () => {
    await add("a");
    for (const bytes of [30, 60]) browser.request("a").onProgress(bytes);
    await browser.respond(DISCONNECTED);
    await browser.pass(1.1);
    browser.request("a").onProgress(100);
    assert.equal(queue.sentBytes, 160);
  });

  test("what the store has of a large file is shown as sent, but does not count for the speed", async () => {
    await add("a");
    const request = browser.request("a");
    request.onBegin("/api/v1/uploads/7/");
    request.onProgress(60);
    await browser.respond(DISCONNECTED);
    assert.equal(item("a").sentBytes, 60);
    await browser.pass(1.1);
    browser.request("a").onOffset(50);
    browser.request("a").onProgress(70);
    assert.deepEqual([item("a").sentBytes, queue.sentBytes], [70, 80]);
  });

  test("what an earlier try has brought is added, and no duplicate", async () => {
    await add("a", "b");
    await browser.respond(DISCONNECTED, "a");
    await browser.respond(DUPLICATE, "b");
    await browser.pass(1.1);
    await browser.respond(DUPLICATE, "a");
    assert.deepEqual(states(), { b: "duplicate", a: "done" });
  });
});

describe("files that the album has already", () => {
  test("are not sent", async () => {
    browser.known.set("b", "old");
    await add("a", "b", "c");
    assert.deepEqual(browser.sent, ["a", "c"]);
    assert.deepEqual([item("b").state, item("b").image], ["duplicate", "old"]);
  });

  test("are asked for in batches of one album, the first one small", async () => {
    const names = Array.from({ length: 60 }, (_, index) => `${index}`);
    queue.add([...names.map((name) => picked(name)), picked("other", 100, { id: "2", title: "Winter" })]);
    await settle();
    assert.deepEqual(
      browser.lookups.map(({ length }) => length),
      [3, 50, 7, 1],
    );
  });

  test("where the store cannot tell, all files are sent", async () => {
    browser.findKnown = () => Promise.reject(new TypeError("offline"));
    await add("a", "b");
    assert.deepEqual(browser.sent, ["a", "b"]);
  });

  test("an ended login shows there, before any byte is sent", async () => {
    browser.findKnown = () => Promise.reject(refusal(401, "Log in."));
    await add("a", "b", "c", "d");
    assert.deepEqual(browser.sent, []);
    assert.deepEqual(states(), { a: "failed", b: "failed", c: "failed", d: "failed" });
    assert.equal(item("d").signedOut, true);
  });

  test("while one album is asked for, files that were asked for go on", async () => {
    let answer;
    await add("a");
    browser.findKnown = () => new Promise((resolve) => (answer = resolve));
    await add("b");
    await browser.respond(CREATED, "a");
    assert.deepEqual(states(), { a: "done", b: "waiting" });
    answer(new Map());
    await settle();
    assert.deepEqual(browser.uploading, ["b"]);
  });
});

describe("refused files", () => {
  test("stop no other", async () => {
    await add("a", "letter", "c", "d");
    await browser.respond(refusal(415, "No picture."), "letter");
    assert.deepEqual(browser.uploading, ["a", "c", "d"]);
    await browser.respond(CREATED);
    assert.deepEqual(states(), { a: "done", letter: "refused", c: "done", d: "done" });
    assert.equal(item("letter").detail, "No picture.");
  });

  for (const status of [400, 413, 415]) {
    test(`${status} is final`, async () => {
      await add("a");
      await browser.respond(refusal(status, "No."));
      assert.deepEqual(states(), { a: "refused" });
    });
  }

  for (const status of [403, 409, 500]) {
    test(`${status} may be tried again`, async () => {
      await add("a", "b", "c", "d");
      await browser.respond(refusal(status, "Not now."), "a");
      assert.equal(item("a").state, "failed");
      assert.deepEqual(browser.uploading, ["b", "c", "d"]);
      queue.retry(["a"]);
      await settle();
      await browser.respond(CREATED);
      await browser.respond(CREATED);
      assert.deepEqual(states(), { a: "done", b: "done", c: "done", d: "done" });
    });
  }

  test("a file above the limit is never sent", async () => {
    queue.add([picked("big", 1100), picked("just right", 1000)]);
    await settle();
    assert.deepEqual(browser.sent, ["just right"]);
    assert.equal(item("big").state, "refused");
    assert.equal(said("big"), "A file may have at most 1 KB; this one has 1.1 KB. Nothing was stored.");
  });

  test("a file that left the device is refused, and the others do not wait for a connection", async () => {
    browser.unreadable.add("unplugged");
    await add("unplugged", "b", "c", "d");
    await browser.respond(DISCONNECTED, "unplugged");
    assert.deepEqual(browser.uploading, ["b", "c", "d"]);
    assert.equal(item("unplugged").state, "refused");
    assert.match(said("unplugged"), /can no longer be read/);
  });

  test("without a login the waiting files are not sent either, and can be tried again", async () => {
    await add("a", "b", "c", "d", "e");
    await browser.respond(refusal(401, "Log in."), "a");
    assert.deepEqual(states(), { a: "failed", b: "sending", c: "sending", d: "failed", e: "failed" });
    assert.equal(item("e").signedOut, true);
    await browser.respond(CREATED);
    assert.deepEqual(browser.sent, ["a", "b", "c"]);
    queue.retry(["a", "d", "e"]);
    await settle();
    assert.deepEqual(browser.uploading, ["a", "d", "e"]);
    assert.equal(item("e").signedOut, false);
  });

  test("without the album the waiting files are refused for good", async () => {
    await add("a", "b", "c", "d");
    await browser.respond(refusal(404, "Deleted."), "a");
    assert.deepEqual(states(), { a: "refused", b: "sending", c: "sending", d: "refused" });
    assert.equal(item("d").detail, "Deleted.");
  });
});

describe("the quota", () => {
  const SMALL = { ...ALBUM, freeBytes: 150 };

  test("a file that does not fit is not sent and stops no other", async () => {
    queue.add([picked("big", 200, SMALL), picked("b", 100, SMALL)]);
    await settle();
    assert.deepEqual(browser.sent, ["b"]);
    assert.deepEqual(states(), { big: "failed", b: "sending" });
    assert.equal(item("big").overQuota, true);
  });

  test("each file that is added takes its bytes, but no duplicate", async () => {
    queue.add([picked("a", 100, SMALL), picked("b", 100, SMALL)]);
    await settle();
    await browser.respond(DUPLICATE, "a");
    queue.add([picked("c", 100, { id: "1", title: "Summer" })]);
    await settle();
    await browser.respond(CREATED, "b");
    await browser.respond(CREATED, "c");
    queue.add([picked("d", 100, { id: "1", title: "Summer" })]);
    await settle();
    assert.deepEqual(states(), { a: "duplicate", b: "done", c: "done", d: "failed" });
  });

  test("a file that the album has already takes no bytes", async () => {
    browser.known.set("big", "old");
    queue.add([picked("big", 200, SMALL)]);
    await settle();
    assert.deepEqual(states(), { big: "duplicate" });
  });

  test("where the store cannot tell what it has, the upload decides", async () => {
    browser.findKnown = () => Promise.reject(new TypeError("offline"));
    queue.add([picked("big", 200, SMALL)]);
    await settle();
    await browser.respond(FULL);
    assert.deepEqual([item("big").state, item("big").overQuota], ["failed", true]);
  });

  test("a refusal tells how many bytes are left, so that other files that do not fit are not sent", async () => {
    await add("a", "b", "c", "d");
    await browser.respond({ ...FULL, freeBytes: 70 }, "a");
    assert.equal(item("d").state, "failed");
    assert.deepEqual(browser.sent, ["a", "b", "c"]);
  });

  test("where the trash may have the same bytes, a refusal stops no other file", async () => {
    const album = { ...ALBUM, freeBytes: Infinity };
    queue.add(["a", "b", "c", "d"].map((name) => picked(name, 100, album)));
    await settle();
    await browser.respond({ ...FULL, freeBytes: 70 }, "a");
    assert.deepEqual(browser.uploading, ["b", "c", "d"]);
  });

  test("a retry asks first how many bytes are free now", async () => {
    await add("a", "b");
    await browser.respond(FULL, "a");
    let answer;
    browser.fetchFreeBytes = () => new Promise((resolve) => (answer = resolve));
    queue.retry(["a"]);
    await browser.respond(CREATED, "b");
    assert.deepEqual(browser.uploading, []);
    answer(5000);
    await settle();
    assert.deepEqual(browser.uploading, ["a"]);
    assert.equal(item("a").overQuota, false);
  });

  test("a retry goes on when the store does not say how many bytes are free", async () => {
    await add("a");
    await browser.respond(FULL);
    browser.fetchFreeBytes = () => Promise.reject(new TypeError("offline"));
    await queue.retry(["a"]);
    await settle();
    assert.deepEqual(browser.uploading, ["a"]);
  });
});

describe("pause, resume and cancel", () => {
  test("a pause ends what is being sent, and resume begins it again", async () => {
    await add("a", "b", "c", "d");
    browser.request("a").onProgress(50);
    queue.pause();
    await settle();
    assert.deepEqual(browser.uploading, []);
    assert.deepEqual([...new Set(Object.values(states()))], ["waiting"]);
    assert.equal(item("a").sentBytes, 0);
    queue.resume();
    await settle();
    assert.deepEqual(browser.uploading, ["a", "b", "c"]);
  });

  test("what is added during a pause waits, and an online browser does not end the pause", async () => {
    queue.pause();
    await add("a");
    queue.retryDisconnected();
    await settle();
    assert.deepEqual(browser.sent, []);
  });

  test("a queue that is stopped sends nothing and saves nothing any more", async () => {
    await add("a", "b");
    const before = structuredClone([...browser.store.records.values()]);
    queue.stop();
    await settle();
    assert.deepEqual(browser.uploading, []);
    assert.deepEqual([...browser.store.records.values()], before);
  });

  test("a cancelled file is forgotten, and the next one is sent", async () => {
    await add("a", "b", "c", "d");
    queue.cancel(["a"]);
    await settle();
    assert.deepEqual(browser.uploading, ["b", "c", "d"]);
    assert.deepEqual(states(), { b: "sending", c: "sending", d: "sending" });
    assert.deepEqual([...browser.store.files.keys()], ["b", "c", "d"]);
  });

  test("a cancelled file in parts is dropped at the store, too", async () => {
    await add("a");
    browser.request("a").onBegin("/api/v1/uploads/7/");
    queue.cancel(["a"]);
    assert.deepEqual(browser.ended, ["/api/v1/uploads/7/"]);
  });

  test("to cancel all leaves what is stored", async () => {
    await add("a", "b");
    await browser.respond(CREATED, "a");
    queue.cancel(["a", "b"]);
    await settle();
    assert.deepEqual(states(), { a: "done" });
    assert.equal(queue.busy, false);
  });
});

describe("a reload", () => {
  test("goes on with all that is unfinished, and tells what is done", async () => {
    await add("a", "b", "c", "d", "e");
    await browser.respond(CREATED, "a");
    await browser.respond(refusal(415, "No picture."), "b");
    assert.equal(queue.losesBytes, false);
    await reload();
    assert.deepEqual(states(), { a: "done", b: "refused", c: "sending", d: "sending", e: "sending" });
    assert.equal(item("b").detail, "No picture.");
    assert.equal(item("c").file.name, "c");
    await browser.respond(CREATED);
    await reload();
    assert.deepEqual(states(), { a: "done", b: "refused", c: "done", d: "done", e: "done" });
    assert.deepEqual([...browser.store.files.keys()], []);
  });

  test("takes up a file in parts where it was", async () => {
    await add("a");
    browser.request("a").onBegin("/api/v1/uploads/7/");
    await reload();
    assert.equal(browser.request("a").item.uploadUrl, "/api/v1/uploads/7/");
  });

  test("shows nothing when all is done", async () => {
    await add("a");
    await browser.respond(CREATED);
    await reload();
    assert.deepEqual(queue.items, []);
    assert.equal(browser.store.records.size, 0);
  });

  test("names a file that the browser could not keep, and sends it once it is picked again", async () => {
    browser.store.tooLarge.add("large");
    await add("large", "b");
    assert.equal(queue.losesBytes, true);
    await reload();
    assert.deepEqual(states(), { large: "missing", b: "sending" });
    queue.add([
      { ...picked("new id"), album: undefined, file: { name: "large", size: 100 } },
      { ...picked("other"), album: undefined },
    ]);
    await settle();
    assert.deepEqual(states(), { large: "sending", b: "sending" });
  });

  test("tries again what failed without a connection or a login, and nothing else", async () => {
    await add("a", "b");
    await browser.respond(refusal(500, "Not now."), "b");
    await browser.respond(refusal(401, "Log in."), "a");
    await reload();
    assert.deepEqual(states(), { a: "sending", b: "failed" });
  });

  test("of a paused queue leaves it paused", async () => {
    await add("a");
    queue.pause();
    await reload({ paused: true });
    assert.deepEqual(states(), { a: "waiting" });
    assert.deepEqual(browser.sent, []);
  });

  test("does not matter to a file that was cancelled while the browser copied it", async () => {
    let answer;
    browser.store.keep = (id, one) => {
      browser.store.files.set(id, one);
      return new Promise((resolve) => (answer = resolve));
    };
    await add("a");
    queue.cancel(["a"]);
    answer(true);
    await settle();
    assert.deepEqual([browser.store.files.size, browser.store.records.size], [0, 0]);
  });
});

describe("a busy store", () => {
  for (const status of [429, 503]) {
    test(`${status} with Retry-After pauses the queue for so long`, async () => {
      await add("a", "b", "c", "d");
      await browser.respond(busy(status, 7), "a");
      await browser.respond(CREATED);
      assert.deepEqual(states(), { a: "waiting", b: "done", c: "done", d: "waiting" });
      assert.equal(said("a"), "The store is busy; goes on in 7 s");
      await browser.pass(6.9);
      assert.deepEqual(browser.uploading, []);
      await browser.pass(0.2);
      assert.deepEqual(browser.uploading, ["a", "d"]);
    });
  }

  test("a shorter pause does not end a longer one", async () => {
    await add("a", "b");
    await browser.respond(busy(429, 20), "a");
    await browser.respond(busy(429, 5), "b");
    await browser.pass(19);
    assert.deepEqual(browser.uploading, []);
    await browser.pass(2);
    assert.deepEqual(browser.uploading, ["a", "b"]);
  });

  test("429 without Retry-After may be tried again by hand", async () => {
    await add("a");
    await browser.respond(refusal(429, "Too many."));
    assert.deepEqual(states(), { a: "failed" });
  });
});

describe("a store that is away", () => {
  for (const status of [0, 502, 503, 504]) {
    test(`after status ${status} the file goes again by itself`, async () => {
      await add("a");
      browser.request("a").onProgress(70);
      await browser.respond({ ...DISCONNECTED, status });
      assert.equal(said("a"), "Waiting for the connection; tries again in 1 s");
      assert.deepEqual([item("a").state, item("a").sentBytes], ["waiting", 0]);
      await browser.pass(1.1);
      await browser.respond(CREATED);
      assert.deepEqual(states(), { a: "done" });
      assert.deepEqual(browser.sent, ["a", "a"]);
    });
  }

  test("the pauses double up to half a minute", async () => {
    await add("a");
    const pauses = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      await browser.respond(DISCONNECTED);
      pauses.push(item("a").detail.seconds);
      await browser.pass(pauses.at(-1) - 0.1);
      assert.deepEqual(browser.uploading, []);
      await browser.pass(0.2);
    }
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, 30, 30]);
  });

  test("uploads that break together make one pause, not three", async () => {
    await add("a", "b", "c", "d");
    await browser.respond(DISCONNECTED);
    assert.deepEqual(
      queue.items.filter(({ disconnected }) => disconnected).map(({ detail }) => detailText(detail)),
      Array(3).fill("Waiting for the connection; tries again in 1 s"),
    );
  });

  test("the file that broke goes behind the others", async () => {
    await add("a", "b", "c", "d");
    await browser.respond(DISCONNECTED, "a");
    await browser.respond(CREATED);
    await browser.pass(1.1);
    assert.deepEqual(browser.uploading, ["d", "a"]);
  });

  test("any response ends the counting of pauses", async () => {
    await add("a");
    await browser.respond(DISCONNECTED);
    await browser.pass(1.1);
    await browser.respond(DISCONNECTED);
    await browser.pass(2.1);
    await browser.respond(busy(503, 1));
    await browser.pass(1.1);
    await browser.respond(DISCONNECTED);
    assert.equal(said("a"), "Waiting for the connection; tries again in 1 s");
  });

  test("after ten minutes all files have failed and nothing is sent any more", async () => {
    await add("a", "b", "c", "d");
    const seconds = await stayAway();
    assert.ok(seconds > TEN_MINUTES, `the queue gave up after ${seconds} s`);
    assert.deepEqual(states(), { a: "failed", b: "failed", c: "failed", d: "failed" });
    const { length } = browser.sent;
    await browser.pass(TEN_MINUTES);
    assert.equal(browser.sent.length, length);
  });

  test("the file that finds the ten minutes over takes the waiting ones along", async () => {
    await add("a", "b", "c", "d");
    await browser.respond(DISCONNECTED);
    await browser.pass(TEN_MINUTES + 1);
    assert.deepEqual(browser.uploading, ["d", "a", "b"]);
    await browser.respond(DISCONNECTED, "d");
    assert.deepEqual(states(), { a: "sending", b: "sending", c: "failed", d: "failed" });
  });

  test("an online browser ends the pause", async () => {
    await add("a");
    await browser.respond(DISCONNECTED);
    queue.retryDisconnected();
    await settle();
    assert.deepEqual(browser.uploading, ["a"]);
  });

  test("an online browser sends no file twice at once", async () => {
    await add("a");
    await browser.respond(DISCONNECTED);
    await browser.pass(1.1);
    queue.retryDisconnected();
    await settle();
    assert.deepEqual(browser.uploading, ["a"]);
  });

  test("an online browser takes up the files that failed without a connection, and no others", async () => {
    await add("a", "error");
    await browser.respond(refusal(500, "Not now."), "error");
    await stayAway();
    assert.deepEqual(states(), { a: "failed", error: "failed" });
    queue.retryDisconnected();
    await settle();
    assert.deepEqual(browser.uploading, ["a"]);
    await browser.respond(CREATED);
    assert.deepEqual(states(), { a: "done", error: "failed" });
  });

  test("files that are added after the queue gave up have ten minutes of their own", async () => {
    await add("a");
    await stayAway();
    await add("b");
    await browser.respond(DISCONNECTED);
    assert.equal(said("b"), "Waiting for the connection; tries again in 1 s");
  });
});

describe("uploaded images", () => {
  test("one that the store cannot prepare is broken, and whole again when a retry succeeds", async () => {
    await add("a", "b");
    await browser.respond({ ...CREATED, id: "1" }, "a");
    await browser.respond({ ...DUPLICATE, id: "2" }, "b");
    queue.finishImage({ id: "1", failed: true, reason: "It is cut off." });
    assert.deepEqual(states(), { a: "broken", b: "duplicate" });
    assert.equal(item("a").detail, "It is cut off.");
    queue.finishImage({ id: "2", failed: true, reason: "It is cut off." });
    assert.deepEqual(states(), { a: "broken", b: "broken" });
    queue.finishImage({ id: "1", failed: false, reason: "" });
    assert.deepEqual(states(), { a: "done", b: "broken" });
  });

  test("clear() empties the list", async () => {
    await add("a");
    await browser.respond(CREATED);
    queue.clear();
    assert.deepEqual(queue.items, []);
    assert.equal(queue.busy, false);
  });
});
