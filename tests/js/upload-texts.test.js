import assert from "node:assert/strict";
import { test } from "node:test";
import { detailText, rateText, stateText, totalText } from "../../static/js/upload-texts.js";

const items = (...states) => states.map((state) => ({ state }));

test("each state of an upload has its words", () => {
  const text = (item) => stateText({ size: 1_250_000, sentBytes: 0, detail: "", ...item });
  assert.equal(text({ state: "waiting" }), "Waiting");
  assert.equal(
    text({ state: "waiting", detail: "The store is busy; goes on in 5 s" }),
    "The store is busy; goes on in 5 s",
  );
  assert.equal(text({ state: "sending" }), "0 % of 1.2 MB");
  assert.equal(text({ state: "checking" }), "Being checked…");
  assert.equal(text({ state: "done" }), "Added");
  assert.equal(text({ state: "duplicate" }), "Already in this album");
  assert.equal(
    text({ state: "broken", detail: "It is cut off." }),
    "In the album, but it could not be prepared. It is cut off.",
  );
  assert.equal(text({ state: "failed", detail: "Full." }), "Full.");
  assert.equal(text({ state: "refused", detail: "No picture." }), "No picture.");
});

test("an upload shows 100 % only when all of it was sent", () => {
  const text = (sentBytes) => stateText({ state: "sending", sentBytes, size: 2000 });
  assert.equal(text(1999), "99 % of 2 KB");
  assert.equal(text(2000), "100 % of 2 KB");
});

test("the total counts what is stored and what is not while files are on their way", () => {
  assert.equal(totalText(items("waiting")), "Adding 1 photo, 0 done");
  assert.equal(
    totalText(items("waiting", "sending", "checking", "done", "duplicate", "broken", "failed", "refused")),
    "Adding 8 photos, 3 done, 2 not added",
  );
});

test("the total names the connection while a file waits for it", () => {
  const waiting = { state: "waiting", disconnected: true };
  assert.equal(totalText([...items("done"), waiting]), "Waiting for the connection, 1 of 2 photos done");
  assert.equal(totalText([...items("done"), { ...waiting, state: "sending" }]), "Adding 2 photos, 1 done");
});

test("the final total names each result with its count", () => {
  assert.equal(totalText(items("done")), "1 photo added");
  assert.equal(totalText(items("duplicate", "duplicate")), "2 photos already here");
  assert.equal(totalText(items("failed", "refused")), "2 photos not added");
  assert.equal(
    totalText(items("failed", "broken", "duplicate", "done", "refused", "done")),
    "2 added, 1 already here, 1 could not be prepared, 2 not added",
  );
});

test("a pause and files that a reload has lost are named", () => {
  assert.equal(totalText(items("done", "waiting"), { paused: true }), "Paused, 1 of 2 photos done");
  assert.equal(totalText(items("done", "missing")), "1 added, 1 to be picked again");
});

test("speed and time left are told once they are known", () => {
  assert.equal(rateText(0, 1000), "");
  assert.equal(rateText(1000, 0), "");
  assert.equal(rateText(2_500_000, 25_000_000), "2.5 MB/s, 10 s left");
  assert.equal(rateText(1_000_000, 300_000_000), "1 MB/s, 5 min left");
  assert.equal(rateText(1_000_000, 9_000_000_000), "1 MB/s, 3 h left");
});

test("a sentence of ours is made when it is shown, the store's own stays", () => {
  assert.equal(detailText("No picture."), "No picture.");
  assert.equal(detailText({ reason: "busy", seconds: 7 }), "The store is busy; goes on in 7 s");
  assert.equal(
    detailText({ reason: "tooLarge", most: 1000, size: 1100 }),
    "A file may have at most 1 KB; this one has 1.1 KB. Nothing was stored.",
  );
  assert.equal(
    stateText({ state: "waiting", detail: { reason: "disconnected", seconds: 2 } }),
    "Waiting for the connection; tries again in 2 s",
  );
});
