import assert from "node:assert/strict";
import { test } from "node:test";
import { scrollStep } from "../../static/js/drag.js";
import { anchorOf, isInPlace, placeAt, wayBack } from "../../static/js/places.js";

const ids = ["a", "b", "c", "d", "e"];

/** The list after each of these moves, as the store does them. */
function moved(list, moves) {
  for (const { ids: some, before, after } of moves) {
    const others = list.filter((id) => !some.includes(id));
    const index = before ? others.indexOf(before) : others.indexOf(after) + 1;
    list = others.toSpliced(index, 0, ...some);
  }
  return list.join("");
}

test("a point means the nearest place in the nearest row", () => {
  const box = (id, column, row) => ({
    id,
    left: 104 * column,
    right: 104 * column + 100,
    top: 84 * row,
    bottom: 84 * row + 80,
  });
  const boxes = [box("a", 0, 0), box("b", 1, 0), box("c", 0, 1)];
  assert.deepEqual(placeAt(boxes, { x: 20, y: 40 }), { id: "a", isAfter: false });
  assert.deepEqual(placeAt(boxes, { x: 160, y: -30 }), { id: "b", isAfter: true });
  assert.deepEqual(placeAt(boxes, { x: 900, y: 120 }), { id: "c", isAfter: true });
});

test("a place is named by a neighbour that does not move along", () => {
  assert.deepEqual(anchorOf(ids, new Set(["a"]), 3), { before: "d" });
  assert.deepEqual(anchorOf(ids, new Set(["d", "e"]), 3), { after: "c" });
  assert.deepEqual(anchorOf(ids, new Set(["b"]), 5), { after: "e" });
  assert.equal(anchorOf(ids, new Set(ids), 2), undefined);
});

test("photos are in place where they stand side by side", () => {
  const places = (some) => [0, 1, 2, 3, 4, 5].filter((index) => isInPlace(ids, new Set(some), index));
  assert.deepEqual(places(["c"]), [2, 3]);
  assert.deepEqual(places(["b", "c"]), [1, 2, 3]);
  assert.deepEqual(places(["a", "c"]), []);
});

test("the way back restores the order", () => {
  for (const some of [["c"], ["a", "b"], ["a", "c", "e"], ["b", "d", "e"], ["e"]]) {
    const set = new Set(some);
    for (const index of [0, 2, 5]) {
      const there = moved(ids, [{ ids: some, ...anchorOf(ids, set, index) }]);
      assert.equal(moved([...there], wayBack(ids, set)), "abcde", `${some} at ${index}`);
    }
  }
});

test("the page scrolls near the edges alone, faster the nearer", () => {
  assert.equal(scrollStep(400, 56, 900), 0);
  assert.ok(scrollStep(100, 56, 900) < 0);
  assert.ok(scrollStep(60, 56, 900) < scrollStep(100, 56, 900));
  assert.ok(scrollStep(1200, 56, 900) === scrollStep(900, 56, 900));
});
