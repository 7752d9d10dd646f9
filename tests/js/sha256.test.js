import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { Sha256 } from "../../static/js/sha256.js";

function sha256(bytes, stepBytes = bytes.length || 1) {
  const hash = new Sha256();
  for (let start = 0; start < bytes.length; start += stepBytes)
    hash.update(bytes.subarray(start, start + stepBytes));
  return hash.hex();
}

const expected = (bytes) => createHash("sha256").update(bytes).digest("hex");

test("is Node's at every length around a block's end", () => {
  for (let length = 0; length <= 200; length += 1) {
    const bytes = new Uint8Array(randomBytes(length));
    assert.equal(sha256(bytes), expected(bytes), `${length} bytes`);
  }
});

test("does not depend on the steps", () => {
  const bytes = new Uint8Array(randomBytes(5000));
  for (const stepBytes of [1, 3, 63, 64, 65, 127, 128, 1000]) {
    assert.equal(sha256(bytes, stepBytes), expected(bytes), `steps of ${stepBytes} bytes`);
  }
});
