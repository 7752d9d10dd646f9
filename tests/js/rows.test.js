import assert from "node:assert/strict";
import { test } from "node:test";
import { GAP_PX, heightOf, rowsOf } from "../../static/js/rows.js";

const ratios = Array.from({ length: 100 }, (_, index) => [1.5, 0.67, 1.78, 1, 6, 0.5, 1.33][(index * 5) % 7]);

function widths(rows) {
  let index = 0;
  return rows.map(({ count, height }) => {
    const row = ratios.slice(index, index + count);
    index += count;
    return row.reduce((total, ratio) => total + ratio * height, 0) + GAP_PX * (count - 1);
  });
}

test("each row of a part that goes on is full, or as high as may be", () => {
  for (const [width, rowHeight, tailRows] of [
    [358, 120, 5],
    [358, 120],
    [812, 144],
    [1376, 240],
  ]) {
    const rows = rowsOf(ratios, width, rowHeight, true, tailRows);
    assert.equal(
      rows.reduce((total, { count }) => total + count, 0),
      ratios.length,
    );
    widths(rows).forEach((used, index) => {
      const isFull = Math.abs(used - width) < 0.01;
      assert.ok(isFull || (used < width && rows[index].height === 2.4 * rowHeight), `${used} of ${width}`);
    });
  }
});

test("the last row of a part that ends is as high as a row is meant to be", () => {
  const rows = rowsOf([1.5, 1.5, 1.5, 1.5], 1000, 200, false);
  assert.deepEqual(
    rows.map(({ count }) => count),
    [3, 1],
  );
  assert.equal(rows[1].height, 200);
});

test("the height of a part is that of its rows and the gaps between", () => {
  assert.equal(heightOf([{ height: 100 }, { height: 120 }]), 224);
  assert.equal(heightOf(rowsOf([], 1000, 200, true)), 0);
});

test("a panorama alone in its row is as wide as the window", () => {
  assert.deepEqual(rowsOf([6, 1.5], 600, 240, true)[0], { count: 1, height: 100 });
});
