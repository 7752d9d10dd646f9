import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, Speed } from "../../static/js/upload-progress.js";

test("bytes that are never sent count nowhere", () => {
  const items = [
    { state: "done", size: 100, sentBytes: 100 },
    { state: "sending", size: 100, sentBytes: 30, isUnfinished: true },
    { state: "waiting", size: 50, sentBytes: 0, isUnfinished: true },
    ...["refused", "failed", "duplicate", "missing"].map((state) => ({ state, size: 1000, sentBytes: 1000 })),
  ];
  assert.deepEqual(bytesOf(items), { sent: 130, all: 250 });
});

test("the speed is that of the last ten seconds", () => {
  const speed = new Speed();
  speed.add(0, 0);
  assert.equal(speed.value, 0);
  speed.add(500, 500);
  assert.equal(speed.value, 0);
  speed.add(2000, 2000);
  assert.equal(speed.value, 1000);
  for (let now = 3000; now <= 20_000; now += 1000) speed.add(2000, now);
  assert.equal(speed.value, 0);
  speed.reset();
  assert.equal(speed.value, 0);
});
