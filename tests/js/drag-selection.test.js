import assert from "node:assert/strict";
import { test } from "node:test";
import { between, overlap } from "../../static/js/drag-selection.js";

const box = (id, column, row) => ({
  id,
  left: 100 * column,
  right: 100 * column + 90,
  top: 80 * row,
  bottom: 80 * row + 70,
});
const boxes = [box("a", 0, 0), box("b", 1, 0), box("c", 2, 0), box("d", 0, 1), box("e", 1, 1)];
const ids = (some) => some.map(({ id }) => id).join("");

test("boxes overlap that share a part or an edge", () => {
  const crossed = (left, top, right, bottom) =>
    ids(boxes.filter((each) => overlap(each, { left, top, right, bottom })));
  assert.equal(crossed(50, 50, 120, 60), "ab");
  assert.equal(crossed(50, 50, 60, 80), "ad");
  assert.equal(crossed(91, 10, 99, 20), "");
  assert.equal(crossed(-500, -500, 0, 0), "a");
});

test("a run goes on over the end of a row, forwards and backwards", () => {
  assert.equal(ids(between(boxes, boxes[1], boxes[3])), "bcd");
  assert.equal(ids(between(boxes, boxes[3], boxes[1])), "bcd");
  assert.equal(ids(between(boxes, boxes[2], boxes[2])), "c");
});
