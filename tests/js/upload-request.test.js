import assert from "node:assert/strict";
import { test } from "node:test";
import { isReadable, readResponse } from "../../static/js/upload-request.js";
import { detailText } from "../../static/js/upload-texts.js";

function response(status, body, retryAfter = null) {
  const responseText = typeof body === "string" ? body : JSON.stringify(body);
  const headers = { "Retry-After": retryAfter };
  return readResponse({ status, responseText, getResponseHeader: (name) => headers[name] });
}

const said = (...answer) => detailText(response(...answer).detail);

test("201 is a new image, 200 is one that the album has already", () => {
  const outcome = ({ ok, duplicate, id }) => ({ ok, duplicate, id });
  assert.deepEqual(outcome(response(201, { id: "a" })), { ok: true, duplicate: false, id: "a" });
  assert.deepEqual(outcome(response(200, { id: "b" })), { ok: true, duplicate: true, id: "b" });
  assert.equal(response(202, { id: "c" }).ok, false);
});

test("the store's sentence is shown", () => {
  const { ok, status, code, detail } = response(415, { code: "unsupported", title: "No", detail: "No picture." });
  assert.deepEqual(
    { ok, status, code, detail },
    { ok: false, status: 415, code: "unsupported", detail: "No picture." },
  );
});

test("an error of a field is shown where there is no sentence for the whole", () => {
  assert.equal(response(400, { title: "Invalid", errors: { file: ["This is empty."] } }).detail, "This is empty.");
  assert.equal(response(400, { title: "Invalid", errors: {} }).detail, "Invalid");
});

test("the page has its own sentences for an ended login, an old page, a deleted album and a full quota", () => {
  const store = { detail: "Words for programs." };
  assert.match(said(401, store), /^You were signed out\./);
  assert.match(said(403, store), /^This page has been open for too long\./);
  assert.match(said(404, store), /^This album was deleted\./);
  assert.match(said(413, { ...store, code: "quota_exceeded" }), /^There is no room left for this file/);
  assert.equal(response(413, { ...store, code: "file_too_large" }).detail, "Words for programs.");
});

test("a full quota tells how many bytes are left", () => {
  const freeBytes = (used) => response(413, { code: "quota_exceeded", limit: 1000, used }).freeBytes;
  assert.deepEqual([freeBytes(900), freeBytes(1200)], [100, 0]);
  assert.equal(response(413, { code: "file_too_large", limit: 1000 }).freeBytes, undefined);
});

test("a proxy's page of HTML is not shown", () => {
  assert.equal(said(413, "<html>"), "The file is too large for this store. Nothing was stored.");
  for (const body of ["<html>", "", "null"]) {
    assert.equal(said(502, body), "The store could not take it just now. Try again.");
  }
});

test("Retry-After is a number of seconds, 0 without one", () => {
  assert.equal(response(503, {}, "7").retryAfter, 7);
  assert.equal(response(503, {}).retryAfter, 0);
  assert.equal(response(503, {}, "Wed, 21 Oct 2026 07:28:00 GMT").retryAfter, 0);
});

test("a file that the browser cannot read any more is not readable", async () => {
  const gone = { slice: () => ({ arrayBuffer: () => Promise.reject(new Error("NotReadableError")) }) };
  assert.equal(await isReadable(new Blob(["picture"])), true);
  assert.equal(await isReadable(gone), false);
});
