import assert from "node:assert/strict";
import { test } from "node:test";
import { beginsOf, monthAt, yearsOf } from "../../static/js/date-rail.js";

const months = ["2026-02", "2026-01", "2025-12", "2024-07"];
const begins = beginsOf([10, 30, 40, 20]);

test("a month begins as far down the rail as in the list", () => {
  assert.deepEqual(begins, [0, 0.1, 0.4, 0.8]);
});

test("each point of the rail belongs to a month", () => {
  assert.deepEqual(
    [0, 0.09, 0.1, 0.5, 0.8, 1].map((share) => months[monthAt(begins, share)]),
    ["2026-02", "2026-02", "2026-01", "2025-12", "2024-07", "2024-07"],
  );
});

test("a year is written where it begins, unless it would touch the one before", () => {
  assert.deepEqual(yearsOf(months, begins, 0.1), [
    { year: "2026", begin: 0 },
    { year: "2025", begin: 0.4 },
    { year: "2024", begin: 0.8 },
  ]);
  assert.deepEqual(
    yearsOf(months, begins, 0.5).map(({ year }) => year),
    ["2026", "2024"],
  );
});
