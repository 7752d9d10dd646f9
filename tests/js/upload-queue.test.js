import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { UploadQueue } from "../../static/js/upload-queue.js";
import { FakeBrowser, settle } from "./fake-browser.js";

const CREATED = { ok: true, duplicate: false, status: 201, retryAfter: 0, id: "new" };
const DUPLICATE = { ok: true, duplicate: true, status: 200, retryAfter: 0, id: "old" };
const DISCONNECTED = { ok: false, status: 0, retryAfter: 0, detail: "The connection was lost." };
const FULL = { ok: false, status: 413, retryAfter: 0, code: "quota_exceeded", detail: "Full." };
const TEN_MINUTES = 600; // in seconds

const refusal = (status, detail) => ({ ok: false, status, retryAfter: 0, detail });
const busy = (status, retryAfter) => ({ ok: false, status, retryAfter, detail: "Busy." });
const file = (name, size = 100) => ({ name, size });

let browser;
let endpoint;
let queue;

/** Adds files of these names, and lets the first uploads start. */
async function add(...names) {
  queue.add(names.map((name) => file(name)));
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

const item = (name) => queue.items.find((one) => one.file.name === name);
const states = () => Object.fromEntries(queue.items.map(({ file: { name }, state }) => [name, state]));

beforeEach(() => {
  browser = new FakeBrowser();
  endpoint = {
    url: "/api/v1/albums/1/images/",
    token: "token",
    maxBytes: 1000,
    freeBytes: 10_000,
    fetchFreeBytes: async () => 10_000,
  };
  queue = new UploadQueue(endpoint, browser);
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

  test("a request has the album's URL and the token of its moment", async () => {
    await add("a");
    endpoint.token = "token of a later login";
    await add("b");
    assert.equal(browser.request("a").url, endpoint.url);
    assert.equal(browser.request("a").token, "token");
    assert.equal(browser.request("b").token, "token of a later login");
  });

  test("events tell of every change", async () => {
    const events = [];
    queue.addEventListener("added", (event) => events.push(["added", event.item.state]));
    queue.addEventListener("changed", (event) => events.push([event.item.state, event.item.sentFraction]));
    await add("a");
    const request = browser.request("a");
    request.onProgress(0.5);
    request.onSent();
    await browser.respond(CREATED);
    assert.deepEqual(events, [
      ["added", "waiting"],
      ["sending", 0],
      ["sending", 0.5],
      ["checking", 0.5],
      ["done", 1],
    ]);
    assert.equal(item("a").id, "new");
  });

  test("a file that the album has already is no new one and takes no bytes of the quota", async () => {
    await add("a", "b");
    await browser.respond(DUPLICATE, "a");
    assert.equal(endpoint.freeBytes, 10_000);
    await browser.respond(CREATED, "b");
    assert.equal(endpoint.freeBytes, 9900);
    assert.deepEqual(states(), { a: "duplicate", b: "done" });
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
      queue.retry([item("a")]);
      await browser.respond(CREATED);
      await browser.respond(CREATED);
      assert.deepEqual(states(), { a: "done", b: "done", c: "done", d: "done" });
    });
  }

  test("a file above the limit is never sent", async () => {
    queue.add([file("big", 1100), file("just right", 1000)]);
    await settle();
    assert.deepEqual(browser.sent, ["just right"]);
    assert.equal(item("big").state, "refused");
    assert.equal(item("big").detail, "A file may have at most 1 KB; this one has 1.1 KB. Nothing was stored.");
  });

  test("a file that left the device is refused, and the others do not wait for a connection", async () => {
    browser.unreadable.add("unplugged");
    await add("unplugged", "b", "c", "d");
    await browser.respond(DISCONNECTED, "unplugged");
    assert.deepEqual(browser.uploading, ["b", "c", "d"]);
    assert.equal(item("unplugged").state, "refused");
    assert.match(item("unplugged").detail, /can no longer be read/);
  });

  test("without a login the waiting files are not sent either, and can be tried again", async () => {
    await add("a", "b", "c", "d", "e");
    await browser.respond(refusal(401, "Log in."), "a");
    assert.deepEqual(states(), { a: "failed", b: "sending", c: "sending", d: "failed", e: "failed" });
    assert.equal(item("e").signedOut, true);
    await browser.respond(CREATED);
    assert.deepEqual(browser.sent, ["a", "b", "c"]);
    queue.retry(queue.items.filter(({ state }) => state === "failed"));
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
  test("a file that does not fit is not sent and stops no other", async () => {
    browser.tooBigForQuota.add("big");
    await add("big", "b");
    assert.deepEqual(browser.sent, ["b"]);
    assert.deepEqual(states(), { big: "failed", b: "sending" });
    assert.equal(item("big").overQuota, true);
  });

  test("where the check fails the upload decides", async () => {
    browser.fitsQuota = () => Promise.reject(new TypeError("offline"));
    await add("a");
    await browser.respond(FULL);
    assert.deepEqual([item("a").state, item("a").overQuota], ["failed", true]);
  });

  test("a refusal tells how many bytes are left, so that other files that do not fit are not sent", async () => {
    await add("a");
    await browser.respond({ ...FULL, freeBytes: 70 });
    assert.equal(endpoint.freeBytes, 70);
  });

  test("a refusal without figures, or where the trash may have the same bytes, changes nothing", async () => {
    await add("a");
    await browser.respond({ ...FULL, freeBytes: Number.NaN });
    assert.equal(endpoint.freeBytes, 10_000);
    endpoint.freeBytes = Infinity;
    await add("b");
    await browser.respond({ ...FULL, freeBytes: 70 });
    assert.equal(endpoint.freeBytes, Infinity);
  });

  test("a retry asks first how many bytes are free now", async () => {
    await add("a", "b");
    await browser.respond(FULL, "a");
    let answer;
    endpoint.fetchFreeBytes = () => new Promise((resolve) => (answer = resolve));
    queue.retry([item("a")]);
    await browser.respond(CREATED, "b");
    assert.deepEqual(browser.uploading, []);
    answer(5000);
    await settle();
    assert.deepEqual(browser.uploading, ["a"]);
    assert.equal(endpoint.freeBytes, 5000);
    assert.equal(item("a").overQuota, false);
  });

  test("a retry goes on when the store does not say how many bytes are free", async () => {
    await add("a");
    await browser.respond(FULL);
    endpoint.fetchFreeBytes = () => Promise.reject(new TypeError("offline"));
    await queue.retry([item("a")]);
    await settle();
    assert.deepEqual(browser.uploading, ["a"]);
  });
});

describe("a busy store", () => {
  for (const status of [429, 503]) {
    test(`${status} with Retry-After pauses the queue for so long`, async () => {
      await add("a", "b", "c", "d");
      await browser.respond(busy(status, 7), "a");
      await browser.respond(CREATED);
      assert.deepEqual(states(), { a: "waiting", b: "done", c: "done", d: "waiting" });
      assert.equal(item("a").detail, "The store is busy; goes on in 7 s");
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
      browser.request("a").onProgress(0.7);
      await browser.respond({ ...DISCONNECTED, status });
      assert.equal(item("a").detail, "Waiting for the connection; tries again in 1 s");
      assert.deepEqual([item("a").state, item("a").sentFraction], ["waiting", 0]);
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
      pauses.push(Number(item("a").detail.match(/in (\d+) s/)[1]));
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
      queue.items.filter(({ disconnected }) => disconnected).map(({ detail }) => detail),
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
    assert.equal(item("a").detail, "Waiting for the connection; tries again in 1 s");
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
    assert.equal(item("b").detail, "Waiting for the connection; tries again in 1 s");
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
