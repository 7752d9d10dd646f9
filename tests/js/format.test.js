import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { filesize, photos } from "../../static/js/format.js";

const CASES = JSON.parse(readFileSync(new URL("../filesizes.json", import.meta.url), "utf8"));

// tests/test_filesize.py reads the same table.
test("a size in words is that of the table", () => {
  assert.deepEqual(
    CASES.map(([bytes]) => [bytes, filesize(bytes)]),
    CASES,
  );
});

test("one photo is singular", () => {
  assert.deepEqual([0, 1, 2].map(photos), ["0 photos", "1 photo", "2 photos"]);
});
