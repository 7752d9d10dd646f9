import assert from "node:assert/strict";
import { test } from "node:test";
import { postJson, runBatch } from "../../static/js/batch.js";

const ids = Array.from({ length: 2500 }, (_, number) => `id-${number}`);

test("many images go in requests of a thousand, in order", async () => {
  const bodies = [];
  const { done, refused } = await runBatch(ids, { action: "rotate", by: 90 }, async (body) => {
    bodies.push(body);
    return { status: 207, body: { results: body.ids.map((id) => ({ id, status: 200 })) } };
  });
  assert.deepEqual(
    bodies.map(({ action, by, ids: some }) => [action, by, some.length, some[0]]),
    [
      ["rotate", 90, 1000, "id-0"],
      ["rotate", 90, 1000, "id-1000"],
      ["rotate", 90, 500, "id-2000"],
    ],
  );
  assert.deepEqual([done, refused], [ids, []]);
});

test("images that are refused and new copies are told apart from those that are done", async () => {
  const post = async () => ({
    status: 207,
    body: {
      results: [
        { id: "a", status: 204 },
        { id: "c", status: 201, image: { id: "copy" } },
        { id: "b", status: 409, problem: { detail: "It is there already." } },
      ],
    },
  });
  assert.deepEqual(await runBatch(["a", "c", "b"], { action: "copy" }, post), {
    done: ["a", "c"],
    refused: [{ id: "b", detail: "It is there already." }],
    created: ["copy"],
  });
});

test("after a request that fails, the rest is not tried", async () => {
  let requests = 0;
  const { done, refused } = await runBatch(ids, { action: "trash" }, async (body) => {
    requests += 1;
    if (requests === 2) return { status: 503, body: { detail: "The disk is full." } };
    return { status: 207, body: { results: body.ids.map((id) => ({ id, status: 204 })) } };
  });
  assert.deepEqual([requests, done.length, refused.length], [2, 1000, 1500]);
  assert.deepEqual(refused[0], { id: "id-1000", detail: "The disk is full." });
});

test("without a connection there is no status", async () => {
  const answer = await postJson("/", {}, "token", () => Promise.reject(new TypeError("Failed to fetch")));
  assert.deepEqual(answer, { status: 0, body: { detail: "The connection was lost. Try again." } });
});

test("a page of a proxy is no JSON", async () => {
  const answer = await postJson("/", {}, "token", async () => new Response("<html>", { status: 502 }));
  assert.deepEqual(answer, { status: 502, body: {} });
});
